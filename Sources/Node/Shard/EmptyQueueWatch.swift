internal import Execution

/// Finds out that everything a queue held at some time after a start has reached us.
///
/// A queue that was seen empty had delivered all, and some of it may have been on its way. So it
/// counts a second later, if the consumer was the same all the while.
struct EmptyQueueWatch {
  private var isWanted = true
  private var seenEmptyAt: MonotonicTime?

  /// Between two looks, in nanoseconds.
  static let interval: TimeSpan = .seconds(1)

  /// The consumer is lost: what was delivered and not acknowledged goes back to the queue.
  mutating func consumerLost() {
    isWanted = true
    seenEmptyAt = nil
  }

  /// Whether the queue is to be looked at.
  ///
  /// - Parameter isReading: whether the queue is consumed from, and what comes is read.
  mutating func wantsLook(isReading: Bool) -> Bool {
    if !isReading { seenEmptyAt = nil }
    return isWanted && isReading
  }

  /// The answer of a look.
  ///
  /// - Returns: whether everything has reached us: said once.
  mutating func looked(readyMessages: Int, at now: MonotonicTime) -> Bool {
    guard isWanted else { return false }
    if let seenEmptyAt, now - seenEmptyAt >= Self.interval {
      isWanted = false
      return true
    }
    if seenEmptyAt == nil, readyMessages == 0 { seenEmptyAt = now }
    return false
  }
}
