import AMQP
import Foundation
import Testing

@Suite(
  "A foreign consumer that is the active one of an input queue",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ForeignConsumerTests {
  @Test(arguments: ["realtime", "delivery-logs"])
  func `The queue is named in /ready and in the log, and no more once the other has gone`(
    _ inlet: String
  ) async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let queue = "\(service.prefix).\(inlet).00"
    let client = try await TestBroker.client(service.brokerURL)
    let foreign = client.consume(Consumer(queue: queue, prefetch: 1))
    let holding = Task { for try await _ in foreign {} }
    try await eventually("the foreign consumer is there") {
      try await client.depth(of: queue).consumers == 1
    }
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    let messages = (0..<20).map { number in
      var message = TestEvents.message("f-\(number)", lane: inlet, prefix: service.prefix)
      if inlet == "delivery-logs" { message.routingKey = queue }
      return message
    }
    _ = try await client.publish(messages)
    try await eventually("/ready names the queue", seconds: 75) {
      let ready = await service.get("ready")
      return ready.code == 503 && ready.text.contains(queue)
    }
    #expect(service.log.contains(queue))
    await foreign.close()
    holding.cancel()
    try await eventually("it names it no more", seconds: 60) {
      let ready = await service.get("ready")
      return ready.code == 200 && !ready.text.contains(queue)
    }
    try await TestBroker.control.waitUntilSettled(service)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
