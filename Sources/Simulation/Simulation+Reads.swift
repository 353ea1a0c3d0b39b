import Execution
import LogSequence
import Messages

// The log's reader: answers come later, and never say what is not durable.
extension Simulation {
  func answerReads() {
    let reads = pendingReads
    pendingReads = []
    for read in reads {
      let record: ModelLog.Record? =
        switch read.target {
        case .newest(let id): log.newestRecord(id: id)
        case .record(let lsn): log.record(lsn: lsn)
        }
      // The log's reader waits until what it is asked for is durable.
      if let record, record.lsn > log.durableLSN {
        pendingReads.append(read)
        continue
      }
      (record?.id ?? []).withUnsafeBytes { id in
        if let record {
          record.payload.withUnsafeBytes { payload in
            answerRead(read.token, record.lsn, record.kind.rawValue, id, payload)
          }
        } else {
          answerRead(read.token, 0, 0, id, nil)
        }
      }
    }
    answerRange()
    answerWatch()
    answerTotals()
  }

  private func answerRead(
    _ token: UInt64, _ lsn: LSN, _ kind: UInt8, _ id: UnsafeRawBufferPointer,
    _ payload: UnsafeRawBufferPointer?
  ) {
    do {
      try engine.readAnswered(
        token: token, lsn: lsn, kind: kind, id: id, payload: payload, at: now)
    } catch {
      violate(.totals, "an event's record cannot be read: \(error)")
    }
  }

  private func answerRange() {
    guard let from = pendingRange else { return }
    pendingRange = nil
    var lsn = from
    let end = min(log.durableLSN, from.advanced(by: random.below(20) + 1))
    while lsn <= end {
      lsn = lsn.next
      // What retention removed nobody needs.
      guard let record = log.record(lsn: lsn.previous) else { continue }
      guard record.isPublished else { continue }
      record.id.withUnsafeBytes { id in
        record.payload.withUnsafeBytes { payload in
          do {
            try engine.rangeRecord(
              lsn: record.lsn, key: record.key, recordedAt: Timestamp(nanoseconds: record.time),
              id: id, payload: payload)
          } catch {
            violate(.totals, "an update's record cannot be read: \(error)")
          }
        }
      }
    }
    engine.rangeRead(below: lsn)
  }

  private func answerWatch() {
    guard let from = pendingWatch else { return }
    pendingWatch = nil
    var lsn = from
    var time: Timestamp?
    let end = min(log.durableLSN, from.advanced(by: random.below(20) + 1))
    while lsn <= end {
      lsn = lsn.next
      // What retention removed nobody needs.
      guard let record = log.record(lsn: lsn.previous) else { continue }
      time = Timestamp(nanoseconds: record.time)
      guard record.kind.isOfEvent else { continue }
      engine.watchRecord(
        lsn: record.lsn, key: record.key, status: record.status,
        recordedAt: Timestamp(nanoseconds: record.time), at: now)
    }
    engine.watchRead(below: lsn, until: time, at: now)
  }

  private func answerTotals() {
    guard let from = pendingTotals else { return }
    pendingTotals = nil
    var lsn = from
    let end = min(log.durableLSN, from.advanced(by: random.below(20) + 1))
    while lsn <= end {
      lsn = lsn.next
      // What retention removed nobody needs.
      guard let record = log.record(lsn: lsn.previous) else { continue }
      guard record.kind.isOfEvent else { continue }
      record.payload.withUnsafeBytes { payload in
        do {
          try engine.totalsRecord(lsn: record.lsn, kind: record.kind.rawValue, payload: payload)
        } catch {
          violate(.totals, "a record for the totals cannot be read: \(error)")
        }
      }
    }
    engine.totalsRead(below: lsn)
  }
}
