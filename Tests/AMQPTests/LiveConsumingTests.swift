import Testing

@testable import AMQP

/// Consumers that come and go on one channel while messages are unacknowledged.
@Suite(
  .enabled(if: LiveBroker.url != nil, LiveBroker.reason), .serialized, .timeLimit(.minutes(2)))
struct LiveConsumingTests {
  private static func input(_ name: String) -> TopologyOperation {
    .declareQueue(
      name: name,
      arguments: [
        Argument("x-queue-type", .string("quorum")),
        Argument("x-single-active-consumer", .boolean(true)),
      ])
  }

  private func filled(_ queue: String, _ count: Int) async throws -> BrokerClient {
    let client = try await LiveBroker.client()
    try await client.perform([Self.input(queue)])
    let messages = (0..<count).map { number in
      var message = ClientMessage(exchange: "", routingKey: queue, body: [1])
      message.messageID = "\(number)"
      return message
    }
    _ = try await client.publish(messages)
    return client
  }

  /// How many different messages have come, and how many deliveries.
  private func seen(_ probe: LinkProbe.Bound) async throws -> (messages: Int, deliveries: Int) {
    try await probe.run { probe in
      let ids = probe.messages.map { $0.text($0.properties.messageID) ?? "" }
      return (Set(ids).count, ids.count)
    }
  }

  @Test func `Consuming stops and starts on one channel with messages unacknowledged`()
    async throws
  {
    let queue = LiveBroker.queueName()
    let client = try await filled(queue, 200)
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(consumers: [Consumer(queue: queue, prefetch: 5)]))
    #expect(try await probe.received(5))
    for round in 2...30 {
      let stops = try await probe.run { probe in
        probe.link.setConsuming(false)
        probe.link.setConsuming(true)
        return probe.notes.count(where: { $0 == .consuming(true) })
      }
      let again = try await eventually(seconds: 20) {
        try await probe.run { $0.notes.count(where: { $0 == .consuming(true) }) > stops }
      }
      try #require(again, "no consumer in round \(round)")
      // Some are acknowledged in between, out of their order.
      try await probe.run { probe in
        for message in probe.messages.suffix(2) {
          probe.link.settle(message.deliveryTag, epoch: message.channelEpoch)
        }
        probe.link.flush(waitsForHoles: false)
      }
    }
    let (messages, deliveries) = try await seen(probe)
    #expect(messages == deliveries, "the broker gave messages back and delivered them again")
    let epoch = try await probe.run { $0.link.epoch }
    #expect(epoch == 1, "the broker closed the channel")
    try await probe.stop()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `A prefetch grows and shrinks while messages are unacknowledged`() async throws {
    let queue = LiveBroker.queueName()
    let client = try await filled(queue, 300)
    let probe = try await LinkProbe.start(
      LiveBroker.options(), LinkRole(consumers: [Consumer(queue: queue, prefetch: 1)]))
    #expect(try await probe.received(1))
    // What was out before does not count towards the new prefetch.
    for (prefetch, total) in [(UInt16(8), 9), (64, 73), (1, 74)] {
      try await probe.run { $0.link.setPrefetch(prefetch) }
      #expect(try await probe.received(total))
    }
    try await probe.run { probe in
      for message in probe.messages {
        probe.link.settle(message.deliveryTag, epoch: message.channelEpoch)
      }
      probe.link.flush()
    }
    #expect(try await probe.received(75))
    try await probe.run { $0.link.releaseUnsettled() }
    #expect(try await probe.saw(.ready(2)))
    #expect(try await probe.received(76))
    let (_, deliveries) = try await seen(probe)
    #expect(deliveries == 76, "a prefetch of one outlives the channel")
    try await probe.stop()
    let left = try await eventually { try await client.depth(of: queue).messages == 226 }
    #expect(left)
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }
}
