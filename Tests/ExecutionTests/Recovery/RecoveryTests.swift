import LogSequence
import Messages
import Testing

@testable import Execution

/// The events that a start finds open.
@Suite("Recovery")
struct RecoveryTests {
  private func key(_ number: UInt64) -> EventKey { EventKey(high: number, low: number) }

  private func event(_ lsn: LSN) -> Recovery.Found {
    Recovery.Found(lsn: lsn, dueAt: .none, expiration: .none, wait: .turn, isPaced: false)
  }

  @Test func `Open events go on in the order of their newest records`() {
    var recovery = Recovery()
    recovery.found(key(1), event(1))
    recovery.found(key(2), event(2))
    recovery.found(key(3), event(3))
    recovery.found(key(2), nil)
    recovery.found(key(1), event(4))
    #expect(recovery.start(at: 5).map(\.event.lsn) == [3, 4])
    #expect(recovery.firstLSN == 5)
    #expect(recovery.start(at: 5).isEmpty, "each is handed out once")
  }

  @Test func `It is done when the last event has left the working set`() {
    var recovery = Recovery()
    #expect(recovery.isDone && recovery.count == 0)
    recovery.resumeLater(key(1), lsn: 1)
    #expect(!recovery.isDone && recovery.count == 1)
    #expect(recovery.next()?.lsn == 1)
    recovery.began(key(1))
    recovery.ended(key(2))
    #expect(!recovery.isDone && recovery.count == 1)
    recovery.ended(key(1))
    #expect(recovery.isDone && recovery.next() == nil)
  }
}

/// How far the cursors have come is noted now and then.
@Suite("Position notes")
struct PositionNotesTests {
  @Test func `After many records, or after a second`() {
    var notes = PositionNotes()
    notes.noted(10, lsn: 8, at: .seconds(5))
    #expect(!notes.isDue(10, at: .seconds(60), isDraining: false))
    #expect(!notes.isDue(11, at: .seconds(6) - 1, isDraining: false))
    #expect(notes.isDue(11, at: .seconds(6), isDraining: false))
    #expect(!notes.isDue(4_105, at: .seconds(5), isDraining: false))
    #expect(notes.isDue(4_106, at: .seconds(5), isDraining: false))
  }

  @Test func `That only the last position record was passed is noted by a drain alone`() {
    var notes = PositionNotes()
    notes.noted(10, lsn: 11, at: 0)
    #expect(!notes.isDue(11, at: .seconds(60), isDraining: false))
    #expect(notes.isDue(11, at: .seconds(60), isDraining: true))
    #expect(notes.isDue(12, at: .seconds(60), isDraining: false))
  }

  @Test func `A start goes on from the newest record`() {
    var notes = PositionNotes()
    notes.recovered(PositionRecord(outbox: 3, logWatch: 2, totals: ShardTotals()), lsn: 5)
    notes.recovered(PositionRecord(outbox: 7, logWatch: 4, totals: ShardTotals()), lsn: 9)
    #expect(notes.outbox == 7 && notes.logWatch == 4 && notes.lastLSN == 9)
  }
}
