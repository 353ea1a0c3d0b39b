internal import Execution

/// Notices that an input queue gives us nothing although it has messages: somebody else's consumer
/// is the active one. AMQP does not tell who is.
struct ForeignConsumerWatch {
  /// Whether it is so, as far as can be seen.
  private(set) var isSuspected = false
  /// Since when the queue could have delivered, and what had come until then.
  private var since: (time: MonotonicTime, received: UInt64)?

  /// How long a queue may keep its messages to itself, in nanoseconds.
  static let patience: TimeSpan = .seconds(30)

  /// Takes a look at the queue into account.
  ///
  /// - Parameters:
  ///   - readyMessages: how many it could deliver.
  ///   - mayReceive: whether we consume and may have more messages unacknowledged than we have.
  ///   - received: how many messages have come from it so far.
  ///   - now: nanoseconds of a clock that only goes forward.
  /// - Returns: whether `isSuspected` has changed.
  mutating func observe(
    readyMessages: Int, mayReceive: Bool, received: UInt64, at now: MonotonicTime
  ) -> Bool {
    let before = isSuspected
    guard readyMessages > 0, mayReceive, let since, since.received == received else {
      since = readyMessages > 0 && mayReceive ? (now, received) : nil
      isSuspected = false
      return before
    }
    isSuspected = now - since.time >= Self.patience
    return isSuspected != before
  }
}
