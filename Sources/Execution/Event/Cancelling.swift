package import Messages

/// What has become of a cancel.
package enum CancelOutcome: Sendable, Equatable {
  /// Nothing more of the event goes out, and that is durable. It is `ignored`, or `delivery-failed`
  /// where only its fallback was still to come.
  ///
  /// `isRepeated`: it had been cancelled before.
  case cancelled(Status, isRepeated: Bool)
  /// No such event has come yet: it is cancelled when it comes, and that is durable.
  ///
  /// `isRepeated`: that was known already.
  case remembered(isRepeated: Bool)
  /// Its delivery is out or on its way, or the event is final: nothing has changed.
  case tooLate(Status)
  /// The engine is stopping, or too many cancels wait already. Only of one that a person asked for.
  case unavailable
}

/// The answer to one cancel that a person asked for, by the caller's token.
package struct CancelAnswer: Sendable, Equatable {
  package var token: UInt64
  package var outcome: CancelOutcome
}

/// Who waits for what comes of a cancel.
enum CancelSource {
  /// The message that it came in: it is to be settled, and may want a receipt.
  case message(MessageSlot)
  /// A person, by the caller's token.
  case order(UInt64)
}

/// A cancel that a person has asked for and that has not begun.
struct CancelOrder {
  var id: [UInt8]
  var token: UInt64
}

extension CancelOutcome {
  /// Why a cancel came to what it did, for its receipt.
  package var reason: (code: ReasonCode, text: String)? {
    switch self {
    case .cancelled(.deliveryFailed, _): (.cancelled, "no fallback channel is tried")
    case .cancelled: (.cancelled, "nothing of the event goes out")
    case .remembered:
      (.cancelRemembered, "no such event has come yet: it is cancelled when it comes")
    case .tooLate(.pending): (.deliveryPublished, "its delivery is on its way to the broker")
    case .tooLate(.pendingDelivery): (.deliveryPublished, "its delivery is out")
    case .tooLate(let status): (.alreadyFinal, "the event is \(status.wireName)")
    case .unavailable: nil
    }
  }
}
