internal import AMQP
internal import Node

// Waiting for exchanges and queues that the service has yet to make.
extension CommandBroker {
  /// Something that a command needs and does not make.
  enum Needed {
    case exchange(String)
    case queue(String)

    var name: String {
      switch self {
      case .exchange(let name): "exchange \(name)"
      case .queue(let name): "queue \(name)"
      }
    }

    fileprivate var assertion: TopologyOperation {
      switch self {
      case .exchange(let name): .assertExchange(name: name)
      case .queue(let name): .assertQueue(name: name)
      }
    }
  }

  /// Waits until it is there, and says so when that takes longer than a moment.
  ///
  /// - Parameters:
  ///   - seconds: how long at most; nil: until it comes.
  ///   - hint: what may be the reason, for people.
  /// - Returns: whether it had to be waited for.
  /// - Throws: when it does not come in time, or the broker does not let us look.
  @discardableResult
  func wait(for needed: Needed, atMost seconds: Double?, hint: String) async throws -> Bool {
    let started = Terminal.seconds
    var isSaid = false
    var pause = 0.05
    while true {
      do {
        try await client.perform([needed.assertion])
        if isSaid { warn("the \(needed.name) is there") }
        return pause > 0.05
      } catch {
        // Without a connection for a moment: the client makes another.
        guard error.code == .notFound || error.code == .notReady else { throw error }
      }
      let waited = Terminal.seconds - started
      if let seconds, waited >= seconds {
        throw CommandFailure(
          "there is no \(needed.name), after \(seconds) s: \(hint)", .configuration)
      }
      if !isSaid, waited >= 1 {
        isSaid = true
        let limit = seconds.map { ", for \($0) s at most" } ?? ""
        warn("waiting for the \(needed.name)\(limit): \(hint)")
      }
      try await Task.sleep(for: .seconds(min(pause, max(0.05, (seconds ?? .infinity) - waited))))
      // Each look that finds nothing is a line in the broker's log.
      pause = min(pause * 1.5, waited < 15 ? 0.25 : 2)
    }
  }

  static let notYet = "the service has not started yet, or topology.prefix is another"
}
