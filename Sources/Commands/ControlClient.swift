internal import Glibc
internal import JSON
internal import Messages
internal import Node

/// A connection to the control socket of a running service, for one shard.
final class ControlClient {
  private let descriptor: Int32
  private let timeoutSeconds: Double
  private var received: [UInt8] = []

  /// - Throws: when no service listens there.
  init(
    _ node: NodeConfiguration, _ shard: ShardNumber, timeoutSeconds: Double
  ) throws(CommandFailure) {
    self.timeoutSeconds = timeoutSeconds
    let path = ControlProtocol.path(store: node.storePath, shard: shard)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let isShort = withUnsafeMutableBytes(of: &address.sun_path) { place -> Bool in
      guard path.utf8.count < place.count else { return false }
      place.copyBytes(from: path.utf8)
      return true
    }
    guard isShort else {
      throw CommandFailure(
        "the path \(path) is too long for a socket; use a shorter store.path", .configuration)
    }
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let whole = timeoutSeconds.rounded(.down)
    var limit = timeval(
      tv_sec: Int(whole), tv_usec: Int((timeoutSeconds - whole) * 1_000_000))
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(
        descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isConnected else {
      let reason = String(cString: strerror(errno))
      Glibc.close(descriptor)
      throw CommandFailure(
        "no service listens at \(path) (\(reason)); this needs the running service",
        .unavailable)
    }
  }

  deinit {
    Glibc.close(descriptor)
  }

  /// Asks for another attempt of an event and waits for the answer.
  ///
  /// - Parameter sequence: of the event's newest transition as the caller saw it; 0: any.
  func redrive(_ id: String, sequence: Int) throws(CommandFailure) -> ControlAnswer {
    try ask("redrive", id, sequence)
  }

  /// Asks for the same delivery once more; otherwise as `redrive`.
  func resend(_ id: String, sequence: Int) throws(CommandFailure) -> ControlAnswer {
    try ask("resend", id, sequence)
  }

  /// Has the service put into its log that something sensitive was revealed.
  ///
  /// - Throws: also when the service does not say that it has.
  func note(_ notice: RevealNotice) throws(CommandFailure) {
    try send(notice.request)
    guard try receiveLine() + [0x0A] == RevealNotice.answer else {
      throw CommandFailure("the service does not know the request", .unavailable)
    }
  }

  /// Asks that nothing more of an event go out, and waits for the answer.
  func cancel(_ id: String) throws(CommandFailure) -> ControlAnswer {
    try ask("cancel", id, 0)
  }

  private func ask(
    _ command: String, _ id: String, _ sequence: Int
  ) throws(CommandFailure) -> ControlAnswer {
    var request = JSONObjectText()
    request.add("command", command)
    request.add("eventId", id)
    request.add("sequence", sequence)
    try send(Array(request.text.utf8) + [0x0A])
    let line = try receiveLine()
    let text = String(decoding: line, as: UTF8.self)
    let answer = try? JSONParser().withDocument(line) { root in
      ControlAnswer(
        line: text,
        outcome: root["outcome"]?.asString?.string ?? root["error"]?.asString?.string ?? "error",
        status: root["status"]?.asString?.string)
    }
    return answer ?? ControlAnswer(line: text, outcome: "error")
  }

  private func send(_ bytes: [UInt8]) throws(CommandFailure) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { bytes -> Int in
        write(descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
      }
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN { throw silence() }
        throw CommandFailure("the service has closed the control socket", .unavailable)
      }
      sent += count
    }
  }

  private func receiveLine() throws(CommandFailure) -> [UInt8] {
    while true {
      if let end = received.firstIndex(of: 0x0A) {
        let line = Array(received[..<end])
        received.removeFirst(end + 1)
        return line
      }
      var buffer = [UInt8](repeating: 0, count: 4_096)
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else {
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN { throw silence() }
        throw CommandFailure(
          "the service has closed the control socket; what it did is in events show",
          .unavailable)
      }
      received += buffer[..<count]
    }
  }

  private func silence() -> CommandFailure {
    CommandFailure(
      """
      the service has not answered within \(timeoutSeconds) s (--timeout); what it did is in \
      events show
      """, .unavailable)
  }
}
