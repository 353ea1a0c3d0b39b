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

  /// How many events the store has in a status, while the service runs.
  private func events(_ service: ServiceProcess, _ status: String) throws -> Int {
    let (code, out, err) = try service.run(["events", "list", "--json", "--status", status])
    #expect(code == 0, "\(err)")
    return out.split(separator: "\n").count
  }

  @Test("A deleted input queue is made again, and what came meanwhile is in the unrouted queue")
  func inputQueueDeleted() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(messages(0..<20, service))
    try await eventually("the first are delivered") {
      try events(service, "pending-delivery") == 20
    }
    let queue = "\(service.prefix).realtime.00"
    try await client.perform([.deleteQueue(name: queue)])
    let outcomes = try await client.publish([
      TestEvents.message("meanwhile", lane: "realtime", prefix: service.prefix)
    ])
    #expect(outcomes == [.confirmed])
    try await eventually("the queue is there again, with its consumer") {
      (try? await client.depth(of: queue).consumers) == 1
    }
    _ = try await client.publish(messages(20..<40, service))
    try await eventually("the others are delivered") {
      try events(service, "pending-delivery") == 40
    }
    #expect(try await client.depth(of: "\(service.prefix).unrouted").messages == 1)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test("Without a binding for their channel deliveries wait, and go out once it is there")
  func bindingRemoved() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "1"])
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
    try await eventually("all are delivered") { try events(service, "pending-delivery") == 20 }
    #expect(try await client.depth(of: queue).messages == 20)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test("While the broker is frozen events wait; then each gets its one delivery")
  func frozenBroker() async throws {
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start(["MEDDELA_BROKER_HEARTBEAT_SECONDS": "5"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(broker.url)
    let engine = TestEngine(client, prefix: service.prefix)
    let delivering = Task { try await engine.run(channel: "email") }
    let load = Load(client, prefix: service.prefix)
    let publishing = Task { try await load.run() }
    for _ in 0..<2 {
      let before = await load.confirmed.count
      try await eventually("there is load") { await load.confirmed.count > before + 100 }
      try broker.pause()
      try await eventually("the service misses the broker's heartbeat") {
        service.log.contains("heartbeat times")
      }
      try broker.resume()
    }
    let before = await load.confirmed.count
    try await eventually("it goes on") { await load.confirmed.count > before + 100 }
    publishing.cancel()
    let count = await load.confirmed.count
    try await eventually("every confirmed event is sent", seconds: 300) {
      try events(service, "sent") >= count
    }
    #expect(try events(service, "pending") == 0)
    delivering.cancel()
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test("A memory alarm that outlasts the consumer timeout loses nothing")
  func alarm() async throws {
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
      try events(service, "pending") == 200
    }
    try await eventually("the broker has waited for too long") {
      service.log.contains("waited too long")
    }
    try broker.setAlarm(false)
    try await eventually("all are delivered", seconds: 300) {
      try events(service, "pending-delivery") == 200
    }
    #expect(try await client.depth(of: "\(service.prefix).deliveries.email").messages == 200)
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 0)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
