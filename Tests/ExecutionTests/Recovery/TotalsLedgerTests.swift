import LogSequence
import Messages
import Testing

@testable import Execution

@Suite("Totals ledger")
struct TotalsLedgerTests {
  /// What an accepted event adds.
  private static let accepted = EventState(lane: .realtime, acceptedAt: .none, bodyLSN: 1)

  private func written(accepted: Int, pending: Int) -> ShardTotals {
    var totals = ShardTotals()
    totals.realtime.accepted = accepted
    totals.realtime[.pending] = pending
    return totals
  }

  /// The payload of a record of an accepted event.
  private func payload() -> [UInt8] {
    var bytes: [UInt8] = []
    RecordPayload.write(
      Self.accepted, facts: EventFacts(), occurredAt: .none, reason: .none,
      body: UnsafeRawBufferPointer(start: nil, count: 0), to: &bytes)
    return bytes
  }

  private func take(_ ledger: inout TotalsLedger, _ lsn: LSN) throws {
    try payload().withUnsafeBytes {
      try ledger.count(lsn: lsn, kind: RecordKind.accepted.rawValue, payload: $0)
    }
  }

  @Test func `Written totals that are those of the records are taken over`() {
    var ledger = TotalsLedger()
    ledger.count(.accepted, Self.accepted)
    var totals = written(accepted: 1, pending: 1)
    totals.realtime.duplicates = 4
    ledger.takeOver(totals, lsn: 2)
    #expect(ledger.totals == totals)
    #expect(ledger.mismatches.isEmpty && ledger.isComplete)
  }

  @Test func `Other ones are said, where every record was shown`() {
    var ledger = TotalsLedger()
    ledger.count(.accepted, Self.accepted)
    ledger.takeOver(written(accepted: 2, pending: 2), lsn: 2)
    #expect(ledger.mismatches.count == 2)
    #expect(ledger.mismatches[0].contains("the records up to LSN 2 say 1, the totals there 2"))
  }

  @Test func `What does not add up is said once`() {
    var ledger = TotalsLedger()
    ledger.takeOver(written(accepted: 2, pending: 2), lsn: 2)
    let said = ledger.mismatches.count
    ledger.reconcile()
    #expect(ledger.mismatches.count == said)
    var other = TotalsLedger()
    other.skipped(after: 0, to: 2)
    other.takeOver(written(accepted: 2, pending: 1), lsn: 2)
    other.reconcile()
    other.reconcile()
    #expect(other.mismatches == ["lane realtime: accepted 2, open 1, final 0"])
  }

  @Test func `What recovery was not shown is read and counted, once`() throws {
    var ledger = TotalsLedger()
    ledger.takeOver(written(accepted: 2, pending: 2), lsn: 2)
    ledger.count(.accepted, Self.accepted)
    ledger.skipped(after: 2, to: 6)
    #expect(ledger.totals.realtime.accepted == 2 && !ledger.isComplete)
    #expect(ledger.firstUncounted == 3)
    #expect(ledger.wantsRead() == 3)
    #expect(ledger.wantsRead() == nil, "one read at a time")
    for lsn: LSN in [3, 4] { try take(&ledger, lsn) }
    ledger.didRead(below: 5)
    #expect(ledger.wantsRead() == 5)
    for lsn: LSN in [4, 5, 6] { try take(&ledger, lsn) }
    ledger.didRead(below: 7)
    #expect(ledger.isComplete && ledger.wantsRead() == nil)
    #expect(ledger.totals.realtime.accepted == 5)
  }

  @Test func `A gap in which there is nothing is none`() {
    var ledger = TotalsLedger()
    ledger.skipped(after: 2, to: 3)
    #expect(!ledger.isComplete)
    #expect(ledger.wantsRead() == nil)
    #expect(ledger.isComplete)
  }

  @Test func `A record that cannot be read stops the engine`() {
    var ledger = TotalsLedger()
    ledger.skipped(after: 0, to: 6)
    let none = UnsafeRawBufferPointer(start: nil, count: 0)
    #expect(throws: EngineError.unreadableRecord(lsn: 1)) {
      try ledger.count(lsn: 1, kind: 99, payload: none)
    }
    #expect(throws: EngineError.unreadableRecord(lsn: 2)) {
      try ledger.count(lsn: 2, kind: RecordKind.accepted.rawValue, payload: none)
    }
  }
}
