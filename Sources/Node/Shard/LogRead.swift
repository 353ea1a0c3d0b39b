/// What a read of the event log is for. As a token it goes with the question and comes back in the
/// answer.
enum LogRead: Equatable {
  /// The engine's own token of an event that waits.
  case event(UInt64)
  /// Records that are published again after a start.
  case publishes
  /// Deliveries whose logs are due.
  case logTimeouts
  /// Events to count again.
  case totals

  /// The engine's tokens name a slot below 2^31; these are none of them.
  var token: UInt64 {
    switch self {
    case .event(let token): token
    case .publishes: .max
    case .logTimeouts: .max - 1
    case .totals: .max - 2
    }
  }

  init(token: UInt64) {
    switch token {
    case .max: self = .publishes
    case .max - 1: self = .logTimeouts
    case .max - 2: self = .totals
    default: self = .event(token)
    }
  }
}
