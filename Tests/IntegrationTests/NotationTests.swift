import AMQP
import Foundation
import JSON
import Testing

@Suite(
  "Other notations on a real broker",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(5)))
struct NotationTests {
  private static let context = """
    {"client":{"firstname":"Elsa","lastname":"Berg"},"order":{"number":"1042","total":"49",\
    "currency":"SEK","lines":[{"name":"Kaffe","price":"49","quantity":"1"}]}}
    """

  private static func message(
    _ id: String, _ body: String, _ contentType: String?, _ service: ServiceProcess
  ) -> ClientMessage {
    var message = TestEvents.message(id, lane: "realtime", prefix: service.prefix, body: body)
    message.contentType = contentType
    return message
  }

  @Test
  func `CloudEvents in their three modes and Adobe's XML are delivered; one bad one parks alone`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    func cloud(_ id: String, _ email: String = "elsa@example.se") -> String {
      """
      {"specversion":"1.0","id":"\(id)","source":"shop","type":"order_confirmation",\
      "data":{"email":"\(email)","language":"sv","ctx":\(Self.context)}}
      """
    }
    func binary(_ id: String, _ separator: String) -> ClientMessage {
      var message = Self.message(
        id, #"{"email":"elsa@example.se","language":"sv","ctx":\#(Self.context)}"#,
        "application/json; charset=utf-8", service)
      var raw: [UInt8] = []
      for (name, value) in [
        ("specversion", "1.0"), ("id", id), ("source", "shop"), ("type", "order_confirmation"),
        ("time", "2026-11-23T10:00:00Z"),
      ] {
        let full = Array("cloudEvents\(separator)\(name)".utf8)
        let size = withUnsafeBytes(of: UInt32(value.utf8.count).bigEndian) { Array($0) }
        raw += [UInt8(full.count)] + full + [UInt8(ascii: "S")] + size + Array(value.utf8)
      }
      message.headers = raw
      return message
    }
    let xml = """
      <rtEvent type="order_confirmation" language="sv" email="elsa@example.se"><ctx>
      <client firstname="Elsa"/><order number="1042" total="49"><lines name="Kaffe"/></order>
      </ctx></rtEvent>
      """
    let batch =
      "[\(cloud("batch-1")),{\"specversion\":\"1.0\",\"n\":1e999},\(cloud("batch-2", "x"))]"
    let outcomes = try await client.publish([
      Self.message("structured", cloud("structured"), "application/cloudevents+json", service),
      Self.message("the-batch", batch, "application/cloudevents-batch+json", service),
      binary("binary-colon", ":"), binary("binary-underscore", "_"),
      Self.message("adobe", xml, "application/xml", service),
    ])
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    let expected = ["adobe", "batch-1", "binary-colon", "binary-underscore", "structured"]
    try await eventually("all are delivered") {
      let (_, out, _) = try service.run(
        ["events", "list", "--json", "--status", "pending-delivery"])
      return out.split(separator: "\n").count == expected.count
    }
    for id in expected {
      let (code, out, _) = try service.run(["events", "show", id, "--json"])
      #expect(code == 0 && out.contains(#""firstname":"Elsa""#), "\(out)")
      if id.hasPrefix("binary") { #expect(out.contains(#""time":"2026-11-23T10:00:00Z""#)) }
    }
    try await eventually("two are parked") {
      let (_, out, _) = try service.run(["parked", "list", "--json", "--id", "the-batch"])
      return out.split(separator: "\n").count == 2
    }
    let (_, parked, _) = try service.run(["parked", "list"])
    #expect(parked.contains("$[1].n at byte") && parked.contains("$[2].data.email at byte"))
    // Thrown away or mended: what is replayed as it is parks again, with the same id.
    let (replayed, out, _) = try service.run(["parked", "replay", "--reason", "bad-address"])
    #expect(replayed == 0 && out.contains("replayed 1 of 2"), "\(out)")
    try await eventually("it is parked again") {
      try service.run(["parked", "list", "--json", "--id", "batch-2"]).1.contains("bad-address")
    }
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test func `An event in another notation is matched and rendered from a file`() throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    func file(_ name: String, _ text: String) throws -> String {
      let url = service.folder.appendingPathComponent(name)
      try text.write(to: url, atomically: true, encoding: .utf8)
      return url.path
    }
    let xml = """
      \n<rtEvent type="order_confirmation" language="sv" email="elsa@example.se"><ctx>
      <client firstname="Elsa"/><order number="1042" total="49"><lines name="Kaffe"/></order>
      </ctx></rtEvent>
      """
    let cloud = """
      {"specversion":"1.0","id":"c","source":"shop","type":"order_confirmation",\
      "data":{"email":"elsa@example.se","language":"sv","ctx":\(Self.context)}}
      """
    for path in [try file("event.xml", xml), try file("cloud.json", cloud)] {
      let (code, out, err) = try service.run(["templates", "match", path])
      #expect(code == 0 && out.contains("taken: order_confirmation.email.sv@"), "\(out) \(err)")
      let (shown, content, _) = try service.run(
        ["templates", "preview", "order_confirmation.email.sv", "--event", path])
      #expect(shown == 0 && content.contains("Hej Elsa!"), "\(content)")
    }
    let two = try file("two.xml", "<a>\(xml)\(xml)</a>")
    let (code, _, err) = try service.run(["templates", "match", two])
    #expect(code == 65 && err.contains(two), "\(err)")
    let (broken, _, why) = try service.run(["templates", "match", try file("broken.xml", "<rtEv")])
    #expect(broken == 65 && why.contains("unclosed token"), "\(why)")
  }

