import Glibc
import Testing

@testable import AMQP

@Suite(
  .enabled(
    if: LiveBroker.faultURL != nil && LiveBroker.faultControl != nil, LiveBroker.faultReason),
  .serialized, .timeLimit(.minutes(2)))
struct LiveFaultTests {
  @Test func `Nothing published is missing after connections were closed in the middle`()
    async throws
  {
    let client = try await LiveBroker.client(url: LiveBroker.faultURL)
    let queue = LiveBroker.queueName()
    try await client.perform([LiveBroker.quorum(queue)])
    async let closing: Void = LiveBroker.run("close_all_connections gone")
    var sent = 0
    // Until the closing has happened, and a good deal more.
    let end = ContinuousClock.now + .seconds(4)
    while ContinuousClock.now < end {
      let batch = (sent..<sent + 200).map { number in
        var message = ClientMessage(exchange: "", routingKey: queue, body: [])
        message.messageID = "m\(number)"
        return message
      }
      let outcomes = try await client.publish(batch)
      #expect(outcomes.allSatisfy { $0 == .confirmed })
      sent += 200
    }
    await closing
    let messages = client.consume(Consumer(queue: queue, prefetch: 1000))
    var seen: Set<String> = []
    for try await batch in messages {
      for message in batch { seen.insert(message.text(message.properties.messageID) ?? "") }
      messages.settle(batch)
      if seen.count == sent { break }
    }
    #expect(seen.count == sent)
    await messages.close()
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }

  @Test func `A consumer goes on after its connection was closed, in a new epoch`() async throws {
    let queue = LiveBroker.queueName()
    let probe = try await LinkProbe.start(
      LiveBroker.options(url: LiveBroker.faultURL),
      LinkRole(
        topology: [LiveBroker.quorum(queue)], consumers: [Consumer(queue: queue, prefetch: 5)]))
    #expect(try await probe.saw(.ready(1)))
    await LiveBroker.run("close_all_connections gone")
    #expect(try await probe.saw(.ready(2)))
    #expect(try await probe.saw(.lost(1, .connectionForced, [])))
    try await probe.run { $0.link.perform([.deleteQueue(name: queue)]) { _ in } }
    try await probe.stop()
  }

  @Test func `A memory alarm is told, confirms wait, and all is confirmed when it ends`()
    async throws
  {
    let queue = LiveBroker.queueName()
    let probe = try await LinkProbe.start(
      LiveBroker.options(url: LiveBroker.faultURL),
      LinkRole(topology: [LiveBroker.quorum(queue)], publishes: true))
    #expect(try await probe.saw(.ready(1)))
    await LiveBroker.run("set_vm_memory_high_watermark 0")
    // The broker says so when the connection publishes.
    try await probe.run { probe in
      try probe.publish(queue, "one", token: 1)
      probe.link.flush()
    }
    let blocked = try await eventually { try await probe.run { $0.link.isBlocked } }
    #expect(blocked)
    try await probe.run { probe in
      try probe.publish(queue, "two", token: 2)
      probe.link.flush()
    }
    await LiveBroker.run("set_vm_memory_high_watermark 0.4")
    let confirmed = try await eventually {
      try await probe.run { $0.link.unconfirmedCount == 0 && !$0.link.isBlocked }
    }
    #expect(confirmed)
    try await probe.run { $0.link.perform([.deleteQueue(name: queue)]) { _ in } }
    try await probe.stop()
  }
}
