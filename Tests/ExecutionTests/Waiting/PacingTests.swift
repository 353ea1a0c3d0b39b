import LogSequence
import Messages
import Testing

@testable import Execution

/// The rate of the batch lane.
@Suite("Pacing")
struct PacingTests {
  private func key(_ number: UInt64) -> EventKey { EventKey(high: number, low: number) }

  @Test func `Without a rate, and in the real-time lane, nothing waits`() {
    var unlimited = Pacing(perSecond: 0)
    var limited = Pacing(perSecond: 1)
    for _ in 0..<100 {
      #expect(unlimited.takesTurn(.batch, at: 1) == true)
      #expect(limited.takesTurn(.realtime, at: 1) == true)
    }
  }

  @Test func `One goes every so often, and a pause is caught up for a tenth of a second`() {
    var pacing = Pacing(perSecond: 100)
    var at = MonotonicTime.seconds(10)
    var gone = 0
    while pacing.takesTurn(.batch, at: at) { gone += 1 }
    #expect(gone == 11, "a tenth of a second, and the present one")
    at += 9_999_999
    #expect(pacing.takesTurn(.batch, at: at) == false)
    #expect(pacing.takesTurn(.batch, at: at + 1) == true)
  }

  @Test func `Nobody overtakes an event that waits, nor while it is being released`() {
    var pacing = Pacing(perSecond: 1)
    pacing.wait(key(1), lsn: 7)
    #expect(pacing.takesTurn(.batch, at: .seconds(10)) == false)
    let first = Pacing.Next.event(Pacing.Waiting(key: key(1), lsn: 7))
    #expect(pacing.release(at: .seconds(10), durable: 7) { _, _ in true } == first)
    #expect(pacing.takesTurn(.batch, at: .seconds(20)) == false && pacing.count == 1)
    pacing.didRelease()
    #expect(pacing.takesTurn(.batch, at: .seconds(20)) == true && pacing.count == 0)
  }

  @Test func `An event waits until its record is durable, and is passed by when it has moved on`() {
    var pacing = Pacing(perSecond: 1)
    pacing.wait(key(1), lsn: 7)
    #expect(pacing.release(at: .seconds(1), durable: 6) { _, _ in true } == .nobody)
    #expect(pacing.release(at: .seconds(1), durable: 7) { _, _ in false } == .movedOn)
    pacing.didRelease()
    #expect(pacing.release(at: .seconds(1), durable: 7) { _, _ in true } == .nobody)
  }
}

/// When which event is looked at again.
@Suite("Wake-ups")
struct WakeUpsTests {
  private func key(_ number: UInt64) -> EventKey { EventKey(high: number, low: number) }

  private func time(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: seconds * 1_000_000_000)
  }

  private func add(
    _ wakeUps: inout WakeUps, _ wait: EventState.Wait, dueAt: Int64, expiration: Int64 = 0
  ) {
    wakeUps.add(
      key(1), lsn: 1, wait: wait, dueAt: time(dueAt), expiration: time(expiration),
      at: time(100), clock: 5_000_000_000)
  }

  @Test func `A schedule is a moment of the wall clock`() {
    var wakeUps = WakeUps(longestPauseSeconds: 300)
    add(&wakeUps, .schedule, dueAt: 500)
    #expect(wakeUps.nextMoment == time(500) && wakeUps.nextDuration == nil)
    #expect(wakeUps.popMoment(at: time(499)) == nil)
    #expect(wakeUps.popMoment(at: time(500))?.key == key(1))
  }

  @Test func `A pause is a duration, and never longer than the longest`() {
    var wakeUps = WakeUps(longestPauseSeconds: 300)
    add(&wakeUps, .retry, dueAt: 110)
    #expect(wakeUps.nextMoment == nil && wakeUps.nextDuration == 15_000_000_000)
    #expect(wakeUps.popDuration(at: 14_999_999_999) == nil)
    #expect(wakeUps.popDuration(at: 15_000_000_000)?.key == key(1))
    add(&wakeUps, .retry, dueAt: 9_999)
    #expect(wakeUps.nextDuration == 305_000_000_000)
  }

  @Test func `What expires first is looked at then, too`() {
    var wakeUps = WakeUps(longestPauseSeconds: 300)
    add(&wakeUps, .schedule, dueAt: 500, expiration: 200)
    add(&wakeUps, .retry, dueAt: 150, expiration: 120)
    add(&wakeUps, .retry, dueAt: 150, expiration: 180)
    #expect(wakeUps.count == 4)
    #expect(wakeUps.popMoment(at: time(120)) != nil)
    #expect(wakeUps.popMoment(at: time(200)) != nil)
    #expect(wakeUps.nextMoment == nil)
  }

  @Test func `What waits for its turn only is due at once`() {
    let wakeUps = WakeUps(longestPauseSeconds: 300)
    #expect(wakeUps.remaining(.turn, until: time(500), at: time(100)) == 0)
    #expect(wakeUps.remaining(.schedule, until: time(500), at: time(100)) == 400_000_000_000)
    #expect(wakeUps.remaining(.retry, until: .none, at: time(100)) == 0)
  }
}
