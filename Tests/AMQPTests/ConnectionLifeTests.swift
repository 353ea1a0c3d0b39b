import Testing

@testable import AMQP

/// A connection after it is ready: cancelling, losing, closing, time.
@Suite struct ConnectionLifeTests {
  @Test func `A cancelled consumer closes the channel and never sends cancel-ok`() {
    var machine = ConnectionMachine.ready(consumers: [Consumer(queue: "q", prefetch: 1)])
    let actions = machine.receive(.cancel, channel: 1).flat
    #expect(actions.first == .send(.channelClose(code: 200, text: "starting again"), channel: 1))
    guard case .event(.channelLost(let error, unconfirmed: [])) = actions.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.code == .consumerCancelled)
    expect(!machine.isReady)
    expect(machine.feed(Server.deliver(1, body: [1, 2])), [])
    expect(machine.reopen(), .none)
    expect(machine.receive(.channelCloseOk, channel: 1), .send(.channelOpen, channel: 1))
    _ = machine.receive(.channelOpenOk, channel: 1)
    _ = machine.receive(.qosOk, channel: 1)
    expect(machine.receive(.consumeOk, channel: 1), .event(.ready(epoch: 2)))
  }

  @Test func `A channel closed by the broker loses its unconfirmed publishes in order`() {
    var machine = ConnectionMachine.ready(publishes: true)
    for token in UInt64(10)..<15 { machine.published(token: token) }
    _ = machine.feed(Server.ack(2))
    expect(machine.confirmedTokens, [11])
    let actions = machine.receive(.channelClose(code: 406, text: "no"), channel: 1).flat
    #expect(actions.first == .send(.channelCloseOk, channel: 1))
    guard case .event(.channelLost(let error, let lost)) = actions.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.code == .preconditionFailed)
    #expect(lost == [10, 12, 13, 14])
    expect(machine.reopen(), .send(.channelOpen, channel: 1))
  }

  @Test(arguments: [
    "PRECONDITION_FAILED - message size 300107 is larger than configured max size 300000",
    "PRECONDITION_FAILED - message size 600000000 is larger than max size 536870912",
    "PRECONDITION_FAILED - message size 20000000 larger than max size 16777216",
  ])
  func `A publish that is too large is no difference of arguments, and may pass later`(
    text: String
  ) {
    var machine = ConnectionMachine.ready(publishes: true)
    let actions = machine.receive(.channelClose(code: 406, text: text), channel: 1).flat
    guard case .event(.channelLost(let error, _)) = actions.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.code == .messageTooLarge)
    #expect(error.advice.contains("max_message_size"))
    #expect(!error.isPermanent)
  }

  @Test func `Closing gracefully awaits channel and connection`() {
    var machine = ConnectionMachine.ready(consumers: [Consumer(queue: "q", prefetch: 1)])
    var action = machine.closeGracefully()
    #expect(action == .send(.channelClose(code: 200, text: "done"), channel: 1))
    expect(machine.feed(Server.deliver(1, body: [])), [])
    action = machine.receive(.channelCloseOk, channel: 1)
    #expect(action == .send(.close(code: 200, text: "done"), channel: 0))
    action = machine.receive(.closeOk, channel: 0)
    #expect(action == .event(.closed(nil, unconfirmed: [])))
  }

  @Test func `Stopping to consume cancels, and starting again consumes on the same channel`() {
    var machine = ConnectionMachine.ready(consumers: [Consumer(queue: "q", prefetch: 3)])
    expect(machine.setConsuming(false), .send(.cancel(tag: "meddela-0.1"), channel: 1))
    expect(machine.isReady)
    let late = machine.feed(Server.deliver(1, body: [7]))
    #expect(late.count == 1)
    expect(machine.receive(.cancelOk, channel: 1), .event(.consuming(false)))
    expect(machine.setConsuming(true), .send(.qos(prefetch: 3), channel: 1))
    let again = ClientMethod.consume(
      queue: "q", tag: "meddela-0.2", isExclusive: false, arguments: [])
    expect(machine.receive(.qosOk, channel: 1), .send(again, channel: 1))
    expect(machine.receive(.consumeOk, channel: 1), .event(.consuming(true)))
    expect(machine.epoch, 1)
    expect(machine.setConsuming(false), .send(.cancel(tag: "meddela-0.2"), channel: 1))
  }

  @Test func `Blocked and unblocked are told`() {
    var machine = ConnectionMachine.ready(publishes: true)
    expect(
      machine.receive(.blocked(reason: "memory"), channel: 0), .event(.blocked(reason: "memory")))
    expect(machine.isBlocked)
    expect(machine.receive(.unblocked, channel: 0), .event(.unblocked))
    expect(!machine.isBlocked)
  }

  @Test func `An answer that does not come in time ends the connection`() {
    var machine = ConnectionMachine(plan: ConnectionPlan(login: .external))
    machine.clock.now = 1_000
    _ = machine.connected()
    expect(machine.clock.next, 10_000_001_000)
    expect(machine.tick(), .none)
    machine.clock.now = 10_000_001_000
    guard case .event(.closed(let error?, _)) = machine.tick() else {
      Issue.record("still open")
      return
    }
    #expect(error.code == .callTimeout)
  }

  @Test func `Heartbeats are sent at half the time and silence of twice the time is the end`() {
    var machine = ConnectionMachine.ready(publishes: true)
    let second: UInt64 = 1_000_000_000
    expect(machine.clock.next, 15 * second / 2)
    machine.clock.now = 15 * second / 2
    expect(machine.tick(), .sendHeartbeat)
    machine.clock.sent()
    expect(machine.tick(), .none)
    machine.clock.setIntakePaused(true)
    machine.clock.now = 100 * second
    expect(machine.tick(), .sendHeartbeat)
    machine.clock.setIntakePaused(false)
    machine.clock.now = 131 * second
    guard case .event(.closed(let error?, _)) = machine.tick() else {
      Issue.record("still open")
      return
    }
    #expect(error.code == .heartbeatTimeout)
  }
}
