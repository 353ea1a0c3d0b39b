import Testing

@testable import AMQP

/// Channels that stay open with what they hold, while another one takes what comes.
@Suite struct ChannelTests {
  private static let queue = [Consumer(queue: "q", prefetch: 2)]

  /// Its first work channel holds two messages, which is all that it may.
  private static func full(brokerChannelMax: UInt16 = 2047) -> ConnectionMachine {
    var machine = ConnectionMachine.ready(
      consumers: queue, channelMax: 2047, brokerChannelMax: brokerChannelMax)
    #expect(machine.feed(Server.deliver(1, body: [1]) + Server.deliver(2, body: [2])).count == 2)
    return machine
  }

  private func expectNext(
    _ machine: inout ConnectionMachine, _ channel: UInt16, serial: Int, passesOver: Bool = false
  ) {
    expect(
      machine.beginChannel(prefetch: 7, passesOver: passesOver),
      .send(.channelOpen, channel: channel))
    expect(!machine.isReady)
    expect(
      machine.receive(.channelOpenOk, channel: channel), .send(.qos(prefetch: 7), channel: channel))
    expect(
      machine.receive(.qosOk, channel: channel),
      .send(
        .consume(queue: "q", tag: "meddela-0.\(serial)", isExclusive: false, arguments: []),
        channel: channel))
    expect(
      machine.receive(.consumeOk, channel: channel), .event(.ready(epoch: UInt32(serial))))
  }

