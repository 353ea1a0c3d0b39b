import Foundation
import JSON
import Messages
import Templates
import Testing

@testable import Execution

/// Other people's programs read these: each property, header and field of what the engine
/// publishes, byte for byte. MEDDELA_TEST_MAKE_GOLDEN names a folder for a new `messages-1.txt`:
/// when a field is added. Nothing that stands in it may change or go.
@Suite("Messages that others rely on")
struct GoldenMessageTests {
  @Test func `Deliveries, status updates, receipts and parked copies have the bytes that they had`()
    throws
  {
    let shard = try Self.life()
    if let target = Golden.target {
      let text = shard.lines.joined(separator: "\n") + "\n"
      try text.write(toFile: target + "/messages-1.txt", atomically: true, encoding: .utf8)
      return
    }
    let golden = try Golden.lines("messages-1.txt").map(String.init)
    let differing = zip(golden, shard.lines).enumerated().filter { $1.0 != $1.1 }
    for (number, pair) in differing.prefix(10) {
      Issue.record("line \(number + 1): \(pair.1)\nexpected: \(pair.0)")
    }
    #expect(shard.lines.count == golden.count)
  }

  @Test func `Every kind of message, header and field is among them`() throws {
    let golden = try Golden.lines("messages-1.txt")
    for start in [
      "deliveries email.realtime.order mandatory", "deliveries sms.batch.order mandatory",
      "status pending-delivery.", "status sent.", "status ignored.", "status delivery-failed.",
      "status not-covered.", "status expired.", "status pending.", "parked not-json mandatory",
      "parked unknown-delivery mandatory", "parked id-conflict mandatory", "direct answers",
      "  content_encoding: ", "  reply_to: ", "  app_id: ", "  priority: ",
      "  header traceparent: ", "  header tracestate: ", "  header x-meddela-reason: ",
      "  header x-meddela-detail: ", "  header x-meddela-exchange: ",
      "  header x-meddela-routing-key: ", "  header x-meddela-lane: ",
      "  header x-meddela-first-seen: ", "  header x-meddela-version: ",
      "  header x-meddela-batch-id: ", "  header x-meddela-original-user-id: ",
      "  header x-meddela-original-expiration: ", "  kept headers: ",
      "  message_id: e1.receipt", "  message_id: e2.cancel-receipt",
    ] {
      #expect(golden.contains { $0.hasPrefix(start) }, "\(start)")
    }
    let bodies = golden.filter { $0.hasPrefix("  body: ") }.joined()
    for field in [
      "deliveryId", "eventId", "attempt", "lane", "channel", "type", "origin", "externalId",
      "language", "emailFormat", "template", "name", "version", "to", "email", "mobilePhone",
      "content", "from", "replyTo", "subject", "text", "html", "headers", "attachments",
      "expiration", "createdAt", "sequence", "status", "previousStatus", "providerMessageId",
      "reason", "code", "nextAttemptAt", "occurredAt", "recordedAt", "shard",
      "lineage", "lsn", "accepted", "duplicate",
    ] {
      #expect(bodies.contains("\"\(field)\":"), "\(field)")
    }
  }

  // MARK: - A life with all of them

  private static func life() throws -> OneShard {
    let shard = try OneShard(catalog())
    sendDeliveries(shard)
    sendLogs(shard)
    sendCancels(shard)
    sendParked(shard)
    return shard
  }

  private static func catalog() throws -> TemplateCatalog {
    let metadata = """
      publishedAt: 2020-01-01T00:00:00Z
      from: Shop <shop@example.se>
      """
    func files(_ name: String, _ metadata: String, _ parts: [(String, String)]) throws -> Template {
      let all = [("template.yaml", metadata)] + parts
      return try Template(
        TemplateFiles(
          name: name, files: all.map { TemplateFile(name: $0.0, bytes: Array($0.1.utf8)) }),
        checkingSample: false)
    }
    return try TemplateCatalog([
      files(
        "order.email.sv",
        """
        eventType: order
        channel: email
        language: sv
        \(metadata)
        replyTo: help@example.se
        headers: { List-Id: orders, X-Order: "{{ctx.order}}" }
        attachments: ["https://example.se/{{ctx.order}}.pdf"]
        fallback: [sms]
        """,
        [
          ("subject.mustache", "Order {{ctx.order}}"), ("text.mustache", "Hej {{ctx.name}}\n"),
          ("html.mustache", "<p>Hej {{ctx.name}}</p>"),
        ]),
      files(
        "order.sms",
        "eventType: order\nchannel: sms\nfrom: Shop\npublishedAt: 2020-01-01T00:00:00Z\n",
        [("text.mustache", "Order {{ctx.order}}")]),
    ])
  }

