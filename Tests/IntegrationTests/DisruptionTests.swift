import AMQP
import Foundation
import Testing

@Suite(
  "What operators and brokers do to a running service",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct DisruptionTests {
  private func messages(_ ids: Range<Int>, _ service: ServiceProcess) -> [ClientMessage] {
    ids.map {
      TestEvents.message(
        "d-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
    }
  }

  @Test
  func `A deleted input queue is made again, and what came meanwhile is in the unrouted queue`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(messages(0..<20, service))
    try await eventually("the first are delivered") {
      try service.count("pending-delivery") == 20
    }
    let queue = "\(service.prefix).realtime.00"
    // The service may look after its queues between the two.
    var meanwhile = 0
    while try await client.depth(of: "\(service.prefix).unrouted").messages == 0 {
      try await client.perform([.deleteQueue(name: queue)])
      let outcomes = try await client.publish([
        TestEvents.message("meanwhile-\(meanwhile)", lane: "realtime", prefix: service.prefix)
      ])
      #expect(outcomes == [.confirmed])
      meanwhile += 1
    }
    try await eventually("the queue is there again, with its consumer") {
      (try? await client.depth(of: queue).consumers) == 1
    }
    _ = try await client.publish(messages(20..<40, service))
    try await eventually("the others are delivered") {
      try service.count("pending-delivery") == 40 + meanwhile - 1
    }
    #expect(try await client.depth(of: "\(service.prefix).unrouted").messages == 1)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `Without a binding for their channel deliveries wait, and go out once it is there`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    // With "declare" it would mend the binding itself, within half a minute.
    try service.start([
      "MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "1", "MEDDELA_TOPOLOGY_MODE": "none",
    ])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let queue = "\(service.prefix).deliveries.email"
    try await client.perform([
      .unbindQueue(queue: queue, exchange: "\(service.prefix).deliveries", routingKey: "email.#")
    ])
    _ = try await client.publish(messages(0..<20, service))
    try await eventually("their failure is on record") {
      let (_, history, _) = try service.run(["events", "show", "d-0"])
      return history.contains("unroutable")
    }
    #expect(try service.run(["topology", "apply"]).0 == 0)
    try await eventually("all are delivered") { try service.count("pending-delivery") == 20 }
    #expect(try await client.depth(of: queue).messages == 20)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test
  func `While the broker is frozen events wait; then each gets its one delivery`() async throws {
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start(["MEDDELA_BROKER_HEARTBEAT_SECONDS": "5"])
    try await service.waitUntilConsuming()
    let traffic = try await Traffic(service)
    for _ in 0..<2 {
      try await traffic.flows()
      let misses = service.log.components(separatedBy: "heartbeat times").count
      try broker.pause()
      try await eventually("the service misses the broker's heartbeat") {
        service.log.components(separatedBy: "heartbeat times").count > misses
      }
      try broker.resume()
    }
    try await traffic.flows()
    try await traffic.settles(try await traffic.endLoad().count)
    #expect(try await service.stop() == 0)
    await traffic.close()
  }

  @Test func `A memory alarm that outlasts the consumer timeout loses nothing`() async throws {
    let broker = try OwnBroker()
    try broker.setConsumerTimeout(seconds: 10)
    let service = try ServiceProcess(brokerURL: broker.url)
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(broker.url)
    _ = try await client.publish(messages(0..<200, service))
    try broker.setAlarm(true)
    try service.start()
    try await service.waitUntilConsuming()
    try await eventually("the events are durable, and wait") {
      try service.count("pending") == 200
    }
    try await eventually("the broker has waited for too long") {
      service.log.contains("waited too long")
    }
    try broker.setAlarm(false)
    try await eventually("all are delivered", seconds: 300) {
      try service.count("pending-delivery") == 200
    }
    #expect(try await client.depth(of: "\(service.prefix).deliveries.email").messages == 200)
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 0)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