  @Test(arguments: [
    (UInt16(2047), UInt16(2), UInt16(2)), (0, 2, 2), (2047, 2047, 2047), (0, 2047, 2047),
    (4, 2047, 4), (2, 2047, 2), (65_535, 2047, 2047),
  ])
  func `What is asked for is what the plan says, or less where the broker allows less`(
    broker: UInt16, plan: UInt16, expected: UInt16
  ) {
    var asked = ConnectionPlan(login: .plain(username: "u", password: "p"))
    asked.channelMax = plan
    var machine = ConnectionMachine(plan: asked)
    _ = machine.connected()
    _ = machine.receive(.start(mechanisms: ["PLAIN"]), channel: 0)
    expect(!machine.hasAnotherChannel)
    let actions = machine.receive(
      .tune(channelMax: broker, frameMax: 131_072, heartbeatSeconds: 0), channel: 0)
    #expect(
      actions.flat.first
        == .send(
          .tuneOk(channelMax: expected, frameMax: 131_072, heartbeatSeconds: 15), channel: 0))
    expect(machine.hasAnotherChannel, expected > 2)
  }

  @Test func `A full channel keeps what it holds, and another takes what comes`() {
    var machine = Self.full()
    expect(machine.epoch, 1)
    expectNext(&machine, 3, serial: 2)
    expect(machine.isConsuming)
    expect(machine.acks.openCount, 0)
    let actions = machine.feed(Server.deliver(1, body: [3], channel: 3))
    guard actions.count == 1, case .message(let message) = actions[0] else {
      Issue.record("\(actions)")
      return
    }
    #expect(message.channelEpoch == 2 && message.deliveryTag == 1)
    expect(machine.hasRetiredChannel)
    // The control channel stays what it is.
    expect(machine.call(1, [.assertQueue(name: "q")]), .send(.channelOpen, channel: 2))
  }

  @Test(arguments: [UInt16(2), 3, 4, 6])
  func `A connection has as many channels as the broker allows`(allowed: UInt16) {
    var machine = Self.full(brokerChannelMax: allowed)
    let channels = (1...allowed).dropFirst(2)
    for (index, channel) in channels.enumerated() {
      expect(machine.hasAnotherChannel)
      expectNext(&machine, channel, serial: index + 2)
    }
    expect(!machine.hasAnotherChannel)
    expect(machine.beginChannel(prefetch: 7, passesOver: false), .none)
    expect(machine.isReady)
  }

  @Test func `What is held goes back channel by channel, the oldest first`() {
    var machine = Self.full()
    expect(machine.giveBackOldest(), .none)
    for (index, channel) in [UInt16(3), 4, 5].enumerated() {
      expectNext(&machine, channel, serial: index + 2)
    }
    for channel in [UInt16(1), 3, 4] {
      expect(
        machine.giveBackOldest(), .send(.channelClose(code: 200, text: "done"), channel: channel))
      expect(machine.clock.isAwaitingAnswer)
      expect(machine.receive(.channelCloseOk, channel: channel), .event(.gaveBack))
      expect(!machine.clock.isAwaitingAnswer)
    }
    expect(!machine.hasRetiredChannel)
    expect(machine.giveBackOldest(), .none)
    expect(machine.isReady)
    expect(
      machine.closeGracefully(), .send(.channelClose(code: 200, text: "done"), channel: 5))
  }

  @Test func `A consumer is cancelled while a channel is being closed, when that is answered`() {
    var machine = Self.full()
    expectNext(&machine, 3, serial: 2)
    _ = machine.giveBackOldest()
    expect(machine.setConsuming(false), .none)
    expect(
      machine.receive(.channelCloseOk, channel: 1),
      .several([.event(.gaveBack), .send(.cancel(tag: "meddela-0.2"), channel: 3)]))
  }

  @Test func `A message on a full channel would be missed, and ends the connection`() {
    for input in [
      Server.deliver(3, body: [3]), Server.content([3], 0, [], 1), Server.ack(1),
    ] {
      var machine = Self.full()
      expectNext(&machine, 3, serial: 2)
      let actions = machine.feed(input)
      expect(machine.state, .closed)
      #expect(actions.first == .send(.close(code: 505, text: "protocol violation"), channel: 0))
    }
  }

  @Test func `Where nobody looks any more it is passed over, also one that had begun`() {
    var machine = Self.full()
    let large = [UInt8](repeating: 7, count: 600)
    let begun = Server.deliver(3, body: large, pieces: 2)
    #expect(machine.feed(Array(begun.prefix(400))).isEmpty)
    expectNext(&machine, 3, serial: 2, passesOver: true)
    let late = Bytes.frame(3, 1, Bytes(array: large)) + Server.deliver(4, body: [4])
    expect(machine.feed(late), [])
    #expect(machine.feed(Server.deliver(1, body: [5], channel: 3)).count == 1)
    expect(machine.isReady)
    // A channel that there never was is no retired one.
    _ = machine.feed(Server.deliver(1, body: [5], channel: 4))
    expect(machine.state, .closed)
  }

  @Test func `A message cut in two by another channel ends the connection where it is looked for`()
  {
    var machine = ConnectionMachine.ready(consumers: Self.queue, channelMax: 2047)
    _ = machine.feed(Array(Server.deliver(1, body: [1, 2]).prefix(60)))
    _ = machine.beginChannel(prefetch: 7, passesOver: false)
    expect(machine.state, .closed)
  }

  @Test func `A retired channel that the broker closes is a loss of what all of them hold`() {
    var machine = Self.full()
    expectNext(&machine, 3, serial: 2)
    expectNext(&machine, 4, serial: 3)
    let text = "PRECONDITION_FAILED - delivery acknowledgement on channel 3 timed out"
    let actions = machine.receive(.channelClose(code: 406, text: text), channel: 3).flat
    guard actions.count == 3, case .event(.channelLost(let error, _)) = actions[2] else {
      Issue.record("\(actions)")
      return
    }
    #expect(actions[0] == .send(.channelCloseOk, channel: 3))
    #expect(actions[1] == .send(.channelClose(code: 200, text: "starting again"), channel: 4))
    #expect(error.isConsumerTimeout)
    expect(!machine.isReady)
    // Then the owner takes his leave.
    expect(machine.closeGracefully(), .none)
    expect(
      machine.receive(.channelCloseOk, channel: 4),
      .send(.close(code: 200, text: "done"), channel: 0))
    expect(
      machine.receive(.channelClose(code: 406, text: text), channel: 1).flat.first,
      .send(.channelCloseOk, channel: 1))
  }

  @Test func `A queue that is gone is told on each channel`() {
    var machine = Self.full()
    expectNext(&machine, 3, serial: 2)
    let actions = machine.receive(.cancel, channel: 1).flat
    #expect(actions.count == 2 && actions[1] == .event(.channelLost(.queueIsGone, unconfirmed: [])))
  }

  @Test func `A close that crosses one of the broker's is answered, and done`() {
    var machine = Self.full()
    expectNext(&machine, 3, serial: 2)
    _ = machine.giveBackOldest()
    expect(
      machine.receive(.channelClose(code: 406, text: "timed out"), channel: 1),
      .several([.send(.channelCloseOk, channel: 1), .event(.gaveBack)]))
    // The answer to ours may come yet.
    expect(machine.receive(.channelCloseOk, channel: 1), .none)
    expect(machine.isReady)
  }

  @Test func `Another channel that is wanted before the present one is ready follows then`() {
    var machine = ConnectionMachine.ready(consumers: [], channelMax: 2047)
    expect(machine.beginChannel(prefetch: 7, passesOver: false), .none)
    machine = ConnectionMachine.ready(consumers: Self.queue, channelMax: 2047)
    _ = machine.beginChannel(prefetch: 1, passesOver: false)
    _ = machine.receive(.channelOpenOk, channel: 3)
    _ = machine.receive(.qosOk, channel: 3)
    // Full, and its consume is not answered.
    #expect(machine.feed(Server.deliver(1, body: [1], channel: 3)).count == 1)
    expect(machine.beginChannel(prefetch: 1, passesOver: false), .none)
    expect(
      machine.receive(.consumeOk, channel: 3),
      .several([.event(.ready(epoch: 2)), .send(.channelOpen, channel: 4)]))
  }

  @Test func `A retired channel answers flow, and knows no other method`() {
    var machine = Self.full()
    expectNext(&machine, 3, serial: 2)
    expect(
      machine.receive(.channelFlow(isActive: false), channel: 1),
      .send(.channelFlowOk(isActive: false), channel: 1))
    _ = machine.receive(.consumeOk, channel: 1)
    expect(machine.state, .closed)
  }
}
