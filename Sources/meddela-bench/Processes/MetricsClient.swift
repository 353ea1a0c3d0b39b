internal import Glibc

/// `/metrics` of the service, over one connection that stays open.
final class MetricsClient: @unchecked Sendable {
  // Sendable because one caller at a time reads: whoever asks waits for the answer.
  private let port: UInt16
  private var descriptor: Int32 = -1

  init(port: UInt16) {
    self.port = port
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// The numbers by name, without `meddela_`. Nil while the service does not answer.
  func read() -> Metrics? {
    if descriptor < 0 { connect() }
    guard descriptor >= 0 else { return nil }
    if let text = request() { return Metrics(text) }
    close(descriptor)
    descriptor = -1
    return nil
  }

  private func connect() {
    let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard made >= 0 else { return }
    var address = Self.loopback(port)
    let code = withUnsafeBytes(of: &address) { bytes in
      Glibc.connect(
        made, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    if code == 0 { descriptor = made } else { close(made) }
  }

  private func request() -> String? {
    let text = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    guard send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else {
      return nil
    }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 16_384)
    while true {
      var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 5_000) == 1 else { return nil }
      let count = recv(descriptor, &part, part.count, 0)
      guard count > 0 else { return nil }
      bytes.append(contentsOf: part[..<count])
      let answer = String(decoding: bytes, as: UTF8.self)
      guard let head = answer.firstRange(of: "\r\n\r\n") else { continue }
      let body = answer[head.upperBound...]
      let length = answer[..<head.lowerBound].split(separator: "\r\n").lazy
        .filter { $0.lowercased().hasPrefix("content-length:") }
        .compactMap { Int($0.dropFirst(15).filter { $0 != " " }) }.first
      guard let length, body.utf8.count >= length else { continue }
      return String(body)
    }
  }

  /// A port that nobody listens on now.
  static func freePort() throws -> UInt16 {
    let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(made) }
    var address = loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutableBytes(of: &address) { bytes in
      let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
      return bind(made, pointer, size) | getsockname(made, pointer, &size)
    }
    guard code == 0 else { throw BenchFailure("no free port: \(lastError())") }
    return UInt16(bigEndian: address.sin_port)
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}

/// One reading of the service's counters; of one with labels the sum.
struct Metrics: Sendable {
  private var values: [Substring: Int] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") where line.hasPrefix("meddela_") {
      let name = line.dropFirst(8).prefix { $0 != "{" && $0 != " " }
      guard let space = line.lastIndex(of: " ") else { continue }
      guard let value = Int(line[line.index(after: space)...]) else { continue }
      values[name, default: 0] += value
    }
  }

  subscript(_ name: String) -> Int { values[name[...]] ?? 0 }

  /// What tells how far the service got.
  var summary: String {
    ["messages_total", "settled_total", "status_confirmed_total", "outbox_backlog"]
      .map { "\($0) \(self[$0])" }.joined(separator: ", ")
  }

  /// Every record is on disk.
  var isDurable: Bool { self["log_durable_lsn"] + 1 == self["log_next_lsn"] }

  /// Every status update that was published is confirmed, and none waits.
  var isOutboxEmpty: Bool {
    self["outbox_backlog"] == 0 && self["status_published_total"] == self["status_confirmed_total"]
  }
}
