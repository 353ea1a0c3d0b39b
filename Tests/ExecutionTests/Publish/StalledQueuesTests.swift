import LogSequence
import Messages
import Testing

@testable import Execution

/// To a queue that does not answer one delivery goes at a time.
@Suite("Stalled queues")
struct StalledQueuesTests {
  private func timer(_ number: UInt64, due: Int64 = 1_000) -> TimerQueue.Timer {
    TimerQueue.Timer(
      due: Timestamp(nanoseconds: due * 1_000_000_000),
      key: EventKey(high: number, low: number), lsn: LSN(number))
  }

  private func instant(_ seconds: UInt64) -> Instant {
    Instant(
      wall: Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000),
      monotonic: .seconds(seconds))
  }

  private func window() -> PublishWindow {
    var window = PublishWindow()
    window.addLink()
    window.opened(.deliveries(0), at: 0)
    return window
  }

  @Test func `Nothing is held back from a queue that answers`() {
    var stalled = StalledQueues()
    let token = PublishToken(.delivery, slot: EventSlot(1), serial: 1)
    #expect(stalled.holdsBack(0, probe: token, at: 1, window()) == false)
    stalled.add(0, at: 1)
    #expect(stalled.holdsBack(1, probe: token, at: 1, window()) == false)
    #expect(stalled.holdsBack(0, probe: token, at: 1, window()) == true)
  }

  @Test func `One probe goes at a time, each later than the one before`() {
    var stalled = StalledQueues()
    var window = window()
    stalled.add(0, at: 0)
    let first = PublishToken(.delivery, slot: EventSlot(1), serial: window.nextSerial())
    #expect(stalled.holdsBack(0, probe: first, at: .seconds(1), window) == false)
    window.publish(first, on: .deliveries(0), at: .seconds(1))
    let second = PublishToken(.delivery, slot: EventSlot(2), serial: window.nextSerial())
    #expect(stalled.holdsBack(0, probe: second, at: .seconds(60), window) == true)
    #expect(window.answer(first, on: .deliveries(0), .refused, at: .seconds(60)) != nil)
    #expect(stalled.holdsBack(0, probe: second, at: .seconds(60), window) == false)
    #expect(stalled.holdsBack(0, probe: first, at: .seconds(62) - 1, window) == true)
    #expect(stalled.holdsBack(0, probe: first, at: .seconds(62), window) == false)
  }

  @Test func `An event waits for the next probe, or until its own time is up`() {
    var stalled = StalledQueues()
    stalled.wait(timer(1), for: 0, at: 0)
    stalled.wait(timer(2, due: 1), for: 0, at: 0)
    #expect(stalled.hasWaiting(0) && stalled.waitingEvents == 2)
    #expect(stalled.popDue(at: instant(0), window()) == nil)
    #expect(stalled.popDue(at: instant(1), window()) == timer(2, due: 1))
    #expect(stalled.popDue(at: instant(1), window()) == timer(1))
    #expect(stalled.nextProbeAt == nil && !stalled.isEmpty)
  }

  @Test func `All that waited goes on when the queue answers, the first to expire first`() {
    var stalled = StalledQueues()
    stalled.wait(timer(1, due: 7), for: 0, at: 0)
    stalled.wait(timer(2, due: 5), for: 0, at: 0)
    stalled.wait(timer(3, due: 6), for: 1, at: 0)
    stalled.answers(0)
    #expect(stalled.hasRecalled && stalled.waitingEvents == 3)
    stalled.answers(1)
    #expect(stalled.isEmpty && stalled.waitingEvents == 3)
    #expect((1...4).map { _ in stalled.nextRecalled()?.lsn } == [2, 3, 1, nil])
    #expect(!stalled.hasRecalled)
  }

  @Test func `A probe that the broker closed the connection over says nothing of its queue`() {
    var stalled = StalledQueues()
    let window = window()
    stalled.add(0, at: 0)
    let probe = PublishToken(.delivery, slot: EventSlot(1), serial: 1)
    #expect(stalled.holdsBack(0, probe: probe, at: .seconds(1), window) == false)
    #expect(stalled.holdsBack(0, probe: probe, at: .seconds(1), window) == true)
    stalled.acquit(0, probe: probe, at: .seconds(1))
    #expect(stalled.holdsBack(0, probe: probe, at: .seconds(1), window) == false)
  }
}
