import Testing

@testable import AMQP

@Suite(
  .enabled(if: LiveBroker.url != nil, LiveBroker.reason), .serialized, .timeLimit(.minutes(2)))
struct LiveLinkTests {
  @Test func `A return comes before its confirm`() async throws {
    let probe = try await LinkProbe.start(LiveBroker.options(), LinkRole(publishes: true))
    #expect(try await probe.saw(.ready(1)))
    try await probe.run { probe in
      try probe.publish("test.nobody", "lost", token: 5, mandatory: true)
      probe.link.flush()
    }
    #expect(try await probe.saw(.confirmed([5])))
    let notes = try await probe.run { $0.notes }
    #expect(notes == [.ready(1), .returned("lost"), .confirmed([5])])
    try await probe.stop()
  }

  @Test func `A queue deleted under its consumer is declared and consumed again`() async throws {
    let queue = LiveBroker.queueName()
    let probe = try await LinkProbe.start(
      LiveBroker.options(),
      LinkRole(
        topology: [LiveBroker.quorum(queue)], consumers: [Consumer(queue: queue, prefetch: 5)]))
    #expect(try await probe.saw(.ready(1)))
    let client = try await LiveBroker.client()
    try await client.perform([.deleteQueue(name: queue)])
    #expect(try await probe.saw(.ready(2)))
    #expect(try await probe.saw(.lost(1, .consumerCancelled, [])))
    _ = try await client.publish([
      ClientMessage(exchange: "", routingKey: queue, body: Array("again".utf8))
    ])
    #expect(try await probe.received(1))
    try await probe.stop()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `A connection that the broker closes is opened again`() async throws {
    let queue = LiveBroker.queueName()
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(topology: [LiveBroker.quorum(queue)], publishes: true))
    #expect(try await probe.saw(.ready(1)))
    // An unknown exchange type is a connection error (503) by RabbitMQ.
    try await probe.run { probe in
      probe.link.perform([.declareExchange(name: queue, type: "no-such-type")]) { _ in }
    }
    #expect(try await probe.saw(.ready(2)))
    let lost = try await probe.run { $0.notes.contains(.lost(1, .brokerError, [])) }
    #expect(lost)
    try await probe.run { probe in
      try probe.publish(queue, "x", token: 1)
      probe.link.flush()
    }
    #expect(try await probe.saw(.confirmed([1])))
    try await probe.run { $0.link.perform([.deleteQueue(name: queue)]) { _ in } }
    try await probe.stop()
  }

  @Test func `A channel that the broker closes loses its publishes and comes back`() async throws {
    let probe = try await LinkProbe.start(LiveBroker.options(), LinkRole(publishes: true))
    #expect(try await probe.saw(.ready(1)))
    try await probe.run { probe in
      var message = ClientMessage(exchange: "test.no-exchange", routingKey: "", body: [])
      message.messageID = "m"
      try message.withView { (view, body) throws(AMQPError) in
        try probe.link.publish(view, body: body, token: 9)
      }
      probe.link.flush()
    }
    #expect(try await probe.saw(.lost(1, .notFound, [9])))
    #expect(try await probe.saw(.ready(2)))
    try await probe.stop()
  }

