import JSON
package import Messages

// Status updates follow the log: published when their record is durable, in its order.
extension ShardEngine {
  func pumpOutbox() {
    if let from = outbox.wantsRead(durable: durableLSN) { output.rangeRead = from }
    guard window.isUsable(.status) else { return }
    if !outbox.refused.isEmpty, outbox.retryAt <= now.monotonic {
      for entry in outbox.takeRefused() { publish(entry) }
    }
    if isBroken(.publishesUpdatesTogether) { outbox.forgetBusy() }
    while let entry = outbox.takeNext(durable: durableLSN) { publish(entry) }
  }

  func updateConfirmed(_ lsn: UInt64) {
    guard outbox.confirm(lsn) else { return }
    counters.statusConfirmed += 1
    window.noteAnswer(.confirmed, on: .status, at: now.monotonic)
  }

  func updateRefused(_ lsn: UInt64) {
    counters.statusRefused += 1
    window.noteAnswer(.refused, on: .status, at: now.monotonic)
    outbox.refuse(lsn)
    let doublings = UInt64(min(max(outbox.failures - 1, 0), 5))
    outbox.retryAt =
      now.monotonic &+ min(EngineLimits.jobRetryMin << doublings, EngineLimits.jobRetryMax)
  }

  /// The connection is gone. An update that the broker closed it over is parked: its record stays
  /// in the log, and no other waits for it.
  func outboxLost(_ loss: LinkLoss) {
    guard case .refusesMessage = loss else { return outbox.connectionLost() }
    guard let update = outbox.blame() else { return }
    parkUpdate(update)
    outbox.didPark(update.lsn)
  }

  private func publish(_ entry: Outbox.Entry) {
    counters.statusPublished += 1
    func part(_ range: Range<Int>) -> ByteRange { output.add(entry.blob[range]) }
    var order = PublishOrder(
      link: .status, token: PublishToken(status: entry.lsn), exchange: .status,
      routingKey: part(entry.routingKey), mandatory: false, messageID: part(entry.messageID),
      timestamp: now.wall, body: entry.blob, bodyRange: entry.body)
    order.correlationID = part(entry.eventID)
    order.type = output.add(EngineNames.status)
    order.contentType = output.add(EngineNames.json)
    order.headers = entry.blob.withUnsafeBytes { bytes in
      traceHeaders(parent: bytes[entry.traceParent], state: bytes[entry.traceState])
    }
    output.publishes.append(order)
  }

  func outboxEntry(
    lsn: UInt64, key: EventKey, state: EventState, facts: EventFacts, occurredAt: Timestamp,
    recordedAt: Timestamp, reason: TransitionReason
  ) -> Outbox.Entry {
    writer.removeAll()
    var ends: [6 of Int] = [0, 0, 0, 0, 0, 0]
    facts.withBytes { bytes in
      func field(_ name: EventFacts.Field) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[facts.range(of: name)])
      }
      let id = UnsafeRawBufferPointer(rebasing: bytes[facts.idRange])
      RoutingKey.writeStatus(
        state.status, lane: state.lane, channel: field(.channel), type: field(.type),
        to: &writer)
      ends[0] = writer.count
      StatusUpdateID.write(
        eventID: id, shard: settings.shard, sequence: state.sequence, lineage: lineage,
        to: &writer)
      ends[1] = writer.count
      writer.write(id)
      ends[2] = writer.count
      writer.write(field(.traceParent))
      ends[3] = writer.count
      writer.write(field(.traceState))
      ends[4] = writer.count
    }
    StatusUpdate.write(
      state, facts: facts, occurredAt: occurredAt, recordedAt: recordedAt, reason: reason,
      shard: settings.shard, lineage: lineage, lsn: lsn, to: &writer)
    ends[5] = writer.count
    return Outbox.Entry(
      lsn: lsn, key: key, blob: writer.array(), routingKey: 0..<ends[0],
      messageID: ends[0]..<ends[1], eventID: ends[1]..<ends[2],
      traceParent: ends[2]..<ends[3], traceState: ends[3]..<ends[4], body: ends[4]..<ends[5])
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
      outboxEntry(
        lsn: lsn, key: key, state: record.state, facts: facts, occurredAt: record.occurredAt,
        recordedAt: recordedAt, reason: record.reason))
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
        lsn: lsn, kind: .position, key: nil, status: 0, previousStatus: 0,
        isFinal: true, isDriven: false, isPublished: false, attempt: 0, time: now.wall,
        previousLSN: 0,
        id: .none, payload: ByteRange(offset: start, count: output.bytes.count - start)))
    positions.noted(position, lsn: lsn, at: now.monotonic)
  }

  /// The oldest record that the engine may still read by going through the log: what the outbox
  /// or the log watch has not passed. Records before it are read by the LSN of an open event only.
  package var oldestNeededLSN: UInt64 {
    let watched = logWatch.position { lookup.isNewest($0, of: $1) }
    return min(outbox.position(durable: durableLSN), watched) + 1
  }
}
