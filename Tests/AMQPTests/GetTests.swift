import Testing

@testable import AMQP

/// One message at a time, and a link that is held.
@Suite struct GetTests {
  private static func getOk(_ tag: UInt64, body: [UInt8]) -> [UInt8] {
    Bytes.method(
      1, 60, 71,
      Bytes().longLong(tag).octet(1).shortString("").shortString("q").short(0).short(3))
      + Server.content(body, 0, [], 1)
  }

  private static let empty = Bytes.method(1, 60, 72, Bytes().shortString(""))

  @Test func `A message that was asked for comes as a delivery`() {
    var machine = ConnectionMachine.ready(publishes: true)
    expect(machine.get("q"), .send(.get(queue: "q"), channel: 1))
    // One at a time.
    expect(machine.get("q"), .none)
    let actions = machine.feed(Self.getOk(1, body: Array("here".utf8)))
    guard actions.count == 1, case .message(let message) = actions[0] else {
      Issue.record("\(actions)")
      return
    }
    #expect(message.deliveryTag == 1)
    #expect(message.isRedelivered)
    #expect(text(message, message.routingKey) == "q")
    let isSame = message.withBody { Array($0) } == Array("here".utf8)
    #expect(isSame)
    expect(machine.get("q"), .send(.get(queue: "q"), channel: 1))
    expect(machine.feed(Self.empty), [.event(.nothingToGet)])
    expect(machine.get("q"), .send(.get(queue: "q"), channel: 1))
  }

  @Test func `A message that nothing asked for breaks the protocol`() {
    for input in [Self.getOk(1, body: []), Self.empty] {
      var machine = ConnectionMachine.ready(publishes: true)
      let actions = machine.feed(input)
      expect(machine.state, .closed)
      let codes = actions.compactMap { action -> AMQPError.Code? in
        guard case .event(.closed(let error, _)) = action else { return nil }
        return error?.code
      }
      #expect(codes == [.unexpectedFrame])
    }
  }

  @Test func `A message cut short, or with a tag that makes no sense, breaks the protocol`() {
    let outOfOrder = Bytes().longLong(7).octet(0).shortString("").shortString("q")
    for arguments in [Bytes().longLong(1), outOfOrder.short(0).short(0)] {
      var machine = ConnectionMachine.ready(publishes: true)
      _ = machine.get("q")
      _ = machine.feed(Bytes.method(1, 60, 71, arguments))
      expect(machine.state, .closed)
    }
  }

  @Test func `A queue that does not answer is forgotten with its channel`() {
    var machine = ConnectionMachine.ready(publishes: true)
    _ = machine.get("q")
    _ = machine.receive(.channelClose(code: 404, text: "no queue"), channel: 1)
    expect(machine.get("q"), .none)
    _ = machine.reopen()
    _ = machine.receive(.channelOpenOk, channel: 1)
    _ = machine.receive(.confirmSelectOk, channel: 1)
    expect(machine.get("q"), .send(.get(queue: "q"), channel: 1))
  }
}

@Suite(
  .enabled(if: LiveBroker.url != nil, LiveBroker.reason), .serialized, .timeLimit(.minutes(2)))
struct LiveHoldTests {
  @Test func `A held link gives its messages back and makes no connection`() async throws {
    let queue = LiveBroker.queueName()
    let probe = try await LinkProbe.start(
      LiveBroker.options(),
      LinkRole(
        topology: [LiveBroker.quorum(queue)], consumers: [Consumer(queue: queue, prefetch: 5)]))
    #expect(try await probe.saw(.ready(1)))
    let client = try await LiveBroker.client()
    _ = try await client.publish([
      ClientMessage(exchange: "", routingKey: queue, body: Array("one".utf8))
    ])
    #expect(try await probe.received(1))
    try await probe.run { $0.link.hold() }
    #expect(try await probe.saw(.lost(1, .stopped, [])))
    #expect(try await eventually { try await client.depth(of: queue).messages == 1 })
    try await Task.sleep(for: .seconds(2))
    let notes = try await probe.run { $0.notes }
    #expect(notes == [.ready(1), .lost(1, .stopped, [])])
    try await probe.run { $0.link.letGo() }
    #expect(try await probe.saw(.ready(2)))
    #expect(try await probe.received(2))
    try await probe.stop()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `A link that is held before it starts, or while it connects, waits`() async throws {
    let role = LinkRole(publishes: true)
    let probe = try await LinkProbe.start(LiveBroker.options(), role)
    // Right after the start: the attempt is under way.
    try await probe.run { $0.link.hold() }
    try await Task.sleep(for: .seconds(1))
    let early = try await probe.run { $0.notes }
    #expect(early.isEmpty || early == [.ready(1), .lost(1, .stopped, [])])
    try await probe.run { $0.link.letGo() }
    #expect(try await eventually { try await probe.run { $0.link.isReady } })
    try await probe.run { $0.link.hold() }
    try await probe.stop()
  }

  @Test func `An exclusive queue is refused to others until its connection goes`() async throws {
    let lease = TopologyOperation.declareQueue(
      name: LiveBroker.queueName(), isDurable: false, isExclusive: true,
      arguments: [Argument("x-queue-type", .string("classic"))])
    let first = try await LiveBroker.client("first")
    let second = try await LiveBroker.client("second")
    try await first.perform([lease])
    try await first.perform([lease])
    let error = await #expect(throws: AMQPError.self) { try await second.perform([lease]) }
    #expect(error?.code == .resourceLocked)
    await first.close()
    let taken = await eventually { (try? await second.perform([lease])) != nil }
    #expect(taken)
    await second.close()
  }
}
