/// What has become of an event. Raw values stand in the event log and never change.
package enum Status: UInt8, Sendable, CaseIterable {
  /// Accepted and durable, no delivery confirmed yet.
  case pending = 1
  /// A template is linked and the broker has confirmed the delivery.
  case pendingDelivery = 2
  /// The delivery engine's word: handed over.
  case sent = 3
  /// The delivery engine's word: not sent, on purpose.
  case ignored = 4
  /// The delivery engine's word: not sent, or bounced afterwards.
  case deliveryFailed = 5
  /// No template matches, or it cannot be rendered for this event.
  case notCovered = 6
  /// Its expiration passed, or the last try was used up.
  case expired = 7

  /// As it stands in messages.
  package var wireName: StaticString {
    switch self {
    case .pending: "pending"
    case .pendingDelivery: "pending-delivery"
    case .sent: "sent"
    case .ignored: "ignored"
    case .deliveryFailed: "delivery-failed"
    case .notCovered: "not-covered"
    case .expired: "expired"
    }
  }

  /// As Adobe Campaign calls it.
  package var adobeName: StaticString {
    switch self {
    case .pending: "Pending"
    case .pendingDelivery: "Pending delivery"
    case .sent: "Sent"
    case .ignored: "Ignored by the delivery"
    case .deliveryFailed: "Delivery error"
    case .notCovered: "Event not covered"
    case .expired: "Event expired"
    }
  }

  /// Nil of any other name.
  package init?(wireName: String) {
    guard let status = Self.allCases.first(where: { "\($0.wireName)" == wireName }) else {
      return nil
    }
    self = status
  }

  /// Whether nothing more is to be done for the event by itself.
  package var isFinal: Bool {
    switch self {
    case .pending, .pendingDelivery: false
    case .sent, .ignored, .deliveryFailed, .notCovered, .expired: true
    }
  }

  /// Whether an event ended so without success, and is redriven when a person asks for it.
  package var isRedrivable: Bool {
    switch self {
    case .deliveryFailed, .notCovered, .expired: true
    case .pending, .pendingDelivery, .sent, .ignored: false
    }
  }

  /// Whether a delivery log can say this.
  package var isOutcome: Bool {
    switch self {
    case .sent, .ignored, .deliveryFailed: true
    case .pending, .pendingDelivery, .notCovered, .expired: false
    }
  }

  /// The legal moves of an event.
  ///
  /// A pending event moves to pending for its next try. Going back to pending from a final status
  /// is a redrive or a resend by a person, or the template's fallback channel after a failed
  /// delivery.
  package func canMove(to next: Status) -> Bool {
    switch (self, next) {
    case (.pending, .pending), (.pending, .pendingDelivery), (.pending, .notCovered),
      (.pending, .expired):
      true
    case (.pendingDelivery, .expired):
      true
    case (.deliveryFailed, .pending), (.notCovered, .pending), (.expired, .pending),
      (.sent, .pending), (.ignored, .pending):
      true
    case (.pending, _), (.pendingDelivery, _), (.expired, _):
      next.isOutcome
    case (.sent, _), (.ignored, _), (.deliveryFailed, _):
      next.isOutcome && next != self
    case (.notCovered, _):
      false
    }
  }
}
