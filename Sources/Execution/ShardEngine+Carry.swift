import Messages

// Retention: an open event whose first records are about to be removed is written again.
extension ShardEngine {
  /// The event log would remove the segment that holds early records of this event: appends a
  /// record with all that is needed of it, if this one is still its newest and it is still open.
  /// What cannot be done now is asked for again.
  package func carry(lsn: UInt64, key: EventKey, at instant: Instant) {
    advance(to: instant)
    guard isRecovered, !isDraining, lookup.isNewest(lsn, of: key) else { return }
    if carryParked(key, lsn: lsn) { return }
    guard eventSlots[key] != nil || background.hasRoom else { return }
    begin(.carry, key, lsn: lsn)
  }

  /// The same of an event that is final and has not been for long: its newest record is `lsn`, by
  /// what the log knew when it asked. The log's memory may not know the event, so it is looked up.
  package func carry(finalID id: [UInt8], lsn: UInt64, at instant: Instant) {
    advance(to: instant)
    guard isRecovered, !isDraining else { return }
    let key = id.withUnsafeBytes { lookup.key(of: $0) }
    guard !parking.log.isOfCopy(key), eventSlots[key] == nil, background.hasRoom,
      lookup.mayContain(key)
    else { return }
    let event = insertEvent(ActiveEvent(key: key, loadingFor: .carryFinal(lsn: lsn)))
    moveToBackground(event)
    read(.newest(id: id), for: event)
  }

  /// The event log would remove the record with the outbox position that is at this LSN: notes
  /// it again, if there is no newer one.
  package func carryPosition(lsn: UInt64, at instant: Instant) {
    advance(to: instant)
    guard isRecovered, !isDraining, ledger.isComplete, lsn >= positions.lastLSN else { return }
    appendPosition(max(positions.outbox, outbox.position(durable: durableLSN)))
  }

  /// The oldest record that may still be asked for: those that the outbox, the log watch or the
  /// totals have not passed, and the bodies of events that are being worked on. An event whose
  /// state is still being read is not among them: if its body is gone when it is asked for, the
  /// event is unknown.
  package var keepFrom: UInt64 {
    guard isRecovered else { return 0 }
    var oldest = min(oldestNeededLSN, ledger.firstUncounted ?? .max)
    events.forEach { event in
      guard !event.isLoading, event.state.bodyLSN > 0 else { return }
      oldest = min(oldest, event.state.bodyLSN)
    }
    return oldest
  }

  /// A final event needs no carrying; one whose newest record is not durable yet may still become
  /// final, and what is appended stands behind that record all the same.
  func handleCarry(_ event: Int32) {
    guard !events[event].state.isFinal else { return }
    guard needsBody(event, for: .carry) else { return }
    events[event].state.bodyLSN = nextLSN
    append(.carried, event)
    counters.carried += 1
    // A timer names the event's newest record.
    guard events[event].isAtRest else { return }
    if events[event].state.isTimed { addTimer(event) }
    // A timer that is due at once must find the event here: the log does not know the record yet.
    awaitDurable(event, then: .settle)
  }

  func handleCarryFinal(_ event: Int32, lsn: UInt64) {
    guard events[event].state.isFinal, events[event].lastLSN == lsn,
      needsBody(event, for: .carryFinal(lsn: lsn))
    else { return }
    events[event].state.bodyLSN = nextLSN
    append(.carried, event)
    counters.carried += 1
    awaitDurable(event, then: .settle)
  }
}
