/// What a record of the event log is about (the `kind` byte of its header).
package enum RecordKind: UInt8, Sendable {
  /// An event was accepted: its first transition, with its body.
  case accepted = 1
  /// A later transition of an event.
  case transition = 2
  /// A delivery log that changed no status: kept, with the state as it was.
  case evidence = 3
  /// How far the shard's cursors have come, and its totals: see `PositionRecord`.
  case position = 4
  /// The delivery of a `pending-delivery` event was published again because no log came, or is to
  /// be (then `dueAt` says when): no transition.
  case republished = 5
  /// An open event as it stands, with its body: no record before it is needed any more.
  case carried = 6
  /// A copy for the parked queue that the broker did not take in time: see `ParkedRecord`.
  case parked = 7
  /// The broker has taken it.
  case unparked = 8
  /// A cancel of an event that has not come: see `CancelRecord`.
  case cancelRequested = 9

  /// Whether the record belongs to an event and is found by its id.
  package var isOfEvent: Bool {
    switch self {
    case .accepted, .transition, .evidence, .republished, .carried: true
    case .position, .parked, .unparked, .cancelRequested: false
    }
  }

  /// Whether the record is found as an event's is, and is of no event's history.
  package var isAside: Bool { isOfParkedCopy || self == .cancelRequested }

  /// Whether the record is about a copy for the parked queue, and is found as an event's is.
  package var isOfParkedCopy: Bool { self == .parked || self == .unparked }

  /// Whether the record moves its event: those that do not keep its status and sequence.
  package var isTransition: Bool { self == .accepted || self == .transition }
}
