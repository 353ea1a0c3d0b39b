import Foundation
import Testing

/// Needs no broker.
@Suite("Where output goes, and what input is", .timeLimit(.minutes(5)))
struct OutputTests {
  private func service() throws -> ServiceProcess {
    try ServiceProcess(brokerURL: "amqp://127.0.0.1:1")
  }

  @Test func `Output that cannot be written ends the command with a word`() throws {
    let service = try service()
    let (full, _, noSpace) = try service.shell("$meddela config show >/dev/full")
    #expect(full == 74 && noSpace.contains("No space left on device"), "\(noSpace)")
    let (closed, _, none) = try service.shell("$meddela config show >&-")
    #expect(closed == 74 && none.contains("standard output"), "\(none)")
    let (_, gone, _) = try service.shell(
      "{ sleep 0.5; $meddela config show 2>err; echo $? >code; } | true; cat code err")
    #expect(gone.hasPrefix("74\n") && gone.contains("its reader has closed it"), "\(gone)")
    // Descriptors that are closed at the start are never a file or a socket of ours.
    let (code, _, _) = try service.shell("$meddela config show >&- 2>&- <&-")
    #expect(code == 74)
  }

  @Test(.timeLimit(.minutes(1)))
  func `A file without an end is refused wherever a file is read`() throws {
    let service = try service()
    let cases: [([String], Int32)] = [
      (["publish", "/dev/zero"], 65), (["publish", "--raw", "/dev/zero"], 65),
      (["templates", "match", "/dev/zero"], 65), (["config", "show", "--config", "/dev/zero"], 78),
    ]
    for (arguments, expected) in cases {
      let (code, _, err) = try service.run(arguments)
      #expect(code == expected && !err.isEmpty, "\(arguments): \(err)")
    }
    let (code, _, err) = try service.shell("$meddela publish - </dev/zero")
    #expect(code == 65 && err.contains("no end"), "\(err)")
  }

  @Test func `A broker that is not there, or says nothing, is told within the time limit`() throws {
    let service = try service()
    let path = try service.file("one.json", TestEvents.body("one"))
    let silent = try SilentServer()
    let urls = ["amqp://127.0.0.1:1", "amqp://127.0.0.1:\(silent.port)"]
    let commands = [
      ["publish", path], ["watch"], ["deliver"], ["topology", "verify"], ["topology", "apply"],
      ["parked", "list"], ["unrouted", "list"], ["unrouted", "discard", "--all"],
    ]
    for url in urls {
      for command in commands {
        let start = Date()
        let (code, _, err) = try service.run(
          command + ["--timeout", "1"], ["MEDDELA_BROKER_URLS": url])
        #expect(code == 69 && err.contains("127.0.0.1"), "\(command): \(code) \(err)")
        #expect(Date().timeIntervalSince(start) < 20, "\(command)")
      }
    }
  }
}

/// Takes connections and says nothing.
final class SilentServer {
  let port: Int
  private let descriptor: Int32

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard bound else { throw Timeout(what: "a port is free") }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
