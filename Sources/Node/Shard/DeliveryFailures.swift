internal import AMQP

/// How soon a consumer comes back whose connection ends by what is delivered on it: the broker
/// fails at a message that it cannot deliver (541), or sends what nobody can read.
///
/// Each time counts towards the delivery limit of what was out, which with a prefetch of one is
/// that message alone. So the consumer comes back at once until the broker has parked it.
struct DeliveryFailures {
  private(set) var inARow = 0

  /// More than the delivery limit of the input queues, which is 20.
  static let immediateRetries = 25
  private static let quickRetries = 1_000
  private static let quickRetrySeconds = 0.25

  /// Whether an error of a consuming connection may come from what was delivered on it.
  static func mayExplain(_ error: AMQPError) -> Bool {
    switch error.code {
    case .brokerError, .malformedFrame, .unexpectedFrame, .contentTooLarge: true
    default: false
    }
  }

  /// It has happened once more.
  ///
  /// - Returns: when to connect again; nil leaves it to the connection's backoff.
  mutating func next() -> Double? {
    inARow += 1
    if inARow <= Self.immediateRetries { return 0 }
    return inARow <= Self.immediateRetries + Self.quickRetries ? Self.quickRetrySeconds : nil
  }

  /// A message got through.
  @inline(__always)
  mutating func messageSettled() {
    if inARow > 0 { inARow = 0 }
  }
}
