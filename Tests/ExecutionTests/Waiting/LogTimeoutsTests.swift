import LogSequence
import Messages
import Testing

@testable import Execution

/// Deliveries that nobody has answered in time.
@Suite("Log timeouts")
struct LogTimeoutsTests {
  private func time(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: seconds * 1_000_000_000)
  }

  private func instant(_ seconds: Int64) -> Instant {
    Instant(wall: time(seconds), monotonic: .start + .seconds(UInt64(seconds)))
  }

  private func entry(_ lsn: LSN, at seconds: Int64) -> LogWatch.Entry {
    LogWatch.Entry(
      lsn: lsn, key: EventKey(high: lsn.rawValue, low: lsn.rawValue), recordedAt: time(seconds))
  }

  /// Sixty seconds, with the queue of delivery logs seen empty, and two records read.
  private func timeouts() -> LogTimeouts {
    var timeouts = LogTimeouts(timeoutSeconds: 60)
    timeouts.queueIsEmpty()
    _ = timeouts.advance(to: instant(100), durable: 9, isIdle: true) { _, _ in true }
    timeouts.add(entry(3, at: 50), at: time(100))
    timeouts.add(entry(5, at: 70), at: time(100))
    timeouts.didRead(below: 10, until: time(90), at: time(100))
    return timeouts
  }

  @Test func `The log is read where the watch has come to, once`() {
    var timeouts = LogTimeouts(timeoutSeconds: 60)
    timeouts.start(after: 4)
    #expect(timeouts.advance(to: instant(1), durable: 9, isIdle: true) { _, _ in true } == 5)
    #expect(timeouts.advance(to: instant(2), durable: 9, isIdle: true) { _, _ in true } == nil)
  }

  @Test func `A delivery is due when its time is up, the oldest first`() {
    var timeouts = timeouts()
    #expect(timeouts.next(durable: 9) == time(110))
    #expect(timeouts.popDue(at: time(109)) == nil)
    #expect(timeouts.popDue(at: time(110))?.lsn == 3)
    #expect(timeouts.popDue(at: time(110)) == nil)
    #expect(timeouts.popDue(at: time(130))?.lsn == 5)
  }

  @Test func `Nothing is due before the queue of delivery logs has been empty`() {
    var timeouts = timeouts()
    timeouts.consumerLost()
    #expect(!timeouts.isOpen && timeouts.popDue(at: time(200)) == nil)
    timeouts.queueIsEmpty()
    _ = timeouts.advance(to: instant(201), durable: 9, isIdle: true) { _, _ in true }
    #expect(timeouts.isOpen && timeouts.popDue(at: time(201))?.lsn == 3)
  }

  @Test func `Its position is behind what is answered, and before what is handed out`() {
    var timeouts = timeouts()
    #expect(timeouts.position { _, _ in true } == 2)
    if let entry = timeouts.popDue(at: time(110)) { timeouts.handOut(entry) }
    #expect(timeouts.position { _, _ in true } == 2)
    timeouts.forget(3)
    #expect(timeouts.position { _, _ in true } == 4)
    #expect(timeouts.position { lsn, _ in lsn != 5 } == 9)
  }

  @Test func `Each wait stays as long as it was when the clock is set`() {
    var timeouts = timeouts()
    timeouts.clockWasSet(by: 1_000_000_000_000)
    #expect(timeouts.next(durable: 9) == time(1_110))
  }
}
