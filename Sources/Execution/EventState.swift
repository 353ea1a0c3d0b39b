package import Messages

/// What changes in an event's life, as its newest record holds it.
package struct EventState: Sendable, Equatable {
  package var lane: Lane
  package var status: Status
  /// Nil for the first transition.
  package var previousStatus: Status?
  /// 1, 2, ... for each transition of the event.
  package var sequence: UInt32
  /// From 1; the last part of the delivery id.
  package var attempt: UInt16
  /// How often this attempt's delivery was refused by the broker.
  package var errorCount: UInt16
  /// The LSN of the record that holds the event's body.
  package var bodyLSN: UInt64
  package var acceptedAt: Timestamp
  /// When delivering was first due: at acceptance, or at the schedule. Giving up counts from it.
  package var startedAt: Timestamp
  /// When a pending event is next looked at: its schedule or its next try. Zero: at once.
  package var dueAt: Timestamp
  /// Zero: none.
  package var expiration: Timestamp
  /// `occurredAt` of the delivery log that this attempt's status was copied from. Zero: none.
  package var logOccurredAt: Timestamp

  package init(lane: Lane, acceptedAt: Timestamp, bodyLSN: UInt64) {
    self.lane = lane
    status = .pending
    previousStatus = nil
    sequence = 1
    attempt = 1
    errorCount = 0
    self.bodyLSN = bodyLSN
    self.acceptedAt = acceptedAt
    startedAt = acceptedAt
    dueAt = .none
    expiration = .none
    logOccurredAt = .none
  }

  /// The next transition of the same attempt.
  mutating func move(to next: Status) {
    previousStatus = status
    status = next
    sequence += 1
    if next != .pending { dueAt = .none }
  }
}

extension Timestamp {
  /// What stands for "no time" in a record.
  static let none = Timestamp(nanoseconds: 0)
  var isNone: Bool { nanoseconds == 0 }
}
