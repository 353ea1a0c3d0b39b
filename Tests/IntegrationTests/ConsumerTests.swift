import AMQP
import Foundation
import Testing

@Suite(
  "Consumers whose process, channel or queue dies",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ConsumerTests {
  @Test
  func `A message that the broker cannot deliver is parked in seconds, alone, and others flow`()
    async throws
  {
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(broker.url)
    let others = (0..<400).map {
      TestEvents.message(
        "o-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
    }
    _ = try await client.publish(Array(others[..<200]))
    try broker.publishUndeliverable(
      to: "\(service.prefix).realtime", routingKey: "order_confirmation",
      body: TestEvents.body("n77"))
    _ = try await client.publish(Array(others[200...]))
    try await eventually("it is parked", seconds: 20) {
      try await client.depth(of: "\(service.prefix).parked").messages == 1
    }
    try await eventually("the others are delivered", seconds: 20) {
      try service.count("pending-delivery") == 400
    }
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 1)
    let warnings = service.log.components(separatedBy: "it may be unable to deliver")
    #expect(warnings.count == 2, "said once")
    #expect(warnings.last?.contains("\(service.prefix).realtime.00") == true)
    // No other consumer noticed.
    #expect(!service.log.contains("connection is lost broker.link=consume batch"))
    #expect(!service.log.contains("connection is lost broker.link=consume delivery-logs"))
    // None of the neighbours was out so often that it would be taken alone.
    #expect(!service.log.contains("is processed alone"))
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `Twenty-five lives of a tenth of a second park no healthy message`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(
      (0..<2_000).map {
        TestEvents.message(
          "s-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      })
    for life in 0..<25 {
      try service.start()
      try await service.waitUntilConsuming(starts: life + 1)
      try await Task.sleep(for: .milliseconds(100))
      service.kill()
    }
    try service.start()
    try await eventually("all are delivered") { try service.count("pending-delivery") == 2_000 }
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 0)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
