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
          .consume(queue: "q", tag: "meddela-0.1", isExclusive: false, arguments: []), channel: 1))
    action = machine.receive(.consumeOk, channel: 1)
    #expect(action == .send(.qos(prefetch: 7), channel: 1))
    action = machine.receive(.qosOk, channel: 1)
    #expect(
      action
        == .send(
          .consume(queue: "r", tag: "meddela-1.2", isExclusive: false, arguments: []), channel: 1))
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
}
