import DequeModule
import Messages

// What the log says at start. Between `recover` of every record and `startRecovered` nothing
// else is asked of the engine.
extension ShardEngine {
  /// Takes in one record of the log, in LSN order.
  package func recover(
    lsn: UInt64, kind: UInt8, key: EventKey, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    if lsn != nextLSN { skipped(to: lsn) }
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
      positionRecorded = position.outbox
      watchedRecorded = position.logWatch
      lastPositionLSN = lsn
      uncounted = nil
      takeOver(position.totals, lsn: lsn)
      return
    }
    guard let record = RecordPayload(payload) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    let state = record.state
    totals.count(kind, state)
    if state.isDriven {
      recovered[key] = RecoveredEvent(
        lsn: lsn, dueAt: state.dueAt, expiration: state.expiration, wait: state.wait,
        isPaced: pace.isLimited && state.lane == .batch && !state.dueAt.isNone)
    } else {
      recovered[key] = nil
    }
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
    firstLSN = next
    self.lineage = lineage
    durableLSN = next - 1
    outbox.start(after: positionRecorded, newest: durableLSN)
    logWatch.start(after: isBroken(.losesLogWatchAtRestart) ? durableLSN : watchedRecorded)
    startParking()
    // The order is that of the log, whatever the dictionary's.
    let open = recovered.sorted { $0.value.lsn < $1.value.lsn }
    recovered = [:]
    for (key, event) in open {
      let isExpired = !event.expiration.isNone && event.expiration <= now.wall
      if !isExpired, remaining(event.wait, until: event.dueAt) > 0 {
        if isBroken(.losesTimersAtRestart) { continue }
        addTimer(
          key, lsn: event.lsn, wait: event.wait, dueAt: event.dueAt, expiration: event.expiration)
      } else if event.isPaced, !isExpired {
        pacedBacklog.append((key, event.lsn))
        if !event.expiration.isNone {
          timers.add(TimerQueue.Timer(due: event.expiration, key: key, lsn: event.lsn))
        }
      } else {
        resuming.append((key, event.lsn))
      }
    }
  }

  /// Every delivery that was unconfirmed at the last stop is confirmed, or waits durably. Messages
  /// are taken before: one for an event that recovery has not come to drives it on at once.
  package var isRecovered: Bool { resuming.isEmpty && resumedUnderWay.isEmpty }

  /// Pending events found by recovery that are still to be driven on.
  package var eventsToRecover: Int { resuming.count + resumedUnderWay.count }

  /// Drives the next one on; false when there is none.
  func resumeRecovered() -> Bool {
    guard let next = resuming.popFirst() else { return false }
    begin(.due, next.key, lsn: next.lsn)
    if eventSlots[next.key] != nil { resumedUnderWay.insert(next.key) }
    return true
  }
}
