import Messages
import Testing

@testable import Execution

/// What waits for the connection of a lane and channel.
@Suite("Delivery queues")
struct DeliveryQueueTests {
  private func key(_ number: UInt64) -> EventKey { EventKey(high: number, low: number) }

  private func waiting(_ slot: Int32, since seconds: UInt64 = 1) -> DeliveryQueue.Waiting {
    DeliveryQueue.Waiting(
      event: WorkingSet.Reference(slot: EventSlot(slot), serial: 1), since: .seconds(seconds))
  }

  private func lost(_ slot: Int32, bytes: Int = 1) -> LostDelivery {
    LostDelivery(
      event: WorkingSet.Reference(slot: EventSlot(slot), serial: 1),
      token: PublishToken(.delivery, slot: EventSlot(slot), serial: UInt32(slot)),
      delivery: ActiveEvent.QueuedDelivery(
        queue: 0, since: .seconds(1), bytes: [UInt8](repeating: 0, count: bytes)),
      isBackground: false)
  }

  private func slots(_ queue: inout DeliveryQueue) -> [Int32] {
    var slots: [Int32] = []
    while let next = queue.next(mayTakeBackground: true) { slots.append(next.slot.rawValue) }
    return slots
  }

  @Test func `A queue is made, and its connection ordered, when it is first asked for`() {
    var queues = DeliveryQueues()
    var window = PublishWindow()
    var output = TurnOutput()
    func find(_ lane: Lane, _ channel: String) -> Int {
      Array(channel.utf8).withUnsafeBytes { queues.find(lane, $0, &window, &output) }
    }
    #expect(find(.realtime, "email") == 0)
    #expect(find(.batch, "email") == 1)
    #expect(find(.realtime, "email") == 0)
    #expect(output.openLinks.map(\.name) == ["publish realtime email", "publish batch email"])
    #expect(output.openLinks.map(\.link) == [.deliveries(0), .deliveries(1)])
  }

  @Test func `What has just come goes before what is driven on`() {
    var queue = DeliveryQueue(lane: .realtime, channel: [])
    queue.append(waiting(1), key: key(1), isBackground: true)
    queue.append(waiting(2), key: key(2), isBackground: false)
    queue.append(waiting(3), key: key(3), isBackground: false)
    #expect(queue.count == 3 && queue.first?.slot == EventSlot(2))
    #expect(queue.next(mayTakeBackground: false)?.slot == EventSlot(2))
    #expect(queue.next(mayTakeBackground: false)?.slot == EventSlot(3))
    #expect(queue.next(mayTakeBackground: false) == nil)
    #expect(queue.next(mayTakeBackground: true)?.slot == EventSlot(1))
  }

  @Test func `What is lost with its connection goes again, in the order of before`() {
    var queue = DeliveryQueue(lane: .realtime, channel: [])
    queue.append(waiting(9), key: key(9), isBackground: false)
    #expect(queue.lost([lost(1), lost(2)], .connection).isEmpty)
    #expect(slots(&queue) == [1, 2, 9])
  }

  @Test func `What is too large for the broker is to blame; the others go again`() {
    var queue = DeliveryQueue(lane: .realtime, channel: [])
    let culprits = queue.lost(
      [lost(1), lost(2, bytes: 9), lost(3)], .refusesMessage(mostBytes: 8))
    #expect(culprits.map(\.token.slot) == [2])
    #expect(!queue.hasSuspects && slots(&queue) == [1, 3])
  }

  @Test func `When it is not known which is to blame, each goes alone; one alone is`() {
    var queue = DeliveryQueue(lane: .realtime, channel: [])
    #expect(queue.lost([lost(1), lost(2)], .refusesMessage(mostBytes: nil)).isEmpty)
    #expect(queue.hasSuspects && queue.nextSuspect()?.slot == EventSlot(1))
    queue.alone = lost(1).token
    #expect(queue.lost([lost(1)], .connection).isEmpty)
    #expect(queue.nextSuspect()?.slot == EventSlot(1), "one that went alone goes alone again")
    let culprits = queue.lost([lost(1)], .refusesMessage(mostBytes: nil))
    #expect(culprits.map(\.token.slot) == [1])
  }

  @Test func `Batch and background have less room beside real-time events`() {
    func room(_ lane: Lane, active: Bool, underWay: Bool) -> [Int] {
      let room = DeliveryRoom(lane, isRealtimeActive: active, isRealtimeUnderWay: underWay)
      return [room.fresh, room.background, room.bytes]
    }
    #expect(room(.realtime, active: false, underWay: true) == [2_000, 512, .max])
    #expect(room(.realtime, active: true, underWay: true) == [2_000, 64, .max])
    #expect(room(.batch, active: false, underWay: false) == [512, 512, .max])
    #expect(room(.batch, active: false, underWay: true) == [64, 64, 512 << 10])
    #expect(room(.batch, active: true, underWay: false) == [64, 64, 512 << 10])
  }

  /// Two queues of one lane; of the first so many deliveries are unconfirmed since second 1.
  private func quiet(_ count: Int) -> (DeliveryQueues, PublishWindow) {
    var queues = DeliveryQueues()
    var window = PublishWindow()
    var output = TurnOutput()
    for channel in ["email", "sms"] {
      let queue = Array(channel.utf8).withUnsafeBytes {
        queues.find(.realtime, $0, &window, &output)
      }
      window.opened(.deliveries(queue), at: .seconds(1))
    }
    for slot in 0..<Int32(count) {
      let token = PublishToken(.delivery, slot: EventSlot(slot), serial: window.nextSerial())
      window.publish(token, on: .deliveries(0), at: .seconds(1))
    }
    return (queues, window)
  }

  @Test func `A queue that confirms nothing gives up what others need`() {
    let (queues, window) = quiet(101)
    func reliefs(_ lane: Lane, after amount: TimeSpan) -> [DeliveryQueues.Relief] {
      queues.reliefs(
        lane, prefetch: 400, window, at: .seconds(1) + amount, isThere: { _ in true })
    }
    #expect(reliefs(.realtime, after: 250_000_000).isEmpty)
    #expect(
      reliefs(.realtime, after: 250_000_001) == [DeliveryQueues.Relief(queue: 0, share: 200)])
    #expect(reliefs(.batch, after: 250_000_001).isEmpty)
  }

  @Test func `It keeps what is little`() {
    let (queues, window) = quiet(100)
    let reliefs = queues.reliefs(
      .realtime, prefetch: 400, window, at: .seconds(60), isThere: { _ in true })
    #expect(reliefs.isEmpty)
  }
}
