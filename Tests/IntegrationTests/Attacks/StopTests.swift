import AMQP
import Foundation
import Testing

@Suite(
  "A stop while something does not get through",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct StopTests {
  @Test func `A backlog of status updates that nobody takes does not hold it up: they are durable`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    // One full queue that rejects has the broker nack the update for everybody.
    let queue = "\(service.prefix)-subscriber"
    try await client.perform([
      .declareQueue(
        name: queue,
        arguments: [
          Argument("x-max-length", .int64(1)), Argument("x-overflow", .string("reject-publish")),
        ]),
      .bindQueue(queue: queue, exchange: "\(service.prefix).status", routingKey: "#"),
    ])
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    let events = 2_000
    _ = try await client.publish(
      (0..<events).map {
        TestEvents.message(
          "u-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      })
    try await eventually("all are delivered, and their updates wait") {
      guard try service.count("pending-delivery") == events else { return false }
      return await service.metric("meddela_outbox_backlog") ?? 0 >= 1_000
    }
    let end = try await service.stopTimed()
    print("the stop took \(end.seconds) s")
    #expect(end.code == 0)
    #expect(end.seconds < 40, "the stop took \(end.seconds) s")
    // The log is the outbox: they go out when there is room.
    try await client.perform([.deleteQueue(name: queue), .declareQueue(name: queue)])
    try await client.perform([
      .bindQueue(queue: queue, exchange: "\(service.prefix).status", routingKey: "#")
    ])
    try service.start()
    try await eventually("the updates are published after the next start") {
      try await client.depth(of: queue).messages >= events - 1
    }
    #expect(try await service.stop() == 0)
    try await client.perform([.deleteQueue(name: queue)])
    await client.close()
  }
}
