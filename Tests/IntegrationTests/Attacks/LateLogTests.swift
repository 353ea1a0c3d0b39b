import AMQP
import Foundation
import Testing

@Suite(
  "Delivery logs that came while the service was down",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct LateLogTests {
  private func log(_ id: String, _ prefix: String) -> ClientMessage {
    let body = """
      {"deliveryId":"\(id).00.1","eventId":"\(id)","outcome":"sent",\
      "occurredAt":"\(ISO8601DateFormatter().string(from: Date()))"}
      """
    var message = ClientMessage(
      exchange: "\(prefix).delivery-logs", routingKey: "\(prefix).delivery-logs.00",
      body: Array(body.utf8))
    message.contentType = "application/json"
    message.messageID = "\(id).log"
    return message
  }

  @Test(arguments: ["0", "1"])
  func `They count before the log timeout does: no delivery is published again, nothing expires`(
    _ retries: String
  ) async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let ids = (0..<600).map { "late-\($0)" }
    _ = try await client.publish(
      ids.map { TestEvents.message($0, lane: "realtime", prefix: service.prefix) })
    try await eventually("they are delivered") {
      try service.count("pending-delivery") == ids.count
    }
    #expect(try await service.stop() == 0)
    let deliveries = "\(service.prefix).deliveries.email"
    let published = try await client.depth(of: deliveries).messages
    #expect(published == ids.count)
    _ = try await client.publish(ids.map { log($0, service.prefix) })
    // Longer ago than this, every delivery is overdue when the service starts.
    let deadline = Date().addingTimeInterval(1.5)
    try await eventually("all deliveries are overdue") { Date() > deadline }
    try service.start(
      [
        "MEDDELA_DELIVERY_LOG_TIMEOUT_SECONDS": "1",
        "MEDDELA_DELIVERY_LOG_TIMEOUT_RETRIES": retries,
      ], servesHTTP: true)
    try await eventually("all are sent") { try service.count("sent") == ids.count }
    #expect(try await client.depth(of: deliveries).messages == ids.count, "published again")
    #expect(await service.metric("meddela_log_timeouts_total") == 0)
    let history = try service.run(["events", "show", "late-599", "--json"]).1
    #expect(!history.contains("expired"), "\(history)")
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
