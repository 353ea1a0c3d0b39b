/// The time to wait before the next attempt: exponential with full jitter, so that the clients of
/// a broker that comes back do not all come at once.
struct ReconnectBackoff {
  private(set) var attempts = 0

  /// - Parameter random: from 0 up to, not including, 1.
  mutating func nextDelaySeconds(random: Double) -> Double {
    let doubled = AMQPLimits.backoffMinimumSeconds * Double(UInt64(1) << UInt64(min(attempts, 20)))
    attempts += 1
    return min(doubled, AMQPLimits.backoffMaximumSeconds) * random
  }

  mutating func reset() {
    attempts = 0
  }
}
