import Testing

@testable import AMQP

@Suite struct ConnectionMachineTests {
  @Test func `Login, topology, confirms and consumers follow one another until ready`() {
    var plan = ConnectionPlan(login: .plain(username: "elsa", password: "secret"))
    plan.connectionName = "name"
    plan.version = "1"
    plan.vhost = "v"
    plan.publishes = true
    plan.consumers = [Consumer(queue: "q", prefetch: 100), Consumer(queue: "r", prefetch: 7)]
    let queue = TopologyOperation.declareQueue(name: "q")
    let bind = TopologyOperation.bindQueue(queue: "q", exchange: "x", routingKey: "#")
    plan.topology = [queue, bind]
    var machine = ConnectionMachine(plan: plan, epoch: 6)

    var action = machine.connected()
    #expect(action == .sendProtocolHeader)
    action = machine.receive(.start(mechanisms: ["AMQPLAIN", "PLAIN"]), channel: 0)
    let startOk = ClientMethod.StartOk(
      mechanism: "PLAIN", response: Array("\0elsa\0secret".utf8), connectionName: "name",
      product: "Meddela", version: "1")
    #expect(action == .send(.startOk(startOk), channel: 0))
    action = machine.receive(
      .tune(channelMax: 2047, frameMax: 0, heartbeatSeconds: 60), channel: 0)
    #expect(
      action
        == .several([
          .send(.tuneOk(channelMax: 2, frameMax: 131_072, heartbeatSeconds: 15), channel: 0),
          .send(.open(vhost: "v"), channel: 0),
        ]))
    action = machine.receive(.openOk, channel: 0)
    #expect(action == .several([.event(.opened), .send(.channelOpen, channel: 2)]))
    action = machine.receive(.channelOpenOk, channel: 2)
    #expect(action == .send(.topology(queue), channel: 2))
    action = machine.receive(.topologyOk(.queue(messages: 3, consumers: 0)), channel: 2)
    #expect(action == .send(.topology(bind), channel: 2))
    action = machine.receive(.topologyOk(.done), channel: 2)
    #expect(action == .send(.channelOpen, channel: 1))
    action = machine.receive(.channelOpenOk, channel: 1)
    #expect(action == .send(.confirmSelect, channel: 1))
    action = machine.receive(.confirmSelectOk, channel: 1)
    #expect(action == .send(.qos(prefetch: 100), channel: 1))
    action = machine.receive(.qosOk, channel: 1)
    #expect(
      action
        == .send(
          .consume(queue: "q", tag: "meddela-0", isExclusive: false, arguments: []), channel: 1))
    action = machine.receive(.consumeOk, channel: 1)
    #expect(action == .send(.qos(prefetch: 7), channel: 1))
    action = machine.receive(.qosOk, channel: 1)
    #expect(
      action
        == .send(
          .consume(queue: "r", tag: "meddela-1", isExclusive: false, arguments: []), channel: 1))
    expect(!machine.isReady)
    action = machine.receive(.consumeOk, channel: 1)
    #expect(action == .event(.ready(epoch: 7)))
    expect(machine.isReady)
    expect(machine.isConsuming)
  }

  @Test func `A wrong password and an unknown vhost are permanent errors with their own codes`() {
    for (code, text, expected) in [
      (UInt16(403), "ACCESS_REFUSED - Login was refused", AMQPError.Code.accessRefused),
      (530, "NOT_ALLOWED - vhost nowhere not found", .vhostNotFound),
      (530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'", .notAllowed),
    ] {
      var machine = ConnectionMachine(
        plan: ConnectionPlan(login: .plain(username: "u", password: "hidden")))
      _ = machine.connected()
      _ = machine.receive(.start(mechanisms: ["PLAIN"]), channel: 0)
      let actions = machine.receive(.close(code: code, text: text), channel: 0).flat
      #expect(actions.first == .send(.closeOk, channel: 0))
      guard case .event(.closed(let error?, unconfirmed: [])) = actions.last else {
        Issue.record("no closed event: \(actions)")
        continue
      }
      #expect(error.code == expected)
      #expect(error.isPermanent)
      #expect(error.nativeCode == Int(code))
    }
  }

  @Test func `A broker that does not offer our mechanism is left`() {
    var machine = ConnectionMachine(plan: ConnectionPlan(login: .external))
    _ = machine.connected()
    let action = machine.receive(.start(mechanisms: ["PLAIN"]), channel: 0)
    guard case .event(.closed(let error?, _)) = action else {
      Issue.record("\(action)")
      return
    }
    #expect(error.code == .noCommonMechanism)
  }

  @Test func `A frame size below the protocol's least is refused and not negotiated`() {
    var machine = ConnectionMachine(plan: ConnectionPlan(login: .external))
    _ = machine.connected()
    _ = machine.receive(.start(mechanisms: ["EXTERNAL"]), channel: 0)
    let action = machine.receive(
      .tune(channelMax: 10, frameMax: 16, heartbeatSeconds: 0), channel: 0)
    guard case .event(.closed(let error?, _)) = action else {
      Issue.record("\(action)")
      return
    }
    #expect(error.code == .notAllowed)
  }

  @Test func `A refused topology loses the channel and nothing else`() {
    var plan = ConnectionPlan(login: .external)
    plan.topology = [.assertQueue(name: "absent")]
    var machine = ConnectionMachine(plan: plan)
    _ = machine.connected()
    _ = machine.receive(.start(mechanisms: ["EXTERNAL"]), channel: 0)
    _ = machine.receive(.tune(channelMax: 0, frameMax: 0, heartbeatSeconds: 0), channel: 0)
    _ = machine.receive(.openOk, channel: 0)
    _ = machine.receive(.channelOpenOk, channel: 2)
    let actions = machine.receive(.channelClose(code: 404, text: "no queue"), channel: 2).flat
    #expect(actions.first == .send(.channelCloseOk, channel: 2))
    guard case .event(.channelLost(let error, unconfirmed: [])) = actions.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.code == .notFound)
    expect(machine.state, .open)
    expect(machine.reopen(), .send(.channelOpen, channel: 2))
  }

  @Test func `Calls beside the setup are answered one by one and refusals stay theirs`() {
    var machine = ConnectionMachine.ready(publishes: true)
    var action = machine.call(1, [.assertQueue(name: "a"), .assertQueue(name: "b")])
    #expect(action == .send(.channelOpen, channel: 2))
    expect(machine.call(2, [.assertQueue(name: "c")]), .none)
    action = machine.receive(.channelOpenOk, channel: 2)
    #expect(action == .send(.topology(.assertQueue(name: "a")), channel: 2))
    action = machine.receive(.topologyOk(.queue(messages: 5, consumers: 1)), channel: 2)
    #expect(action == .send(.topology(.assertQueue(name: "b")), channel: 2))
    let actions = machine.receive(.channelClose(code: 404, text: "b"), channel: 2).flat
    #expect(actions.count == 3)
    guard case .event(.answered(call: 1, .failure(let error))) = actions[1] else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.code == .notFound)
    #expect(actions[2] == .send(.channelOpen, channel: 2))
    _ = machine.receive(.channelOpenOk, channel: 2)
    let answer = TopologyAnswer.queue(messages: 0, consumers: 2)
    action = machine.receive(.topologyOk(answer), channel: 2)
    #expect(action == .event(.answered(call: 2, .success([answer]))))
    expect(machine.isReady)
  }

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
    expect(machine.setConsuming(false), .send(.cancel(tag: "meddela-0"), channel: 1))
    expect(machine.isReady)
    let late = machine.feed(Server.deliver(1, body: [7]))
    #expect(late.count == 1)
    expect(machine.receive(.cancelOk, channel: 1), .event(.consuming(false)))
    expect(machine.setConsuming(true), .send(.qos(prefetch: 3), channel: 1))
    _ = machine.receive(.qosOk, channel: 1)
    expect(machine.receive(.consumeOk, channel: 1), .event(.consuming(true)))
    expect(machine.epoch, 1)
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