  private static func event(_ id: String, _ more: String = "") -> String {
    """
    {"id":"\(id)","type":"order","channel":"email","email":"elsa@example.se",\
    "mobilePhone":"+46701234567","origin":"butik-å","externalId":"kund \\"7\\"",\
    "language":"sv-SE","emailFormat":"html"\(more),"ctx":{"name":"Élsa","order":1042}}
    """
  }

  private static func sendDeliveries(_ shard: OneShard) {
    var first = OneShard.Sent(event("e1", #","expiration":"2199-01-01T00:00:00Z""#))
    first.replyTo = "answers"
    first.correlationID = "call 7"
    first.traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    first.traceState = "vendor=value"
    shard.receive(first)
    // The same again while the first is under way: its receipt says so.
    shard.receive(first)
    shard.run()
    var batch = OneShard.Sent(
      #"{"id":"b1","type":"order","channel":"sms","mobilePhone":"+46701","ctx":{"order":1}}"#)
    batch.inlet = .batch
    shard.take(batch)
    // No template, and one whose time is over.
    shard.take(OneShard.Sent(#"{"id":"n1","type":"other","email":"a@example.se","ctx":{}}"#))
    shard.take(OneShard.Sent(event("x1", #","expiration":"2020-01-01T00:00:00Z""#)))
  }

  private static func sendLogs(_ shard: OneShard) {
    func log(_ id: String, _ outcome: String, _ more: String = "") {
      var sent = OneShard.Sent(
        """
        {"deliveryId":"\(id).00.1","eventId":"\(id)","outcome":"\(outcome)",\
        "occurredAt":"2027-01-15T08:00:01.5Z"\(more)}
        """)
      sent.inlet = .deliveryLogs
      shard.take(sent)
    }
    for (id, outcome, more) in [
      ("l1", "sent", #","providerMessageId":"<77@mx.example.se>""#),
      ("l2", "ignored", #","reason":{"code":"opted-out","text":"Vill inte"}"#),
      ("l3", "failed", #","reason":{"code":"550 5.1.1","text":"\"Finns\" inte"}"#),
    ] {
      // Its log comes before its delivery is confirmed, or the engine has forgotten it.
      shard.receive(OneShard.Sent(event(id)))
      shard.turn()
      log(id, outcome, more)
    }
    log("nobody", "sent")
  }

  private static func sendCancels(_ shard: OneShard) {
    func cancel(_ id: String) {
      var sent = OneShard.Sent(#"{"id":"\#(id)"}"#)
      sent.type = "meddela.cancel"
      sent.replyTo = "answers"
      sent.correlationID = "call 8"
      shard.receive(sent)
    }
    shard.receive(OneShard.Sent(event("e2", #","scheduled":"2099-01-01T00:00:00Z""#)))
    cancel("e2")
    cancel("later")
    shard.run()
  }

  private static func sendParked(_ shard: OneShard) {
    var broken = OneShard.Sent("{\"id\": ", "application/json; charset=utf-8", messageID: "m1")
    broken.exchange = "meddela.realtime"
    broken.routingKey = "order"
    broken.contentEncoding = "utf-8"
    broken.correlationID = "call 9"
    broken.replyTo = "answers"
    broken.type = "their.type"
    broken.appID = "shop"
    broken.userID = "guest"
    broken.expiration = "60000"
    broken.priority = 4
    broken.timestampSeconds = 1_700_000_000
    broken.headers = "\u{6}tenantS\u{0}\u{0}\u{0}\u{1}n"
    shard.take(broken)
    var batch = OneShard.Sent("[\(event("p1")), {\"id\":7}]", messageID: "batch-1")
    batch.inlet = .batch
    batch.exchange = "meddela.batch"
    batch.routingKey = "order"
    shard.take(batch)
    // Another body under the same id.
    let scheduled = #","scheduled":"2099-01-01T00:00:00Z""#
    shard.receive(OneShard.Sent(event("c1", scheduled)))
    shard.receive(OneShard.Sent(event("c1", scheduled + #","country":"SE""#)))
    shard.run()
  }
}
