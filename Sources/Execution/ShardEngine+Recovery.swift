import DequeModule
import Messages

// What the log says at start. Between `recover` of every record and `startRecovered` nothing
// else is asked of the engine.
extension ShardEngine {
  /// Takes in one record of the log, in LSN order.
  package func recover(
    lsn: UInt64, kind: UInt8, key: EventKey, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    if lsn != nextLSN { ledger.skipped(after: positions.lastLSN, to: lsn) }
    nextLSN = lsn + 1
    durableLSN = lsn
    guard let kind = RecordKind(rawValue: kind) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    if kind.isOfParkedCopy { return try recoverParked(kind, lsn, key, payload) }
    // It is looked up when something comes for its id.
    if kind == .cancelRequested { return }
    guard kind.isOfEvent else {
      guard let position = PositionRecord(payload) else {
        throw EngineError.unreadableRecord(lsn: lsn)
      }
      positions.recovered(position, lsn: lsn)
      ledger.takeOver(position.totals, lsn: lsn)
      return
    }
    guard let record = RecordPayload(payload) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    let state = record.state
    ledger.count(kind, state)
    let isPaced = pacing.isLimited && state.lane == .batch && !state.dueAt.isNone
    let open = Recovery.Found(
      lsn: lsn, dueAt: state.dueAt, expiration: state.expiration, wait: state.wait,
      isPaced: isPaced)
    recovery.found(key, state.isDriven ? open : nil)
  }

  private func recoverParked(
    _ kind: RecordKind, _ lsn: UInt64, _ key: EventKey, _ payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard kind == .parked else { return parking.log.forget(key, lsn: lsn) }
    guard let record = ParkedRecord(payload) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    parking.log.recover(
      StoredCopies.Copy(
        lsn: lsn, readableLSN: lsn, key: key, number: record.number,
        bytes: payload.count))
  }

  /// All records have been taken in: pending events go on, in the order of their records; those
  /// that wait for their time wait on.
  package func startRecovered(nextLSN next: UInt64, lineage: UInt64 = 0, at instant: Instant) {
    precondition(next >= nextLSN, "the log's next LSN is behind all its records")
    advance(to: instant)
    nextLSN = next
    self.lineage = lineage
    durableLSN = next - 1
    outbox.start(after: positions.outbox, newest: durableLSN)
    logWatch.start(after: isBroken(.losesLogWatchAtRestart) ? durableLSN : positions.logWatch)
    parking.start(&output)
    for (key, event) in recovery.start(at: next) {
      let isExpired = !event.expiration.isNone && event.expiration <= now.wall
      if !isExpired, wakeUps.remaining(event.wait, until: event.dueAt, at: now.wall) > 0 {
        if isBroken(.losesTimersAtRestart) { continue }
        addTimer(
          key, lsn: event.lsn, wait: event.wait, dueAt: event.dueAt, expiration: event.expiration)
      } else if event.isPaced, !isExpired {
        waitForTurn(key, lsn: event.lsn, expiration: event.expiration)
      } else {
        recovery.resumeLater(key, lsn: event.lsn)
      }
    }
  }

  /// Every delivery that was unconfirmed at the last stop is confirmed, or waits durably. Messages
  /// are taken before: one for an event that recovery has not come to drives it on at once.
  package var isRecovered: Bool { recovery.isDone }

  /// Pending events found by recovery that are still to be driven on.
  package var eventsToRecover: Int { recovery.count }

  /// Drives the next one on; false when there is none.
  func resumeRecovered() -> Bool {
    guard let next = recovery.next() else { return false }
    begin(.due, next.key, lsn: next.lsn)
    if eventSlots[next.key] != nil { recovery.began(next.key) }
    return true
  }
  /// One record of an event that a read for the totals has brought back, in LSN order.
  package func totalsRecord(
    lsn: UInt64, kind: UInt8, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    try ledger.take(lsn: lsn, kind: kind, payload: payload)
  }

  /// Such a read is done: every record below `next` has been given.
  package func totalsRead(below next: UInt64) { ledger.didRead(below: next) }
}
