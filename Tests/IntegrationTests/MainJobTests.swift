import AMQP
import Foundation
import JSON
import Simulation
import Testing

@Suite(
  "The main job on a real broker",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct MainJobTests {
  @Test
  func `Events of both lanes are delivered, answered and final, and every message fits its schema`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let watcher = try await StatusWatcher(client, prefix: service.prefix)
    let engine = TestEngine(client, prefix: service.prefix)
    let delivering = Task { try await engine.run(channel: "email") }
    let watching = Task { try await watcher.run() }
    var ids: [String] = []
    for index in 0..<200 {
      let id = "main-\(index)"
      ids.append(id)
      let outcomes = try await client.publish([
        TestEvents.message(
          id, lane: index % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      ])
      #expect(outcomes == [.confirmed])
    }
    try await eventually("every event is sent") {
      let sent = await watcher.newest.values.filter { $0 == "sent" }.count
      return sent == ids.count
    }
    delivering.cancel()
    watching.cancel()
    #expect(Set(await engine.deliveries).count == ids.count)
    #expect(await watcher.disorder.isEmpty)
    try service.checkSchema("delivery", await engine.bodies)
    try service.checkSchema("status-update", await watcher.bodies)
    let (code, out, _) = try service.run(["events", "list", "--json", "--status", "sent"])
    #expect(code == 0)
    #expect(out.split(separator: "\n").count == ids.count)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `A client written from the schemas alone gets receipt, delivery and updates in order`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let script = ServiceProcess.repository.appendingPathComponent("Tests/Contract/pika_client.py")
    let (code, out, err) = try Command.run(
      "/usr/bin/env",
      ["python3", script.path, "--url", service.brokerURL, "--prefix", service.prefix],
      ProcessInfo.processInfo.environment, in: service.folder)
    #expect(code == 0, "\(out)\(err)")
    #expect(try await service.stop() == 0)
  }

  @Test
  func `A delivery that no queue takes stays pending, and is delivered when there is one again`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "1"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let watcher = try await StatusWatcher(client, prefix: service.prefix)
    let watching = Task { try await watcher.run() }
    // The service's own check, every 30 seconds, may mend it before the delivery is published: then
    // another event is tried.
    var id = ""
    for number in 1...20 {
      id = "lost-\(number)"
      try await client.perform([.deleteQueue(name: "\(service.prefix).deliveries.email")])
      _ = try await client.publish([
        TestEvents.message(id, lane: "realtime", prefix: service.prefix)
      ])
      try await eventually("the event has a status") { await watcher.newest[id] != nil }
      if await watcher.isUnroutable(id) { break }
    }
    #expect(await watcher.isUnroutable(id), "it was pending with its error")
    try await eventually("the delivery is confirmed once the queue is there again") {
      await watcher.newest[id] == "pending-delivery"
    }
    watching.cancel()
    #expect(try await service.stop() == 0)
    await client.close()
  }
}

/// Subscribes to all status updates, drops old sequences, and notes gaps in what is left.
actor StatusWatcher {
  private(set) var newest: [String: String] = [:]
  private(set) var bodies: [String] = []
  private(set) var disorder: [String] = []
  private var sequences: [String: Int64] = [:]
  private let client: BrokerClient
  private let parser = JSONParser()
  private let queue: String

  init(_ client: BrokerClient, prefix: String) async throws {
    self.client = client
    queue = "\(prefix).test-watcher"
    try await client.perform([
      .declareQueue(name: queue),
      .bindQueue(queue: queue, exchange: "\(prefix).status", routingKey: "#"),
    ])
  }

  /// Whether it was said of the event that no queue took its delivery.
  func isUnroutable(_ id: String) -> Bool {
    bodies.contains {
      $0.contains("\"\(id)\"") && $0.contains("unroutable") && $0.contains("errorCount")
    }
  }

  /// Until the task is cancelled.
  func run() async throws {
    let stream = client.consume(Consumer(queue: queue, prefetch: 500))
    for try await batch in stream {
      for message in batch { take(message) }
      stream.settle(batch)
    }
  }

  private func take(_ message: IncomingMessage) {
    SeenMessages.add(message)
    let body = message.withBody { Array($0) }
    let fields = try? parser.withDocument(body) { root in
      (
        root["eventId"]?.asString?.string, root["sequence"]?.asInt64,
        root["status"]?.asString?.string
      )
    }
    guard let id = fields?.0, let sequence = fields?.1, let status = fields?.2 else {
      return disorder.append("not a status update")
    }
    bodies.append(String(decoding: body, as: UTF8.self))
    guard sequence > sequences[id, default: 0] else { return }
    // The first, a passing pending, is not published.
    if sequence > sequences[id, default: 1] + 1 { disorder.append("\(id) misses \(sequence - 1)") }
    sequences[id] = sequence
    newest[id] = status
  }
}
