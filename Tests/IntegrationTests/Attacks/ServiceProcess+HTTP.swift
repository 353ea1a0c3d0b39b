import Foundation
import FoundationNetworking
import Glibc

/// A loopback port that nobody listens on.
enum FreePort {
  static func find() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else { throw Timeout(what: "a port is free") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

extension ServiceProcess {
  /// What it answers to a GET; code 0 while nobody answers.
  func get(_ path: String) async -> (code: Int, text: String) {
    guard let url = URL(string: "http://127.0.0.1:\(httpPort)/\(path)"),
      let (data, response) = try? await URLSession.shared.data(from: url)
    else { return (0, "") }
    let code = (response as? HTTPURLResponse)?.statusCode ?? 0
    return (code, String(decoding: data, as: UTF8.self))
  }

  /// The sum of a metric's samples, whatever their labels; nil when it has none.
  func metric(_ name: String) async -> Double? {
    let samples = await get("metrics").text.split(separator: "\n").filter {
      $0.hasPrefix(name + "{") || $0.hasPrefix(name + " ")
    }
    let values = samples.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
    return values.isEmpty ? nil : values.reduce(0, +)
  }

  /// The most memory that the running process has had, in MiB.
  var peakMiB: Int {
    let path = "/proc/\(process?.processIdentifier ?? 0)/status"
    let status = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
  }

  /// Ends it as an operator does and says how long that took.
  func stopTimed() async throws -> (code: Int32, seconds: Double) {
    let begin = Date()
    let code = try await stop()
    return (code, Date().timeIntervalSince(begin))
  }
}
