import LogSequence
import Messages

/// The shard's totals, and what of them does not add up.
///
/// They are counted from the records as these are made. A start that is shown every record counts
/// them again; one that is shown open events only, of what lies far back, goes on from the newest
/// written totals, and what follows those is read once more while the engine runs.
struct TotalsLedger {
  private(set) var totals = ShardTotals()
  /// Empty as long as all adds up.
  private(set) var mismatches: [String] = []
  /// Whether recovery has been shown every record since the first.
  private var isShownAll = true
  /// The records that are not in the totals yet: from behind the last written totals to the last
  /// gap in what recovery was shown.
  private var gap: (next: LSN, last: LSN)?
  private var isReading = false
  /// The newest written totals that recovery has come to.
  private var written = ShardTotals()

  private static let mostMismatches = 16

  /// Whether every record is in the totals: they may be written down.
  var isComplete: Bool { gap == nil }

  /// The first record that is still to be counted; nil when there is none.
  var firstUncounted: LSN? { gap?.next }

  /// Takes in one record of an event.
  mutating func count(_ kind: RecordKind, _ state: EventState) { totals.count(kind, state) }

  mutating func countDuplicate(_ lane: Lane) { totals[lane].duplicates += 1 }

  mutating func countParked(_ lane: Lane) { totals[lane].parked += 1 }

  /// Checks that what came in is what is open and what is final.
  mutating func reconcile() {
    for lane in Lane.allCases {
      if let mismatch = totals[lane].mismatch(lane) { note(mismatch) }
    }
  }

  private mutating func note(_ text: String) {
    guard mismatches.count < Self.mostMismatches, !mismatches.contains(text) else { return }
    mismatches.append(text)
  }
}

// What a start does.
extension TotalsLedger {
  /// Recovery has come to totals that were written down. What was counted from the records must
  /// be the same, if all of them were shown.
  mutating func takeOver(_ recorded: ShardTotals, lsn: LSN) {
    gap = nil
    written = recorded
    var counted = totals
    for lane in Lane.allCases {
      counted[lane].duplicates = recorded[lane].duplicates
      counted[lane].parked = recorded[lane].parked
    }
    totals = recorded
    guard isShownAll, counted != recorded else { return }
    for lane in Lane.allCases {
      for status in Status.allCases where counted[lane][status] != recorded[lane][status] {
        note(
          "lane \(lane.name), \(status.wireName): the records up to LSN \(lsn) say "
            + "\(counted[lane][status]), the totals there \(recorded[lane][status])")
      }
      if counted[lane].accepted != recorded[lane].accepted {
        note(
          "lane \(lane.name): \(counted[lane].accepted) accepted up to LSN \(lsn), the totals "
            + "there say \(recorded[lane].accepted)")
      }
    }
  }

  /// The record that recovery is shown next does not follow the last one. What was counted since
  /// the last written totals is not all, then; it is read from there again.
  ///
  /// - Parameter position: the LSN of the last written totals; 0 when there are none.
  mutating func skipped(after position: LSN, to lsn: LSN) {
    assert(lsn > position, "recovery reads in LSN order")
    isShownAll = false
    totals = written
    gap = (position.next, lsn.previous)
  }

  /// Where to read records that are not counted, if there are any and no read is under way; it is
  /// then.
  mutating func wantsRead() -> LSN? {
    guard let present = gap, !isReading else { return nil }
    guard present.next <= present.last else {
      gap = nil
      return nil
    }
    isReading = true
    return present.next
  }

  /// One record that such a read has brought, in LSN order.
  mutating func count(
    lsn: LSN, kind: UInt8, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard let gap, lsn >= gap.next, lsn <= gap.last else { return }
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
  mutating func didRead(below next: LSN) {
    assert(isReading, "what comes was asked for")
    isReading = false
    guard let last = gap?.last else { return }
    gap = next > last ? nil : (next, last)
  }
}
