import AMQP
import Foundation
import JSON
import Testing

@Suite(
  "An event's life on a real broker",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct LifeTests {
  @Test func `A delivery without a log is published again, the same, and then the event expires`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_DELIVERY_LOG_TIMEOUT_SECONDS": "1"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish([
      TestEvents.message("quiet", lane: "realtime", prefix: service.prefix)
    ])
    try await eventually("the event expires") { try service.count("expired") == 1 }
    let copies = try await TestBroker.take(2, from: "\(service.prefix).deliveries.email", client)
    #expect(copies.count == 2)
    #expect(Set(copies.map(\.id)) == ["quiet.00.1"])
    #expect(Set(copies.map(\.body)).count == 1)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test
  func `What no template covers is counted, redriven through the service, and linked to before`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let body = TestEvents.body("odd", type: "unheard_of")
    _ = try await client.publish([
      TestEvents.message("odd", lane: "realtime", prefix: service.prefix, body: body)
    ])
    try await eventually("it is not covered") { try service.count("not-covered") == 1 }
    let select = ["events", "redrive", "--status", "not-covered", "--reason", "no-template"]
    let (code, counts, _) = try service.run(select + ["--dry-run", "--json"])
    #expect(code == 0)
    #expect(counts.contains(#""count":1"#))
    let (second, out, err) = try service.run(select + ["--json"])
    #expect(second == 0, "\(err)")
    #expect(out.contains(#""outcome":"done","attempt":2"#))
    let (third, none, _) = try service.run(["events", "redrive", "nobody", "--json"])
    #expect(third == 66)
    #expect(none.contains("not-found"))
    try await eventually("it is not covered again") { try service.count("not-covered") == 1 }
    let (_, history, _) = try service.run(["events", "show", "odd"])
    #expect(history.components(separatedBy: "not-covered").count >= 3)
    #expect(try await service.stop() == 0)
    let (down, _, reason) = try service.run(["events", "redrive", "odd"])
    #expect(down == 69, "\(reason)")
    await client.close()
  }

  @Test
  func `A failed delivery goes out on the fallback channel as the next attempt`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let sample = ServiceProcess.repository.appendingPathComponent(
      "deploy/sample/templates/invoice_reminder.email.sv/sample.json")
    let body = try String(contentsOf: sample, encoding: .utf8)
    var message = TestEvents.message(
      "sample-invoice", lane: "batch", prefix: service.prefix, body: body)
    message.routingKey = "invoice_reminder"
    _ = try await client.publish([message])
    let first = try await TestBroker.take(1, from: "\(service.prefix).deliveries.email", client)
    #expect(first.map(\.id) == ["sample-invoice.00.1"])
    let log = """
      {"deliveryId":"sample-invoice.00.1","eventId":"sample-invoice","outcome":"failed",\
      "reason":{"code":"mailbox-full"},"occurredAt":"2027-01-15T08:00:00Z"}
      """
    var answer = ClientMessage(
      exchange: "\(service.prefix).delivery-logs",
      routingKey: "\(service.prefix).delivery-logs.00", body: Array(log.utf8))
    answer.contentType = "application/json"
    _ = try await client.publish([answer])
    let second = try await TestBroker.take(1, from: "\(service.prefix).deliveries.sms", client)
    #expect(second.map(\.id) == ["sample-invoice.00.2"])
    #expect(second.first?.body.contains(#""channel":"sms""#) == true)
    try await eventually("the second attempt is out") {
      try service.count("pending-delivery") == 1
    }
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test
  func `A limited batch lane is acknowledged at once and delivered at its rate`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_BATCH_MAX_PER_SECOND": "20"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let start = Date()
    _ = try await client.publish(
      (0..<120).map { TestEvents.message("r-\($0)", lane: "batch", prefix: service.prefix) })
    try await eventually("all are accepted") {
      try service.count("pending") + service.count("pending-delivery") == 120
    }
    _ = try await client.publish([
      TestEvents.message("now", lane: "realtime", prefix: service.prefix)
    ])
    try await eventually("all are delivered") {
      try await client.depth(of: "\(service.prefix).deliveries.email").messages == 121
    }
    #expect(Date().timeIntervalSince(start) >= 5)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `A message that the broker has delivered often is processed alone, and accepted`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    #expect(try await service.stop() == 0)
    let queue = "\(service.prefix).realtime.00"
    for round in 0..<6 {
      let client = try await TestBroker.client(service.brokerURL)
      if round == 0 {
        _ = try await client.publish([
          TestEvents.message("shy", lane: "realtime", prefix: service.prefix)
        ])
      }
      let stream = client.consume(Consumer(queue: queue, prefetch: 1))
      for try await _ in stream { break }
      // It goes back unacknowledged, and the broker counts.
      await stream.close()
      await client.close()
    }
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    try await eventually("it is delivered") { try service.count("pending-delivery") == 1 }
    try await eventually("it was alone, and consuming goes on") {
      service.log.contains("Not consuming for a while") && service.log.contains("Consuming again")
    }
    #expect(try await service.stop() == 0)
  }

  @Test func `A service that is told to stop while it starts ends at once, whenever that is`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    for round in 0..<16 {
      try service.start()
      // Not a wait for anything: each round's signal comes at another moment.
      try await Task.sleep(for: .milliseconds(50 + 60 * round))
      let code = try await service.stop()
      // The signal itself, before the service listens to signals.
      #expect(code == 0 || code == SIGTERM, "round \(round): \(code), \(service.log.suffix(2_000))")
    }
  }
}
