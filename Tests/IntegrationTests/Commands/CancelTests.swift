import AMQP
import Foundation
import Testing

@Suite(
  "Cancels on a real broker",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct CancelTests {
  private static let later = #","scheduled":"2099-12-24T06:00:00Z""#

  private static func cancel(
    _ id: String, lane: String = "realtime", _ service: ServiceProcess, body: String? = nil,
    replyTo: String? = nil
  ) -> ClientMessage {
    var message = TestEvents.message(
      id, lane: lane, prefix: service.prefix, body: body ?? #"{"id":"\#(id)"}"#)
    message.type = "meddela.cancel"
    message.replyTo = replyTo
    message.correlationID = id
    return message
  }

  private static func started(_ more: [String: String] = [:]) async throws -> (
    ServiceProcess, BrokerClient
  ) {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(more)
    try await service.waitUntilConsuming()
    return (service, try await TestBroker.client(service.brokerURL))
  }

  @Test
  func `A scheduled event is cancelled by its producer, and receipts and status updates say so`()
    async throws
  {
    let (service, client) = try await Self.started()
    let (answers, updates) = ("\(service.prefix)-answers", "\(service.prefix)-updates")
    try await client.perform([
      .declareQueue(name: answers), .declareQueue(name: updates),
      .bindQueue(queue: updates, exchange: "\(service.prefix).status", routingKey: "#"),
    ])
    _ = try await client.publish([
      TestEvents.message(
        "s-1", lane: "batch", prefix: service.prefix,
        body: TestEvents.body("s-1", more: Self.later)),
      TestEvents.message("out", lane: "realtime", prefix: service.prefix),
    ])
    try await eventually("one waits, and one is out") {
      try service.count("pending") == 1 && service.count("pending-delivery") == 1
    }
    for _ in 0..<2 {
      _ = try await client.publish([Self.cancel("s-1", service, replyTo: answers)])
    }
    _ = try await client.publish([
      Self.cancel("out", service, replyTo: answers),
      Self.cancel("nobody", lane: "batch", service, replyTo: answers),
    ])
    let receipts = try await TestBroker.take(4, from: answers, client)
    try service.checkSchema("receipt", receipts.map(\.body))
    func receipt(_ id: String) -> [String] {
      receipts.filter { $0.id == "\(id).cancel-receipt" }.map(\.body)
    }
    #expect(receipt("s-1").count == 2)
    for (body, isRepeat) in zip(receipt("s-1"), ["false", "true"]) {
      #expect(body.contains(#""accepted":true,"duplicate":\#(isRepeat),"status":"ignored""#))
      #expect(body.contains(#""code":"cancelled""#))
    }
    #expect(receipt("out").first?.contains(#""accepted":false"#) == true)
    #expect(receipt("out").first?.contains(#""code":"delivery-published""#) == true)
    #expect(receipt("nobody").first?.contains(#""code":"cancel-remembered""#) == true)
    let seen = try await TestBroker.take(3, from: updates, client)
    try service.checkSchema("status-update", seen.map(\.body))
    let ignored = seen.map(\.body).filter { $0.contains(#""status":"ignored""#) }
    #expect(ignored.count == 1 && ignored[0].contains(#""reason":{"code":"cancelled""#))
    #expect(try service.count("ignored") == 1)
    let (_, shown, _) = try service.run(["events", "show", "s-1"])
    #expect(shown.contains("reason: cancelled: cancelled while it was pending"), "\(shown)")
    #expect(try service.run(["events", "reconcile"]).0 == 0)
    #expect(try await service.stop() == 0)
    #expect(try service.run(["store", "verify"]).0 == 0)
    await client.close()
  }

  @Test
  func `A cancel that came first is remembered over kill -9, and nothing of its event goes out`()
    async throws
  {
    let (service, client) = try await Self.started()
    let body = #"[{"id":"e-1"},{"id":"e-2"}]"#
    var both = Self.cancel("e-1", service, body: body)
    both.messageID = "both"
    _ = try await client.publish([both])
    // Acknowledged: it is durable.
    try await eventually("it is taken") {
      try await client.depth(of: "\(service.prefix).realtime.00").messages == 0
        && service.run(["events", "show", "e-2"]).2.contains("it was cancelled at")
    }
    service.kill()
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    #expect(try service.run(["events", "list"]).1 == "no event\n")
    #expect(try service.run(["events", "show", "e-1"]).0 == 66)
    _ = try await client.publish([
      TestEvents.message("e-1", lane: "realtime", prefix: service.prefix),
      TestEvents.message("e-2", lane: "batch", prefix: service.prefix),
      TestEvents.message("e-3", lane: "batch", prefix: service.prefix),
    ])
    try await eventually("two are ignored, the third is out") {
      try service.count("ignored") == 2 && service.count("pending-delivery") == 1
    }
    #expect(
      try await client.depth(of: "\(service.prefix).deliveries.email").messages == 1)
    let (_, json, _) = try service.run(["events", "show", "e-1", "--json"])
    #expect(json.contains(#""text":"cancelled before it came""#), "\(json)")
    let (code, counts, _) = try service.run(["store", "stat"])
    #expect(code == 0 && counts.contains("ignored"), "\(counts)")
    #expect(try service.run(["events", "reconcile"]).0 == 0)
    #expect(try await service.stop() == 0)
    #expect(try service.run(["store", "verify"]).0 == 0)
    let (exported, lines, _) = try service.run(["store", "export"])
    #expect(exported == 0 && lines.split(separator: "\n").count == 3, "\(lines)")
    await client.close()
  }

  @Test
  func `The command says cancelled, remembered or too late, each with its exit code`() async throws
  {
    let (service, client) = try await Self.started()
    _ = try await client.publish([
      TestEvents.message(
        "c-1", lane: "realtime", prefix: service.prefix,
        body: TestEvents.body("c-1", more: Self.later)),
      TestEvents.message("c-2", lane: "realtime", prefix: service.prefix),
    ])
    try await eventually("one waits, and one is out") {
      try service.count("pending") == 1 && service.count("pending-delivery") == 1
    }
    let (code, out, err) = try service.run(["events", "cancel", "c-1"])
    #expect(code == 0 && out.contains("cancelled  nothing of it goes out"), "\(out)\(err)")
    let (again, repeated, _) = try service.run(["events", "cancel", "c-1", "--json"])
    #expect(
      again == 0
        && repeated
          == #"{"eventId":"c-1","outcome":"already-cancelled","status":"ignored"}"# + "\n"
    )
    let (remembered, said, _) = try service.run(["events", "cancel", "c-9"])
    #expect(remembered == 0 && said.contains("no such event has come yet"), "\(said)")
    let (late, why, reason) = try service.run(["events", "cancel", "c-2", "c-8"])
    #expect(late == 65 && why.contains("its delivery is out"), "\(why)")
    #expect(why.contains("remembered") && reason.contains("1 event was not cancelled"))
    #expect(try service.run(["events", "cancel", "c-ä"]).0 == 64)
    #expect(try service.run(["events", "cancel"]).0 == 64)
    // By way of the broker.
    let publish = ["publish", "--wait", "--lane", "batch", "--cancel"]
    let (published, receipts, no1) = try service.run(publish + ["c-1", "--cancel", "c-7"])
    #expect(published == 0 && receipts.contains("accepted 2 (1 were known"), "\(receipts)\(no1)")
    let (refused, _, named) = try service.run(publish + ["c-2"])
    #expect(refused == 65 && named.contains("c-2: delivery-published: "), "\(named)")
    #expect(try service.run(publish + ["c-2", "--generate", "2"]).0 == 64)
    // On purpose it is sent after all.
    let (resent, _, no) = try service.run(["events", "resend", "c-1"])
    #expect(resent == 0, "\(no)")
    try await eventually("it is out") { try service.count("pending-delivery") == 2 }
    #expect(try await service.stop() == 0)
    let (down, _, needs) = try service.run(["events", "cancel", "c-1"])
    #expect(down == 69 && needs.contains("needs the running service"), "\(needs)")
    await client.close()
  }

  @Test
  func `What is no cancel parks as one, and can be replayed; the service goes on`() async throws {
    let (service, client) = try await Self.started()
    let bodies = [
      "", "{", "[]", "null", #"{"id":7}"#, #"[{"id":"ok"},{"no":1}]"#, "<rtEvent/>",
      String(repeating: "[", count: 10_000),
    ]
    _ = try await client.publish(
      bodies.enumerated().map { index, body in
        var message = Self.cancel("bad-\(index)", service, body: body)
        if index == 6 { message.contentType = "application/xml" }
        return message
      })
    try await eventually("each has its parked copy") {
      try await client.depth(of: "\(service.prefix).parked").messages == bodies.count
    }
    let (code, out, _) = try service.run(["parked", "show", "bad-4"])
    #expect(code == 0 && out.contains("bad-id") && out.contains("meddela.cancel"), "\(out)")
    let (replayed, said, _) = try service.run(["parked", "replay", "--id", "bad-4"])
    #expect(replayed == 0, "\(said)")
    try await eventually("it is parked again, still a cancel") {
      try service.run(["parked", "show", "bad-4"]).1.contains("meddela.cancel")
    }
    _ = try await client.publish([
      TestEvents.message("ok", lane: "realtime", prefix: service.prefix),
      TestEvents.message("fine", lane: "realtime", prefix: service.prefix),
    ])
    try await eventually("one is ignored, the other is out") {
      try service.count("ignored") == 1 && service.count("pending-delivery") == 1
    }
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
