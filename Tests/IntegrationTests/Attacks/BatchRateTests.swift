import AMQP
import Foundation
import Testing

@Suite(
  "batch.maxPerSecond and deliveries that are not first ones",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct BatchRateTests {
  static let events = 100
  static let rate = 25

  /// Nothing may go out faster than the rate, a little burst aside.
  private func expectPaced(_ messages: [Collector.Message], _ what: String) {
    let times = messages.map(\.arrivedAt).sorted()
    guard let first = times.first, let last = times.last else { return }
    let seconds = last.timeIntervalSince(first)
    print("\(what): \(times.count) deliveries in \(seconds) s")
    let least = Double(times.count) / Double(Self.rate) * 0.8
    #expect(seconds >= least, "\(what): \(times.count) deliveries in \(seconds) s")
  }

  private func invoice(_ number: Int, _ sample: String, _ prefix: String) -> ClientMessage {
    let body = sample.replacingOccurrences(of: "sample-invoice", with: "inv-\(number)")
    var message = TestEvents.message("inv-\(number)", lane: "batch", prefix: prefix, body: body)
    message.routingKey = "invoice_reminder"
    return message
  }

  private func failure(_ number: Int, _ prefix: String) -> ClientMessage {
    let log = """
      {"deliveryId":"inv-\(number).00.1","eventId":"inv-\(number)","outcome":"failed",\
      "reason":{"code":"mailbox-full"},"occurredAt":"2027-01-15T08:00:00Z"}
      """
    var answer = ClientMessage(
      exchange: "\(prefix).delivery-logs", routingKey: "\(prefix).delivery-logs.00",
      body: Array(log.utf8))
    answer.contentType = "application/json"
    return answer
  }

  @Test func `Fallbacks, repeats after a log timeout and redriven events keep to the rate, too`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let sample = try String(
      contentsOf: ServiceProcess.repository.appendingPathComponent(
        "deploy/sample/templates/invoice_reminder.email.sv/sample.json"), encoding: .utf8)
    _ = try await client.publish(
      (0..<Self.events).map { invoice($0, sample, service.prefix) })
    try await eventually("they are delivered") {
      try service.count("pending-delivery") == Self.events
    }
    #expect(try await service.stop() == 0)
    let paced = ["MEDDELA_BATCH_MAX_PER_SECOND": "\(Self.rate)"]
    try service.start(paced)
    try await service.waitUntilConsuming(starts: 2)
    let collector = Collector(client, queue: "\(service.prefix).deliveries.sms")
    let collecting = Task { try await collector.run() }
    defer { collecting.cancel() }

    _ = try await client.publish((0..<Self.events).map { failure($0, service.prefix) })
    try await eventually("fallbacks are delivered") {
      await collector.messages.count == Self.events
    }
    expectPaced(await collector.messages, "fallbacks")

    // All are overdue at this start.
    #expect(try await service.stop() == 0)
    let overdue = [
      "MEDDELA_DELIVERY_LOG_TIMEOUT_SECONDS": "1", "MEDDELA_DELIVERY_LOG_TIMEOUT_RETRIES": "1",
    ]
    try service.start(paced.merging(overdue) { $1 })
    try await eventually("each is published again, then expires") {
      try service.count("expired") == Self.events
    }
    let repeats = await collector.messages.dropFirst(Self.events)
    #expect(repeats.count == Self.events)
    expectPaced(Array(repeats), "repeats")

    #expect(try await service.stop() == 0)
    try service.start(paced)
    try await service.waitUntilConsuming(starts: 4)
    // Redriven events begin on their own channel again, whose queue holds the first deliveries.
    let emails = Collector(client, queue: "\(service.prefix).deliveries.email")
    let collectingEmails = Task { try await emails.run() }
    defer { collectingEmails.cancel() }
    try await eventually("the first deliveries are taken") {
      await emails.messages.count == Self.events
    }
    let (code, _, err) = try service.run(["events", "redrive", "--status", "expired", "--json"])
    #expect(code == 0, "\(err)")
    try await eventually("redriven events are delivered") {
      await emails.messages.count == Self.events * 2
    }
    expectPaced(Array(await emails.messages.dropFirst(Self.events)), "redriven")
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
