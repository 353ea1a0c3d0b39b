package import Execution

/// What a shard sees of its queues from outside, for health and logs.
package struct BrokerWatch: Sendable, Equatable {
  /// Exchanges, queues and bindings that are not as they should be, each with what is wrong.
  package var topologyProblems: [String] = []
  /// When messages were last seen to come into the unrouted queue: monotonic nanoseconds, 0 for
  /// never.
  package var unroutedGrewAt: MonotonicTime = .start
  /// Input queues that have messages and give us none.
  package var foreignQueues: [String] = []

  /// How long what comes into the unrouted queue is a fault, in nanoseconds.
  static let unroutedFault: TimeSpan = .minutes(1)

  /// What is wrong, one line each; none when all is well.
  ///
  /// - Parameter now: monotonic nanoseconds.
  func faults(at now: MonotonicTime) -> [String] {
    var faults = topologyProblems.map { "topology: \($0)" }
    if unroutedGrewAt > .start, now - unroutedGrewAt < Self.unroutedFault {
      faults.append(
        "unrouted: messages come in that no queue takes: a binding or an input queue is missing")
    }
    faults += foreignQueues.map {
      "\($0): has messages and gives us none: another consumer is probably the active one"
    }
    return faults
  }
}
