import Messages

extension ShardEngine {
  /// Recovery has come to totals that were written down. What was counted from the records must
  /// be the same, if all of them are still there.
  func takeOver(_ recorded: ShardTotals, lsn: UInt64) {
    lastTotals = recorded
    var counted = totals
    for lane in Lane.allCases {
      counted[lane].duplicates = recorded[lane].duplicates
      counted[lane].parked = recorded[lane].parked
    }
    totals = recorded
    guard recoversWholeLog, counted != recorded else { return }
    for lane in Lane.allCases {
      for status in Status.allCases where counted[lane][status] != recorded[lane][status] {
        noteMismatch(
          "lane \(lane.name), \(status.wireName): the records up to LSN \(lsn) say "
            + "\(counted[lane][status]), the totals there \(recorded[lane][status])")
      }
      if counted[lane].accepted != recorded[lane].accepted {
        noteMismatch(
          "lane \(lane.name): \(counted[lane].accepted) accepted up to LSN \(lsn), the totals "
            + "there say \(recorded[lane].accepted)")
      }
    }
  }

  /// Checks that what came in is what is open and what is final.
  func reconcile() {
    for lane in Lane.allCases {
      if let mismatch = totals[lane].mismatch(lane) { noteMismatch(mismatch) }
    }
  }

  private func noteMismatch(_ text: String) {
    guard mismatches.count < 16, !mismatches.contains(text) else { return }
    mismatches.append(text)
  }

  /// Recovery is shown open events only, of what lies far back: the record that is shown next
  /// does not follow the last one. What was counted since the last written totals is not all,
  /// then; it is read from there again, once the engine runs.
  func skipped(to lsn: UInt64) {
    recoversWholeLog = false
    totals = lastTotals
    uncounted = (lastPositionLSN + 1, lsn - 1)
  }

  func orderUncounted() {
    guard let uncounted, !readsUncounted else { return }
    guard uncounted.next <= uncounted.last else {
      self.uncounted = nil
      return
    }
    readsUncounted = true
    output.totalsRead = uncounted.next
  }

  /// One record of an event that a read for the totals has brought back, in LSN order.
  package func totalsRecord(
    lsn: UInt64, kind: UInt8, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard let uncounted, lsn >= uncounted.next, lsn <= uncounted.last else { return }
    guard let kind = RecordKind(rawValue: kind) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    guard kind.isOfEvent else { return }
    guard let record = RecordPayload(payload) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    totals.count(kind, record.state)
  }

  /// Such a read is done: every record below `next` has been given.
  package func totalsRead(below next: UInt64) {
    readsUncounted = false
    guard let last = uncounted?.last else { return }
    uncounted = next > last ? nil : (next, last)
  }
}
