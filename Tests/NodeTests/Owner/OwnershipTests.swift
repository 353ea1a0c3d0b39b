import EventLog
import Execution
import LogSequence
import Messages
import Testing

@testable import Node

/// One step of the decision at a time, with the broker and the store played by hand.
@Suite struct OwnershipTests {
  private let store = StoreStanding(storeID: "aa", lineage: 0, epoch: 3, lsn: 100)

  private func record(
    _ storeID: String = "aa", lineage: UInt64 = 0, epoch: UInt64 = 3, lsn: LSN = 100,
    time: Int64 = 1
  ) -> OwnerRecord {
    OwnerRecord(
      standing: StoreStanding(storeID: storeID, lineage: lineage, epoch: epoch, lsn: lsn),
      host: "h", time: Timestamp(nanoseconds: time))
  }

  /// One that has just read the records, with or without the lease.
  private func reading(_ hasLease: Bool, isStandby: Bool = false) -> Ownership {
    var ownership = Ownership(isStandby: isStandby, heartbeatSeconds: 10)
    #expect(ownership.connected() == [.prepare])
    #expect(ownership.prepared() == [.claim])
    #expect(ownership.claimed(hasLease, at: 0) == [.read])
    return ownership
  }

  /// One that owns the queues.
  private func owning() -> Ownership {
    var ownership = reading(true)
    #expect(ownership.read([record()], store, at: 0) == [.take([]), .grant])
    #expect(ownership.opened() == [.publish])
    #expect(ownership.recorded() == [.goOn, .read])
    let mine = record(epoch: 4)
    var opened = store
    opened.epoch = 4
    #expect(
      ownership.read([record(), mine], opened, at: 0) == [.take([0]), .wake(seconds: 10)])
    return ownership
  }

  @Test func `The recorded store opens, and its record is there before it takes anything`() {
    #expect(owning().phase == .owning)
  }

  @Test func `Queues without a record are looked at again, and then are the store's`() {
    var ownership = reading(true)
    for _ in 0..<4 {
      #expect(ownership.read([], nil, at: 0) == [.take([]), .wake(seconds: 0.25)])
      #expect(ownership.wake() == [.read])
    }
    #expect(ownership.read([], nil, at: 0) == [.take([]), .grant])
  }

  @Test func `Another store is refused, by the lease or by the record`() {
    var held = reading(false)
    let other = record("bb")
    #expect(held.read([other], store, at: 0) == [.take([]), .end(.held(by: other))])
    var free = reading(true)
    #expect(free.read([other], store, at: 0) == [.take([]), .end(.otherStore(other))])
    var new = reading(false)
    #expect(new.read([other], nil, at: 0) == [.take([]), .end(.held(by: other))])
  }

  @Test func `A store that its owner has gone on without is refused`() {
    var ownership = reading(true)
    let newer = record(lsn: 107)
    #expect(
      ownership.read([record(), newer], store, at: 0)
        == [.take([]), .end(.behind(newer, missing: 7))])
  }

  @Test func `The recorded store waits for its own lease, as long as nobody is heard of`() {
    var ownership = reading(false)
    #expect(
      ownership.read([record()], store, at: 0)
        == [.take([]), .waits(record()), .wake(seconds: 0.5)])
    #expect(ownership.wake() == [.claim])
    // Within five seconds the record is left alone.
    #expect(ownership.claimed(false, at: .seconds(1)) == [.wake(seconds: 0.5)])
    #expect(ownership.wake() == [.claim])
    #expect(ownership.claimed(false, at: .seconds(6)) == [.read])
    #expect(ownership.read([record()], store, at: .seconds(6)) == [.take([]), .wake(seconds: 0.5)])
    #expect(ownership.wake() == [.claim])
    #expect(ownership.claimed(true, at: .seconds(7)) == [.read])
    #expect(ownership.read([record()], store, at: .seconds(7)) == [.take([]), .grant])
  }

  @Test func `A store whose owner lives elsewhere does not wait for ever`() {
    var ownership = reading(false)
    _ = ownership.read([record()], store, at: 0)
    _ = ownership.wake()
    #expect(ownership.claimed(false, at: .seconds(6)) == [.read])
    let renewed = record(time: 2)
    #expect(ownership.read([renewed], store, at: 0) == [.take([]), .end(.held(by: renewed))])
  }

  @Test func `A standby waits for any store, and judges when the lease is there`() {
    var ownership = reading(false, isStandby: true)
    let other = record("bb")
    #expect(
      ownership.read([other], store, at: 0) == [.take([]), .waits(other), .wake(seconds: 2)])
    for time in 1..<100 {
      #expect(ownership.wake() == [.claim])
      #expect(ownership.claimed(false, at: .seconds(UInt64(time))) == [.wake(seconds: 2)])
    }
    #expect(ownership.wake() == [.claim])
    #expect(ownership.claimed(true, at: .seconds(200)) == [.read])
    var taker = ownership
    #expect(ownership.read([other], store, at: 0) == [.take([]), .end(.otherStore(other))])
    #expect(taker.read([record()], store, at: 0) == [.take([]), .grant])
  }

  @Test func `A record is replaced every ten seconds, and the lease looked after`() {
    var ownership = owning()
    let opened = StoreStanding(storeID: "aa", lineage: 0, epoch: 4, lsn: 100)
    for round in 1...6 {
      let expected: [Ownership.Action] = round % 3 == 0 ? [.publish, .claim] : [.publish]
      #expect(ownership.wake() == expected)
      if round % 3 == 0 { #expect(ownership.claimed(true, at: 0) == []) }
      #expect(ownership.recorded() == [.read])
      let records = [record(epoch: 4, time: 5), nil, record(epoch: 4, time: 6)]
      #expect(ownership.read(records, opened, at: 0) == [.take([0]), .wake(seconds: 10)])
    }
  }

  @Test func `A slow broker gets one record at a time, and a queue that is gone is made again`() {
    var ownership = owning()
    #expect(ownership.wake() == [.publish])
    #expect(ownership.wake() == [.wake(seconds: 10)])
    #expect(ownership.notRecorded() == [.wake(seconds: 0.5)])
    #expect(ownership.wake() == [.prepare])
    #expect(ownership.prepared() == [.publish])
    #expect(ownership.recorded() == [.read])
  }

  @Test func `A broker that refuses the queue or the lease for a while is asked again`() {
    var ownership = owning()
    _ = ownership.lost() + ownership.connected()
    #expect(ownership.notRecorded() == [.wake(seconds: 0.5)])
    #expect(ownership.wake() == [.prepare])
    #expect(ownership.prepared() == [.claim])
    #expect(ownership.notRecorded() == [.wake(seconds: 0.5)])
    #expect(ownership.wake() == [.claim])
    #expect(ownership.claimed(true, at: 0) == [.read])
  }

  @Test func `A broker that takes no publishes keeps no store from working`() {
    var ownership = reading(true)
    #expect(ownership.blocked() == [])
    #expect(ownership.read([record()], store, at: 0) == [.take([]), .grant])
    #expect(ownership.opened() == [.publish])
    #expect(ownership.blocked() == [.goOn])
    #expect(ownership.recorded() == [.goOn, .read])
    #expect(ownership.blocked() == [])
  }

  @Test func `A lost connection stops everything, until lease and record are ours again`() {
    var ownership = owning()
    var opened = store
    opened.epoch = 4
    #expect(ownership.lost() == [.hold])
    #expect(ownership.connected() == [.prepare])
    #expect(ownership.prepared() == [.claim])
    // The broker has not noticed that our old connection is gone.
    #expect(ownership.claimed(false, at: .seconds(1)) == [.read])
    #expect(
      ownership.read([record(epoch: 4)], opened, at: .seconds(1)) == [
        .take([]), .wake(seconds: 0.5),
      ])
    #expect(ownership.wake() == [.claim])
    #expect(ownership.claimed(true, at: .seconds(2)) == [.read])
    #expect(ownership.read([record(epoch: 4)], opened, at: .seconds(2)) == [.take([]), .publish])
    #expect(ownership.recorded() == [.goOn, .read])
  }

  @Test func `A lease that another has after a lost connection ends the process`() {
    var opened = store
    opened.epoch = 4
    var recorded = owning()
    _ = recorded.lost() + recorded.connected() + recorded.prepared()
    _ = recorded.claimed(false, at: 0)
    let other = record("bb", lineage: 1)
    #expect(recorded.read([other], opened, at: 0) == [.take([]), .end(.held(by: other))])

    // One that has the lease and has not written its record yet.
    var silent = owning()
    _ = silent.lost() + silent.connected() + silent.prepared()
    var time: MonotonicTime = 0
    var actions: [Ownership.Action] = []
    repeat {
      _ = silent.claimed(false, at: time)
      actions = silent.read([record(epoch: 4)], opened, at: time)
      _ = silent.wake()
      time += .seconds(1)
    } while !actions.contains(.end(.held(by: record(epoch: 4)))) && time < .seconds(100)
    // Two heartbeats and a little more.
    #expect(time == .seconds(32))
  }

  @Test func `A record of another owner, or a deleted lease that another took, ends the process`() {
    var replaced = owning()
    let opened = StoreStanding(storeID: "aa", lineage: 0, epoch: 4, lsn: 100)
    _ = replaced.wake() + replaced.recorded()
    let other = record("bb", lineage: 1)
    #expect(
      replaced.read([record(epoch: 4), other], opened, at: 0)
        == [.take([]), .end(.held(by: other))])

    var deleted = owning()
    #expect(deleted.claimed(false, at: 0) == [.end(.held(by: nil))])
  }

  @Test func `A store that opens slowly keeps its grant over a lost connection`() {
    var ownership = reading(true)
    #expect(ownership.read([record()], store, at: 0) == [.take([]), .grant])
    #expect(ownership.lost() == [.hold])
    #expect(ownership.opened() == [])
    #expect(ownership.connected() == [.prepare])
    _ = ownership.prepared()
    _ = ownership.claimed(true, at: 0)
    #expect(ownership.read([record()], store, at: 0) == [.take([]), .publish])
  }

  @Test func `A clean end writes the last record before the lease goes`() {
    var ownership = owning()
    #expect(ownership.finish() == [.publish])
    #expect(ownership.recorded() == [.leave])
    var lost = owning()
    _ = lost.finish()
    #expect(lost.lost() == [.leave])
    var waiting = reading(false, isStandby: true)
    #expect(waiting.finish() == [.leave])
  }
}
