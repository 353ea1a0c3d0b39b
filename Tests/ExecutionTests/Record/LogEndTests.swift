import LogSequence
import Messages
import Testing

@testable import Execution

/// What the engine has appended, and what of that is durable.
@Suite("Log end")
struct LogEndTests {
  private func event(_ slot: Int32) -> LogEnd.Event {
    LogEnd.Event(slot: EventSlot(slot), serial: 1)
  }

  @Test func `Each record has the next LSN`() {
    var end = LogEnd()
    #expect(end.advance() == 1)
    #expect(end.advance() == 2)
    #expect(end.nextLSN == 3 && end.durableLSN == 0)
  }

  @Test func `Events go on in the order of their records, each when its own is durable`() {
    var end = LogEnd()
    for slot in Int32(1)...3 { end.wait(event(slot), for: end.advance()) }
    #expect(!end.isIdle && end.popDurable() == nil)
    end.isDurable(upTo: 2)
    #expect(end.popDurable() == event(1))
    #expect(end.popDurable() == event(2))
    #expect(end.popDurable() == nil && !end.isIdle)
    end.isDurable(upTo: 3)
    #expect(end.popDurable() == event(3))
    #expect(end.isIdle)
  }

  @Test func `A start goes on behind the last record, or further on`() {
    var end = LogEnd()
    end.recovered(7)
    #expect(end.nextLSN == 8 && end.durableLSN == 7)
    end.start(at: 12)
    #expect(end.nextLSN == 12 && end.durableLSN == 11)
  }
}

/// The events that are being worked on.
@Suite("Working set")
struct WorkingSetTests {
  private func key(_ number: UInt64) -> EventKey { EventKey(high: number, low: number) }

  @Test
  func `An event is found by its key until it leaves, and a reference to it no longer than that`() {
    var events = WorkingSet()
    let first = events.insert(ActiveEvent(key: key(1)))
    let second = events.insert(ActiveEvent(key: key(2)))
    #expect(events.slot(of: key(1)) == first && events.slot(of: key(2)) == second)
    let reference = events.reference(first)
    events.remove(first)
    #expect(events.slot(of: key(1)) == nil && events.count == 1)
    #expect(!events.contains(reference) && !events.isTaken(first))
    let third = events.insert(ActiveEvent(key: key(3)))
    #expect(third == first, "slots are used again")
    #expect(!events.contains(reference) && events.contains(events.reference(third)))
  }
}
