import AMQP
import Foundation
import Testing

@Suite(
  "A delivery queue that is full",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct FullDeliveryQueueTests {
  @Test func `Its events wait and are delivered when there is room; other channels never wait`()
    async throws
  {
    let control = TestBroker.control
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let queue = "\(service.prefix).deliveries.sms"
    try control.limit(queue, to: 5)
    defer { try? control.clearLimit(queue) }
    try service.start(["MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "2"])
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    let waiting = (0..<200).map {
      TestEvents.sms("s-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
    }
    _ = try await calm.client.publish(waiting)
    try await eventually("an event waits because its queue refuses it") {
      try service.run(["events", "show", "s-199", "--json"]).1.contains("broker-refused")
    }
    try await calm.goesOn(50)
    try control.clearLimit(queue)
    try await calm.client.perform([.purgeQueue(name: queue)])
    try await eventually("the events that waited are delivered", seconds: 90) {
      try service.count("pending") == 0
    }
    try await calm.allLanesGoOn()
    try await calm.ends()
    try await control.waitUntilSettled(service)
    #expect(try await service.stop() == 0)
    await calm.close()
  }
}
