import LogSequence
import Testing

@testable import Execution

/// Status updates in the order of their records, one unconfirmed of each event.
@Suite("Outbox")
struct OutboxTests {
  private func entry(_ lsn: LSN, of event: UInt64) -> Outbox.Entry {
    Outbox.Entry(
      lsn: lsn, key: EventKey(high: event, low: event), blob: [1], routingKey: 0..<0,
      messageID: 0..<0, eventID: 0..<0, traceParent: 0..<0, traceState: 0..<0, body: 0..<1)
  }

  /// Updates of these events, with the LSNs 1, 2, ...
  private func outbox(_ events: [UInt64]) -> Outbox {
    var outbox = Outbox()
    for (index, event) in events.enumerated() {
      outbox.add(entry(LSN(index + 1), of: event))
    }
    return outbox
  }

  private func take(_ outbox: inout Outbox, durable: LSN = .max) -> [LSN] {
    var lsns: [LSN] = []
    while let entry = outbox.takeNext(durable: durable) { lsns.append(entry.lsn) }
    return lsns
  }

  @Test func `An update goes when its record is durable, and not before`() {
    var outbox = outbox([1, 2, 3])
    #expect(take(&outbox, durable: 2) == [1, 2])
    #expect(outbox.position(durable: 2) == 0)
    #expect(take(&outbox, durable: 3) == [3])
  }

  @Test func `The next update of an event waits until the one before is confirmed`() {
    var outbox = outbox([1, 1, 2, 1])
    #expect(take(&outbox) == [1, 3])
    #expect(outbox.confirm(3) == true)
    #expect(take(&outbox) == [])
    #expect(outbox.confirm(1) == true)
    #expect(take(&outbox) == [2])
    #expect(outbox.confirm(1) == false, "a publish is answered once")
    #expect(outbox.confirm(2) == true)
    #expect(take(&outbox) == [4])
    #expect(outbox.confirm(4) == true)
    #expect(outbox.isIdle)
  }

  @Test func `Its position is behind everything that is confirmed`() {
    var outbox = outbox([1, 2, 3])
    _ = take(&outbox)
    _ = outbox.confirm(2)
    #expect(outbox.position(durable: 9) == 0)
    _ = outbox.confirm(1)
    #expect(outbox.position(durable: 9) == 2)
    _ = outbox.confirm(3)
    #expect(outbox.position(durable: 9) == 9)
  }

  @Test func `What the connection took along goes again, in its order`() {
    var outbox = outbox([1, 2, 3])
    _ = take(&outbox)
    _ = outbox.confirm(2)
    outbox.connectionLost()
    #expect(take(&outbox) == [1, 3])
  }

  @Test func `When the broker closes the connection over one, each goes alone until it is found`() {
    var outbox = outbox([1, 2])
    _ = take(&outbox)
    #expect(outbox.blame() == nil)
    #expect(take(&outbox) == [1])
    #expect(outbox.confirm(1) == true)
    #expect(take(&outbox) == [2])
    #expect(outbox.blame()?.lsn == 2)
    outbox.park(2, copy: 9)
    outbox.isDurable(9)
    #expect(outbox.isIdle)
  }

  @Test func `Behind an update that is parked the next of its event waits until that is durable`() {
    var outbox = outbox([1, 1, 2])
    #expect(take(&outbox) == [1, 3])
    #expect(outbox.confirm(3) == true)
    #expect(outbox.blame()?.lsn == 1)
    outbox.park(1, copy: 9)
    outbox.isDurable(8)
    #expect(take(&outbox).isEmpty)
    #expect(outbox.position(durable: 8) == 0, "a start would publish it again")
    outbox.connectionLost()
    #expect(take(&outbox).isEmpty)
    outbox.isDurable(9)
    #expect(take(&outbox) == [2])
    #expect(outbox.confirm(2) == true)
    #expect(outbox.isIdle && outbox.problems.isEmpty)
  }

  @Test func `A refused update goes again after a pause that grows`() {
    var outbox = outbox([1])
    _ = take(&outbox)
    outbox.refuse(1, at: .seconds(1))
    #expect(outbox.takeRefused(at: .seconds(2) - 1).isEmpty)
    #expect(outbox.takeRefused(at: .seconds(2)).map(\.lsn) == [1])
    outbox.refuse(1, at: .seconds(2))
    #expect(outbox.takeRefused(at: .seconds(4) - 1).isEmpty)
    #expect(outbox.takeRefused(at: .seconds(4)).map(\.lsn) == [1])
  }

  @Test func `What does not fit into memory is read back from the log`() {
    var outbox = Outbox()
    outbox.start(after: 4, newest: 9)
    #expect(outbox.admits(10) == false)
    #expect(outbox.wantsRead(durable: 3) == nil)
    #expect(outbox.wantsRead(durable: 10) == 5)
    #expect(outbox.wantsRead(durable: 10) == nil, "one read at a time")
    #expect(outbox.position(durable: 10) == 4)
    outbox.didRead(below: 8)
    #expect(outbox.wantsRead(durable: 10) == 8)
    outbox.didRead(below: 11)
    #expect(outbox.isLive && outbox.admits(11) == true)
  }
}
