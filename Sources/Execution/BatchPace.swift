/// The rate of the batch lane's deliveries: one every so many nanoseconds, with a short burst
/// after a pause so that turns may be some time apart.
struct BatchPace {
  /// Zero: no limit.
  private let interval: UInt64
  /// When the next delivery may leave, monotonic.
  private var nextAt: UInt64 = 0

  init(perSecond: Int) {
    interval = perSecond > 0 ? max(1, 1_000_000_000 / UInt64(perSecond)) : 0
  }

  var isLimited: Bool { interval > 0 }

  func mayTake(at now: UInt64) -> Bool { nextAt <= now }

  /// Takes a turn, which must be there to take.
  mutating func take(at now: UInt64) {
    let earliest = now > EngineLimits.paceBurst ? now - EngineLimits.paceBurst : 0
    nextAt = max(nextAt, earliest) + interval
  }
}
