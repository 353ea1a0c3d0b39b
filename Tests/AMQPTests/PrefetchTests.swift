import Testing

@testable import AMQP

/// A consumer whose prefetch changes while it runs.
@Suite struct PrefetchTests {
  private static let queue = Consumer(queue: "q", prefetch: 8)

  private func consume(_ tag: String, queue: String = "q") -> ConnectionAction {
    .send(.consume(queue: queue, tag: tag, isExclusive: false, arguments: []), channel: 1)
  }

  @Test func `A consumer gives way to another with a tag of its own, and nothing is told`() {
    var machine = ConnectionMachine.ready(consumers: [Self.queue])
    expect(machine.setPrefetch(8, of: 0), .none)
    expect(machine.setPrefetch(64, of: 0), .send(.cancel(tag: "meddela-0.1"), channel: 1))
    expect(machine.isConsuming)
    // What was on its way under the old tag is still ours.
    let late = machine.feed(Server.deliver(1, body: [7]))
    #expect(late.count == 1)
    expect(machine.receive(.cancelOk, channel: 1), .send(.qos(prefetch: 64), channel: 1))
    expect(machine.receive(.qosOk, channel: 1), consume("meddela-0.2"))
    expect(machine.receive(.consumeOk, channel: 1), .none)
    expect(machine.isReady)
    expect(machine.acks.openCount, 1)
    expect(machine.epoch, 1)
  }

  @Test func `What is wished while one change is under way follows it`() {
    var machine = ConnectionMachine.ready(consumers: [Self.queue])
    _ = machine.setPrefetch(64, of: 0)
    expect(machine.setPrefetch(512, of: 0), .none)
    expect(machine.receive(.cancelOk, channel: 1), .send(.qos(prefetch: 512), channel: 1))
    _ = machine.receive(.qosOk, channel: 1)
    expect(machine.setPrefetch(1, of: 0), .none)
    expect(machine.receive(.consumeOk, channel: 1), .send(.cancel(tag: "meddela-0.2"), channel: 1))
  }

  @Test func `Only the consumer whose prefetch changes is replaced`() {
    var machine = ConnectionMachine.ready(
      consumers: [Self.queue, Consumer(queue: "r", prefetch: 8)])
    expect(machine.setPrefetch(9, of: 1), .send(.cancel(tag: "meddela-1.2"), channel: 1))
    expect(machine.receive(.cancelOk, channel: 1), .send(.qos(prefetch: 9), channel: 1))
    expect(machine.receive(.qosOk, channel: 1), consume("meddela-1.3", queue: "r"))
    expect(machine.receive(.consumeOk, channel: 1), .none)
  }

  @Test func `To stop consuming goes before a change of prefetch, which is kept for later`() {
    var machine = ConnectionMachine.ready(consumers: [Self.queue])
    _ = machine.setPrefetch(64, of: 0)
    expect(machine.setConsuming(false), .none)
    expect(machine.receive(.cancelOk, channel: 1), .send(.qos(prefetch: 64), channel: 1))
    _ = machine.receive(.qosOk, channel: 1)
    expect(machine.receive(.consumeOk, channel: 1), .send(.cancel(tag: "meddela-0.2"), channel: 1))
    expect(machine.receive(.cancelOk, channel: 1), .event(.consuming(false)))
    expect(machine.setPrefetch(1, of: 0), .none)
    expect(machine.setConsuming(true), .send(.qos(prefetch: 1), channel: 1))
  }

  @Test func `A prefetch outlives the channel`() {
    var machine = ConnectionMachine.ready(consumers: [Self.queue])
    _ = machine.setPrefetch(1, of: 0)
    _ = machine.receive(.channelClose(code: 541, text: "INTERNAL_ERROR"), channel: 1)
    expect(machine.wantedPrefetches, [1])
    _ = machine.reopen()
    expect(machine.receive(.channelOpenOk, channel: 1), .send(.qos(prefetch: 1), channel: 1))
  }

  @Test(arguments: ["meddela-0", "meddela-0.7", "meddela-0.18446744073709551615"])
  func `A delivery finds its consumer by any tag it has had`(tag: String) {
    let machine = ConnectionMachine.ready(consumers: [Self.queue])
    let consumer = Array(tag.utf8).withUnsafeBytes { machine.consumer(ofTag: $0) }
    #expect(consumer == 0)
  }

  @Test(arguments: ["meddela-", "meddela-1.1", "meddela-x", "ctag1.abc", "meddela-99999999999.1"])
  func `A tag that is not ours is nobody's`(tag: String) {
    let machine = ConnectionMachine.ready(consumers: [Self.queue])
    let consumer = Array(tag.utf8).withUnsafeBytes { machine.consumer(ofTag: $0) }
    #expect(consumer == nil)
  }
}