  @Test func `A tag of an old epoch is never sent`() async throws {
    let queue = LiveBroker.queueName()
    let client = try await LiveBroker.client()
    try await client.perform([LiveBroker.quorum(queue)])
    _ = try await client.publish(
      (0..<3).map {
        ClientMessage(exchange: "", routingKey: queue, body: [UInt8($0)])
      })
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(consumers: [Consumer(queue: queue, prefetch: 10)]))
    #expect(try await probe.received(3))
    try await probe.run { $0.link.releaseUnsettled() }
    #expect(try await probe.saw(.ready(2)))
    #expect(try await probe.received(6))
    try await probe.run { probe in
      for tag in UInt64(1)...3 { probe.link.settle(tag, epoch: 1) }
      probe.link.flush()
    }
    try await probe.stop()
    let back = try await eventually { try await client.depth(of: queue).messages == 3 }
    #expect(back, "the broker took an acknowledgement of the old epoch")
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `Stopping sends what was settled just before`() async throws {
    let queue = LiveBroker.queueName()
    let client = try await LiveBroker.client()
    try await client.perform([LiveBroker.quorum(queue)])
    _ = try await client.publish(
      (0..<20).map {
        ClientMessage(exchange: "", routingKey: queue, body: [UInt8($0)])
      })
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(consumers: [Consumer(queue: queue, prefetch: 50)]))
    #expect(try await probe.received(20))
    try await probe.run { probe in
      for message in probe.messages.dropLast(5) {
        probe.link.settle(message.deliveryTag, epoch: message.channelEpoch)
      }
      probe.link.stop()
    }
    #expect(try await probe.saw(.stopped))
    let left = try await eventually { try await client.depth(of: queue).messages == 5 }
    #expect(left)
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `One slow message does not use up the prefetch`() async throws {
    let queue = LiveBroker.queueName()
    let client = try await LiveBroker.client()
    try await client.perform([LiveBroker.quorum(queue)])
    _ = try await client.publish(
      (0..<40).map {
        ClientMessage(exchange: "", routingKey: queue, body: [UInt8($0)])
      })
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(consumers: [Consumer(queue: queue, prefetch: 4)]))
    var settled = 1
    let all = try await eventually {
      let from = settled
      settled = try await probe.run { probe in
        for message in probe.messages.dropFirst(from) {
          probe.link.settle(message.deliveryTag, epoch: message.channelEpoch)
        }
        probe.link.flush()
        return max(1, probe.messages.count)
      }
      return settled == 40
    }
    #expect(all, "only \(settled) came")
    try await probe.stop()
    let left = try await eventually { try await client.depth(of: queue).messages == 1 }
    #expect(left)
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `Consuming stops and starts, and a paused intake resumes`() async throws {
    let queue = LiveBroker.queueName()
    let client = try await LiveBroker.client()
    try await client.perform([LiveBroker.quorum(queue)])
    let probe = try await LinkProbe.start(
      LiveBroker.options(),
      LinkRole(consumers: [Consumer(queue: queue, prefetch: 10)], startsConsuming: false))
    #expect(try await probe.saw(.ready(1)))
    let message = ClientMessage(exchange: "", routingKey: queue, body: [1])
    _ = try await client.publish([message])
    try await Task.sleep(for: .milliseconds(100))
    let early = try await probe.run { $0.messages.count }
    #expect(early == 0)
    try await probe.run { probe in
      probe.settlesAtOnce = true
      probe.link.setConsuming(true)
    }
    #expect(try await probe.received(1))
    #expect(try await probe.saw(.consuming(true)))
    try await probe.run { $0.link.pauseIntake(true) }
    _ = try await client.publish([message, message])
    try await Task.sleep(for: .milliseconds(100))
    let paused = try await probe.run { $0.messages.count }
    #expect(paused == 1)
    try await probe.run { $0.link.pauseIntake(false) }
    #expect(try await probe.received(3))
    try await probe.run { $0.link.setConsuming(false) }
    #expect(try await probe.saw(.consuming(false)))
    _ = try await client.publish([message])
    try await probe.stop()
    let left = try await eventually { try await client.depth(of: queue).messages == 1 }
    #expect(left)
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `An oversized message is rejected and the next one comes`() async throws {
    let queue = LiveBroker.queueName()
    let client = try await LiveBroker.client()
    try await client.perform([LiveBroker.quorum(queue)])
    _ = try await client.publish([
      ClientMessage(exchange: "", routingKey: queue, body: [UInt8](repeating: 1, count: 300_000)),
      ClientMessage(exchange: "", routingKey: queue, body: [2]),
    ])
    var options = try LiveBroker.options()
    options.maximumBodyBytes = 1000
    let probe = try await LinkProbe.start(
      options, LinkRole(consumers: [Consumer(queue: queue, prefetch: 1)]))
    #expect(try await probe.received(1))
    let notes = try await probe.run { $0.notes }
    #expect(notes == [.ready(1), .oversized(300_000)])
    try await probe.stop()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `A queue that does not exist makes a new link give up`() async throws {
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(consumers: [Consumer(queue: "test.absent", prefetch: 1)]))
    #expect(try await probe.saw(.failed(.notFound, gaveUp: true)))
  }
}