  @Test func `Templates are compared over the events of a store, and of a file`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["events", "list"]).0 == 66)
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(
      (0..<5).map { TestEvents.message("d-\($0)", lane: "realtime", prefix: service.prefix) })
    try await eventually("they are delivered") {
      let (_, out, _) = try service.run(
        ["events", "list", "--json", "--status", "pending-delivery"])
      return out.split(separator: "\n").count == 5
    }
    let old = ServiceProcess.repository.appendingPathComponent("deploy/sample/templates")
    let new = service.folder.appendingPathComponent("new")
    try FileManager.default.copyItem(at: old, to: new)
    let text = new.appendingPathComponent("order_confirmation.email.sv/text.mustache")
    let changed = try String(contentsOf: text, encoding: .utf8)
      .replacingOccurrences(of: "Hej {{", with: "God dag {{")
    try changed.write(to: text, atomically: true, encoding: .utf8)
    let (code, out, err) = try service.run(["templates", "diff", old.path, new.path])
    #expect(code == 0, "\(err)")
    #expect(out.contains("-Hej Elsa!") && out.contains("+God dag Elsa!"), "\(out)")
    #expect(out.contains("event d-4: other-content"))
    let (stored, lines, _) = try service.run(
      ["templates", "diff", "--store", new.path, "--json", "--events", "3"])
    #expect(stored == 0 && lines.split(separator: "\n").count == 4, "\(lines)")
    #expect(lines.contains(#""other-content":3"#))
    let (same, nothing, _) = try service.run(["templates", "diff", "--store", old.path, "--json"])
    #expect(same == 0 && nothing.contains(#""same":5"#), "\(nothing)")
    let file = service.folder.appendingPathComponent("events.ndjson")
    try TestEvents.body("f-1").write(to: file, atomically: true, encoding: .utf8)
    try FileManager.default.removeItem(
      at: new.appendingPathComponent("order_confirmation.email.sv"))
    let (fromFile, missing, _) = try service.run(
      ["templates", "diff", old.path, new.path, "--file", file.path])
    #expect(fromFile == 0 && missing.contains("f-1: newly-not-covered"), "\(missing)")
    #expect(try service.run(["templates", "diff", old.path]).0 == 64)
    #expect(try service.run(["templates", "diff", old.path, "/nowhere"]).0 == 66)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
