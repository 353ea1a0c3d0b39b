import Testing

@testable import AMQP

@Suite(
  .enabled(if: LiveBroker.url != nil, LiveBroker.reason), .serialized, .timeLimit(.minutes(2)))
struct LiveSettlingTests {
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
}
