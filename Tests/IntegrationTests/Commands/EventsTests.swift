import AMQP
import Foundation
import JSON
import Simulation
import Testing

@Suite(
  "What the commands say of events",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct EventsTests {
  /// A service with one event that has failed by a delivery engine's own reason.
  private struct Failed {
    let service: ServiceProcess
    let client: BrokerClient
    /// The delivery as the engine got it.
    let delivery: String
  }

  private static func failed(_ id: String, body: String? = nil) async throws -> Failed {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish([
      TestEvents.message(id, lane: "realtime", prefix: service.prefix, body: body)
    ])
    let stream = client.consume(
      Consumer(queue: "\(service.prefix).deliveries.email", prefetch: 1))
    var delivery = ""
    for try await batch in stream {
      SeenMessages.add(batch[0])
      delivery = batch[0].withBody { String(decoding: $0, as: UTF8.self) }
      stream.settle(batch)
      break
    }
    await stream.close()
    let log = """
      {"deliveryId":"\(id).00.1","eventId":"\(id)","outcome":"failed",\
      "reason":{"code":"550 5.1.1","text":"user \\u001b[2Junknown, and this is all of the reason"},\
      "providerMessageId":"<provider-77@mx>","occurredAt":"2026-11-01T08:00:00Z"}
      """
    var answer = ClientMessage(
      exchange: "\(service.prefix).delivery-logs",
      routingKey: "\(service.prefix).delivery-logs.00", body: Array(log.utf8))
    answer.contentType = "application/json"
    _ = try await client.publish([answer])
    try await eventually("it has failed") { try service.count("delivery-failed") == 1 }
    return Failed(service: service, client: client, delivery: delivery)
  }

  @Test func `A reason with a blank is one reason, and each refusal says why`() async throws {
    let failed = try await Self.failed("f-1")
    let service = failed.service
    let select = ["events", "redrive", "--status", "delivery-failed"]
    let (code, table, err) = try service.run(select + ["--dry-run"])
    #expect(code == 0 && table.contains("550 5.1.1"), "\(table)\(err)")
    let (_, json, _) = try service.run(select + ["--dry-run", "--json"])
    #expect(json.contains(#""reason":"550 5.1.1","count":1"#), "\(json)")
    for arguments in [
      ["--to", "ELSA@example.SE"], ["--channel", "email"], ["--reason", "550 5.1.1"],
      ["--since", "1h"], ["--lane", "realtime"],
    ] {
      let (some, text, _) = try service.run(["events", "redrive", "--dry-run"] + arguments)
      #expect(some == 0 && text.contains("550 5.1.1"), "\(arguments): \(text)")
    }
    for arguments in [
      ["--to", "other@example.se"], ["--channel", "sms"], ["--external-id", "none"],
      ["--until", "2026-01-01"],
    ] {
      let (_, text, _) = try service.run(["events", "redrive", "--dry-run"] + arguments)
      #expect(text.contains("no event is selected"), "\(arguments): \(text)")
    }
    #expect(try service.run(["events", "redrive", "--since", "yesterday"]).0 == 64)
    let (unknown, out, why) = try service.run(["events", "redrive", "nobody"])
    #expect(unknown == 66 && out.contains("the store has no such event"), "\(out)\(why)")
    #expect(try service.run(select).0 == 0)
    let (open, said, _) = try service.run(["events", "redrive", "f-1"])
    #expect(open == 65 && said.contains("it is under way already"), "\(said)")
    #expect(try await service.stop() == 0)
    await failed.client.close()
  }

  @Test func `An event is shown with all that is known of each transition`() async throws {
    let failed = try await Self.failed("s-1")
    let (code, text, err) = try failed.service.run(["events", "show", "s-1"])
    #expect(code == 0, "\(err)")
    for part in [
      "reason: 550 5.1.1: user \\u{1b}[2Junknown, and this is all of the reason",
      "attempt: 1, delivery s-1.00.1", "provider's message id: <provider-77@mx>",
      "template: order_confirmation.email.sv@",
    ] {
      #expect(text.contains(part), "\(part): \(text)")
    }
    #expect(!text.contains("\u{1b}"))
    await failed.client.close()
  }

  @Test
  func `A final event's delivery is sent once more, the same but for its attempt`() async throws {
    let failed = try await Self.failed("r-1")
    let service = failed.service
    #expect(try service.run(["events", "resend", "nobody"]).0 == 66)
    let (code, out, err) = try service.run(["events", "resend", "r-1", "--json"])
    #expect(code == 0 && out.contains(#""outcome":"done","attempt":2"#), "\(out)\(err)")
    let stream = failed.client.consume(
      Consumer(queue: "\(service.prefix).deliveries.email", prefetch: 1))
    var again = ""
    for try await batch in stream {
      SeenMessages.add(batch[0])
      again = batch[0].withBody { String(decoding: $0, as: UTF8.self) }
      break
    }
    await stream.close()
    let expected = failed.delivery.replacingOccurrences(of: "r-1.00.1", with: "r-1.00.2")
      .replacingOccurrences(of: #""attempt":1"#, with: #""attempt":2"#)
    #expect(again == expected)
    let (open, said, _) = try service.run(["events", "resend", "r-1"])
    #expect(open == 65 && said.contains("it is under way already"), "\(said)")
    let (_, text, _) = try service.run(["events", "show", "r-1"])
    #expect(text.contains("reason: resent: "), "\(text)")
    #expect(try service.run(["events", "reconcile"]).0 == 0)
    #expect(try await service.stop() == 0)
    let (down, _, why) = try service.run(["events", "resend", "r-1"])
    #expect(down == 69 && why.contains("needs the running service"), "\(why)")
    await failed.client.close()
  }

  @Test func `The content that is shown is what was sent, byte for byte, whatever came since`()
    async throws
  {
    let failed = try await Self.failed("c-1")
    let (code, sent, err) = try failed.service.run(["events", "show", "c-1", "--content", "--json"])
    #expect(code == 0 && sent == failed.delivery + "\n", "\(sent)\(failed.delivery)\(err)")
    let (shown, text, _) = try failed.service.run(["events", "show", "c-1", "--content"])
    #expect(shown == 0 && text.contains("as it was sent") && text.contains("subject: "), "\(text)")
    // The templates that are there now are others; the store has the version that was pinned.
    let empty = failed.service.folder.appendingPathComponent("none").path
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let (still, again, _) = try failed.service.run(
      ["events", "show", "c-1", "--content", "--json"], ["MEDDELA_TEMPLATES_PATH": empty])
    #expect(still == 0 && again == sent)
    let (other, _, _) = try failed.service.run(
      ["events", "show", "c-1", "--content", "--attempt", "2"])
    #expect(other == 66)
    await failed.client.close()
  }

  @Test
  func `Explain answers with what became of the event, and why it cannot be rendered`() async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let body = """
      {"id":"e-1","type":"order_confirmation","email":"a@example.se","language":"sv",\
      "ctx":{"client":{"firstname":"Elsa"}}}
      """
    _ = try await client.publish([
      TestEvents.message("e-1", lane: "realtime", prefix: service.prefix, body: body)
    ])
    try await eventually("it is not covered") { try service.count("not-covered") == 1 }
    let (code, text, err) = try service.run(["events", "explain", "e-1"])
    #expect(code == 0 && text.hasPrefix("event e-1 is not-covered"), "\(text)\(err)")
    #expect(text.contains("missing-template-field") && text.contains("ctx.order.number"))
    #expect(text.contains("taken: ") && text.contains("it cannot be rendered: "), "\(text)")
    let (_, json, _) = try service.run(["events", "explain", "e-1", "--json"])
    #expect(json.contains(#""status":"not-covered""#) && json.contains(#""renderError":{"#))
    let (none, _, _) = try service.run(["events", "show", "e-1", "--content"])
    #expect(none == 65)
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test
  func `A list is newest first, as long as it is asked to be, and says when there is nothing`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let (nothing, none, _) = try service.run(["events", "list"])
    #expect(nothing == 0 && none == "no event\n", "\(none)")
    let client = try await TestBroker.client(service.brokerURL)
    for number in 0..<120 {
      let body = TestEvents.body("l-\(number)", more: ",\"mobilePhone\":\"+46 70-123 45\"")
      _ = try await client.publish([
        TestEvents.message("l-\(number)", lane: "realtime", prefix: service.prefix, body: body)
      ])
    }
    try await eventually("all are out") { try service.count("pending-delivery") == 120 }
    func ids(_ arguments: [String]) throws -> [String] {
      let (code, out, err) = try service.run(["events", "list", "--json"] + arguments)
      #expect(code == 0, "\(err)")
      return out.split(separator: "\n").compactMap { line in
        let id = try? JSONParser().withDocument(Array(line.utf8)) {
          $0["eventId"]?.asString?.string
        }
        return id ?? nil
      }
    }
    let all = try ids([])
    #expect(all.count == 120 && Set(all).count == 120)
    let (_, whole, _) = try service.run(["events", "list", "--json"])
    let times = whole.split(separator: "\n").compactMap { line in
      try? JSONParser().withDocument(Array(line.utf8)) { $0["lsn"]?.asInt64 ?? 0 }
    }
    #expect(times == times.sorted(by: >) && times.count == 120)
    #expect(try ids(["--limit", "3"]) == Array(all.prefix(3)))
    #expect(try ids(["--since", "1h"]).count == 120 && ids(["--until", "1h"]).isEmpty)
    #expect(try ids(["--since", "2026-01-01", "--to", "Elsa@EXAMPLE.se"]).count == 120)
    #expect(try ids(["--to", "+467012345"]).count == 120 && ids(["--to", "+467012346"]).isEmpty)
    let (_, like, _) = try service.run(["events", "list", "--type", "other"])
    #expect(like == "no event is like that\n")
    // On a terminal it is cut, and says so.
    let (_, shown, _) = try service.shell(
      "script -qec \"$meddela events list\" /dev/null </dev/null | tr -d '\\r'")
    #expect(shown.components(separatedBy: " pending-delivery ").count == 101, "\(shown)")
    #expect(shown.contains("the newest 100 of 120 events"), "\(shown)")
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `What is parked is said in the log, a flood of it in few lines`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(
      (0..<200).map {
        TestEvents.message("bad-\($0)", lane: "realtime", prefix: service.prefix, body: "nope")
      })
    try await eventually("all are parked") {
      try await client.depth(of: "\(service.prefix).parked").messages == 200
    }
    let lines = service.log.split(separator: "\n").filter { $0.contains("A message is parked") }
    #expect(lines.count >= 1 && lines.count <= 60, "\(lines.count)")
    #expect(lines.first?.contains("not-json") == true && lines.first?.contains("bad-") == true)
    try await eventually("the others are counted", seconds: 30) {
      service.log.contains("More messages are parked")
    }
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
