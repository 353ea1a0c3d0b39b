import JSON
package import Messages

// Status updates follow the log: published when their record is durable, in its order.
extension ShardEngine {
  func pumpOutbox() {
    if let from = outbox.wantsRead(durable: durableLSN) { output.rangeRead = from }
    guard window.isUsable(.status) else { return }
    for entry in outbox.takeRefused(at: now.monotonic) { publish(entry) }
    if isBroken(.publishesUpdatesTogether) { outbox.forgetBusy() }
    while let entry = outbox.takeNext(durable: durableLSN) { publish(entry) }
  }

  private func publish(_ entry: Outbox.Entry) {
    counters.statusPublished += 1
    output.publish(entry, at: now.wall)
  }

  func updateConfirmed(_ lsn: UInt64) {
    guard outbox.confirm(lsn) else { return }
    counters.statusConfirmed += 1
    window.noteAnswer(.confirmed, on: .status, at: now.monotonic)
  }

  func updateRefused(_ lsn: UInt64) {
    counters.statusRefused += 1
    window.noteAnswer(.refused, on: .status, at: now.monotonic)
    outbox.refuse(lsn, at: now.monotonic)
  }

  /// The connection is gone. An update that the broker closed it over is parked: its record stays
  /// in the log, and no other waits for it.
  func outboxLost(_ loss: LinkLoss) {
    guard case .refusesMessage = loss else { return outbox.connectionLost() }
    guard let update = outbox.blame() else { return }
    parkUpdate(update)
    outbox.didPark(update.lsn)
  }

  /// The update of a record that is published.
  func updateEntry(_ record: Outbox.Entry.Transition) -> Outbox.Entry {
    let source = Outbox.Entry.Source(shard: settings.shard, lineage: lineage)
    return Outbox.Entry(record, of: source, using: &writer)
  }

  /// One published record that a range read has brought back, in LSN order.
  package func rangeRecord(
    lsn: UInt64, key: EventKey, recordedAt: Timestamp, id: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard let record = RecordPayload(payload), let facts = record.facts(id: id) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    outbox.add(
      updateEntry(
        Outbox.Entry.Transition(
          lsn: lsn, key: key, state: record.state, facts: facts, occurredAt: record.occurredAt,
          recordedAt: recordedAt, reason: record.reason)))
  }

  /// A range read is done: every published record below `next` has been given.
  package func rangeRead(below next: UInt64) {
    outbox.didRead(below: next)
  }

  /// Notes in the log how far the updates are published, so that a start repeats only a few.
  func recordPosition() {
    let position = outbox.position(durable: durableLSN)
    guard positions.isDue(position, at: now.monotonic, isDraining: isDraining), ledger.isComplete
    else { return }
    appendPosition(position)
  }

  func appendPosition(_ position: UInt64) {
    let lsn = nextLSN
    nextLSN += 1
    let record = PositionRecord(
      outbox: isBroken(.skipsUpdatesAtRestart) ? lsn - 1 : position,
      logWatch: logWatch.position(isNewest: { lookup.isNewest($0, of: $1) }), totals: totals)
    ledger.reconcile()
    let start = output.bytes.count
    record.write(to: &output.bytes)
    output.appends.append(
      AppendOrder(
        .position, lsn: lsn, key: nil, id: .none, isOpen: false, previousLSN: 0,
        payload: output.bytes(from: start), at: now.wall))
    positions.noted(position, lsn: lsn, at: now.monotonic)
  }

  /// The oldest record that the engine may still read by going through the log: what the outbox
  /// or the log watch has not passed. Records before it are read by the LSN of an open event only.
  package var oldestNeededLSN: UInt64 {
    let watched = logWatch.position { lookup.isNewest($0, of: $1) }
    return min(outbox.position(durable: durableLSN), watched) + 1
  }
}
