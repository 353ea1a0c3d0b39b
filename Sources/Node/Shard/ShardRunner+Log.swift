internal import EventLog
internal import Execution
internal import LogSequence
internal import Messages

// What the event log's threads report, on the event loop.
extension ShardRunner {
  func logIsDurable(upTo lsn: LSN) {
    guard !hasEnded else { return }
    logReports.durableLSN = max(logReports.durableLSN, lsn)
    scheduleTurn()
  }

  func logHasRead(_ answers: [ReadAnswer]) {
    guard !hasEnded else { return }
    logReports.answers += answers
    scheduleTurn()
  }

  /// Hands the engine what has been reported, at the beginning of a turn.
  func takeLogReports(at now: Instant) {
    if logReports.durableLSN > engine.durableLSN {
      engine.durable(upTo: logReports.durableLSN, at: now)
    }
    let answers = logReports.answers
    logReports.answers = []
    for answer in answers {
      do {
        try take(answer, at: now)
      } catch {
        return fail(error)
      }
    }
  }

  /// Records that hold an old segment of the log back.
  func carry(_ requests: [CarryRequest]) {
    guard !hasEnded, phase == .running else { return }
    let now = NodeClock.now()
    for request in requests {
      if let id = request.finalID {
        engine.carry(finalID: id, lsn: request.lsn, at: now)
      } else if request.isEvent {
        engine.carry(lsn: request.lsn, key: request.hash.key, at: now)
      } else {
        engine.carryPosition(lsn: request.lsn, at: now)
      }
    }
    scheduleTurn()
  }

  private func take(_ answer: ReadAnswer, at now: Instant) throws(NodeError) {
    let block: RecordBlock
    switch answer.outcome {
    case .failed(let error): throw NodeError(error)
    case .absent: block = .none
    case .records(let records): block = records
    }
    switch LogRead(token: answer.token) {
    case .publishes: try takePublishes(block)
    case .logTimeouts: takeWatched(block, at: now)
    case .totals: try takeTotals(block)
    case .event(let token):
      let answered = block.withFirst { record in
        Result { () throws(NodeError) in try answerRead(token, record, at: now) }
      }
      guard let answered else { return try answerRead(token, nil, at: now) }
      try answered.get()
    }
  }

  private func answerRead(
    _ token: UInt64, _ record: RecordView?, at now: Instant
  ) throws(NodeError) {
    do {
      try engine.readAnswered(
        token: token, lsn: record?.header.lsn ?? 0, kind: record?.header.kind ?? 0,
        id: record?.id ?? UnsafeRawBufferPointer(start: nil, count: 0),
        payload: record?.payload, at: now)
    } catch {
      throw NodeError(error)
    }
  }

  private func takePublishes(_ block: RecordBlock) throws(NodeError) {
    var next: LSN = 0
    do {
      try block.forEach { (record) throws(EngineError) in
        next = record.header.lsn.next
        guard record.header.flags.contains(.publish) else { return }
        try engine.rangeRecord(
          lsn: record.header.lsn, key: record.header.hash.key,
          recordedAt: Timestamp(nanoseconds: record.header.time), id: record.id,
          payload: record.payload)
      }
    } catch {
      throw NodeError(error)
    }
    engine.rangeRead(below: block.isEmpty ? engine.durableLSN.next : next)
  }

  private func takeTotals(_ block: RecordBlock) throws(NodeError) {
    var next = engine.durableLSN.next
    do {
      try block.forEach { (record) throws(EngineError) in
        next = record.header.lsn.next
        guard record.header.flags.isOfEvent else { return }
        try engine.totalsRecord(
          lsn: record.header.lsn, kind: record.header.kind, payload: record.payload)
      }
    } catch {
      throw NodeError(error)
    }
    engine.totalsRead(below: next)
  }

  private func takeWatched(_ block: RecordBlock, at now: Instant) {
    var next = engine.durableLSN.next
    var time: Timestamp?
    block.forEach { record in
      next = record.header.lsn.next
      time = Timestamp(nanoseconds: record.header.time)
      guard record.header.flags.isOfEvent else { return }
      engine.watchRecord(
        lsn: record.header.lsn, key: record.header.hash.key, status: record.header.status,
        recordedAt: Timestamp(nanoseconds: record.header.time), at: now)
    }
    engine.watchRead(below: next, until: time, at: now)
  }
}
