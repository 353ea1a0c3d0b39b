import AMQP
import Foundation
import Testing

@Suite(
  "A broker that takes nothing for over a minute",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .enabled(if: LongTests.areWanted, Comment(rawValue: LongTests.reason)),
  .timeLimit(.minutes(10)))
struct LongPauseTests {
  @Test func `Consuming begins again while messages are unacknowledged, and no connection is lost`()
    async throws
  {
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(broker.url)
    // More than the prefetch of both lanes, so that some are left in the queues.
    let events = 3_000
    _ = try await client.publish(
      (0..<events).map {
        TestEvents.message(
          "w-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      })
    try broker.setAlarm(true)
    try service.start()
    try await service.waitUntilConsuming()
    try await eventually("it stops consuming") {
      service.log.contains("Not consuming for a while")
    }
    try broker.setAlarm(false)
    try await eventually("it consumes again") { service.log.contains("Consuming again") }
    _ = try await client.publish(
      (0..<events).map {
        TestEvents.message(
          "x-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      })
    try await eventually("all are delivered") {
      try service.count("pending-delivery") == 2 * events
    }
    let isLost = service.log.contains("connection is lost") || service.log.contains("541")
    #expect(!isLost, "\(service.log)")
    let published = try await client.depth(of: "\(service.prefix).deliveries.email").messages
    // What a busy broker does not confirm in time is published again.
    #expect(published >= 2 * events)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
