package import LogSequence
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
  package var bodyLSN: LSN
  package var acceptedAt: Timestamp
  /// When delivering was first due: at acceptance, or at the schedule. Giving up counts from it.
  package var startedAt: Timestamp
  /// When a pending event is next looked at: its schedule or its next try. Zero: at once.
  /// Of another status: that something is still to be done, and when. A `pending-delivery` event
  /// waits for its delivery to be published again, a `delivery-failed` one for its fallback.
  package var dueAt: Timestamp
  /// Zero: none.
  package var expiration: Timestamp
  /// When the delivery log that this attempt's status was copied from counts as having occurred:
  /// its `occurredAt`, unless that lay in the future when it came. Zero: none.
  package var logOccurredAt: Timestamp
  package var futureLogs = FutureLogs()
  /// How often this attempt's delivery was published again because no log came.
  package var logTimeouts: UInt8
  /// Whether it was cancelled in this attempt: no fallback follows, whatever a log says. Of a
  /// pending event: it was cancelled before it came, and is to be ignored.
  package var isCancelled: Bool

  package init(lane: Lane, acceptedAt: Timestamp, bodyLSN: LSN) {
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
    logTimeouts = 0
    isCancelled = false
  }

  func hasExpired(at now: Timestamp) -> Bool { !expiration.isNone && expiration <= now }

  /// When an event that no queue takes has had its last try.
  func givesUpAt(after seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: startedAt.nanoseconds + seconds * 1_000_000_000)
  }

  /// The next try comes after a pause, in nanoseconds. The record that says so.
  mutating func retry(after pause: Int64, failures: Int, at now: Timestamp) -> RecordKind {
    assert(pause >= 0, "a pause is no time travel")
    // A start that an earlier life took from a clock ahead of this one: it would never give up.
    if startedAt > now { startedAt = now }
    errorCount = UInt16(clamping: failures)
    let isTransition = status != .pendingDelivery
    if isTransition { move(to: .pending) }
    dueAt = Timestamp(nanoseconds: now.nanoseconds + pause)
    return isTransition ? .transition : .republished
  }

  /// Its delivery, unanswered for too long, is published once more: the broker may take its time
  /// with it again.
  mutating func beginRepublishing(at now: Timestamp) {
    assert(status == .pendingDelivery, "only what was delivered is published again")
    startedAt = now
    errorCount = 0
  }

  /// The broker has the delivery once more: the log's time begins again.
  mutating func wasRepublished() {
    assert(status == .pendingDelivery, "only what was delivered is published again")
    dueAt = .none
    errorCount = 0
    logTimeouts &+= 1
  }

  /// The next transition of the same attempt.
  mutating func move(to next: Status) {
    assert(sequence > 0, "transitions count from 1")
    previousStatus = status
    status = next
    sequence += 1
    if next != .pending { dueAt = .none }
  }
}

extension EventState {
  /// The first transition of the next attempt: everything that belongs to one attempt is new.
  mutating func begin(attempt next: UInt16, at time: Timestamp) {
    assert(next > attempt, "attempts only grow")
    move(to: .pending)
    attempt = next
    errorCount = 0
    startedAt = time
    dueAt = .none
    logOccurredAt = .none
    futureLogs = FutureLogs()
    logTimeouts = 0
    isCancelled = false
  }

  /// What a time that the event is due at stands for.
  enum Wait: UInt8 {
    /// A moment that its producer chose.
    case schedule
    /// The end of a wait after a refusal.
    case retry
    /// Only that it is to go on as soon as there is room and its lane's rate lets it.
    case turn
  }

  var wait: Wait {
    if status == .deliveryFailed { return .turn }
    if errorCount > 0 { return .retry }
    return status == .pending && attempt == 1 && dueAt > acceptedAt ? .schedule : .turn
  }

  /// Pending, and for nothing but its delivery: at rest only before recovery has come to it.
  var isToBeDelivered: Bool { status == .pending && dueAt.isNone }

  /// The wall clock was put forward by so many nanoseconds: what counts a duration moves with it.
  mutating func clockWasSet(by nanoseconds: Int64) {
    guard wait != .schedule else { return }
    startedAt = startedAt.adding(nanoseconds)
    if wait == .retry, !dueAt.isNone { dueAt = dueAt.adding(nanoseconds) }
  }

  /// Whether a timer is to wake the event: it waits for its time, or is to be published again.
  var isTimed: Bool {
    switch status {
    case .pending, .pendingDelivery: !dueAt.isNone
    case .sent, .ignored, .deliveryFailed, .notCovered, .expired: false
    }
  }

  /// Whether the event is moved on by us, now or when its time comes, and not from outside.
  package var isDriven: Bool { status == .pending || !dueAt.isNone }

  /// Whether nothing is to be done for the event any more by itself.
  package var isFinal: Bool { status.isFinal && dueAt.isNone }
}

extension Timestamp {
  /// What stands for "no time" in a record.
  static let none = Timestamp(nanoseconds: 0)
  package var isNone: Bool { nanoseconds == 0 }
}
