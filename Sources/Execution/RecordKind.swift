/// What a record of the event log is about (the `kind` byte of its header).
package enum RecordKind: UInt8, Sendable {
  /// An event was accepted: its first transition, with its body.
  case accepted = 1
  /// A later transition of an event.
  case transition = 2
  /// A delivery log that changed no status: kept, with the state as it was.
  case evidence = 3
  /// How far the status updates are published and confirmed: the body is an LSN.
  case outboxPosition = 4
  /// An open event as it stands, with its body: no record before it is needed any more.
  case carried = 5

  /// Whether the record belongs to an event and is found by its id.
  package var isOfEvent: Bool { self != .outboxPosition }
}
