import AMQP
import Foundation
import JSON
import Messages
import Testing

@Suite(
  "Templates published while events come",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct PublicationTests {
  /// A template all of whose texts say which edition it is.
  private func write(_ edition: String, publishedAt: String, to folder: URL) throws {
    let place = folder.appendingPathComponent("order.\(edition)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let files = [
      "template.yaml": """
      eventType: order_confirmation
      channel: email
      publishedAt: \(publishedAt)
      from: Shop <order@shop.example>
      """,
      "subject.mustache": "edition-\(edition) of {{id}}",
      "text.mustache": "Text of edition-\(edition).",
      "html.mustache": "<p>edition-\(edition)</p>",
      "sample.json": TestEvents.body("sample"),
    ]
    for (name, text) in files {
      try text.write(to: place.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
  }

  /// What the delivery of an event says: its id, its template, and the editions in its texts.
  private func editions(_ body: String) throws -> (event: String, template: String, Set<String>) {
    let names = try JSONParser().withDocument(Array(body.utf8)) { root in
      (
        root["eventId"]?.asString?.string ?? "",
        root["template"]?["name"]?.asString?.string ?? ""
      )
    }
    let found = ["a", "b", "c"].filter { body.contains("edition-\($0)") }
    return (names.0, names.1, Set(found))
  }

  @Test
  func `publishedAt and a new catalog switch between two events, on time, and mix no versions`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let templates = service.folder.appendingPathComponent("templates")
    try write("a", publishedAt: "2026-01-01T00:00:00Z", to: templates)
    // Time for a start and some events, also on a slow machine.
    let switchTime = (Date().timeIntervalSince1970 + 25).rounded(.up)
    let time = Timestamp(nanoseconds: Int64(switchTime) * 1_000_000_000)
    try write("b", publishedAt: time.text, to: templates)
    try service.start(["MEDDELA_TEMPLATES_PATH": templates.path])
    try await service.waitUntilConsuming()
    let traffic = try await Traffic(service)
    try await eventually("edition b has begun") {
      await traffic.engine.bodies.contains { $0.contains("edition-b") }
    }
    // One change that the service sees whole: the folder is moved into place.
    let prepared = service.folder.appendingPathComponent("prepared")
    try write("c", publishedAt: time.text, to: prepared)
    try FileManager.default.removeItem(at: templates.appendingPathComponent("order.b"))
    try FileManager.default.moveItem(
      at: prepared.appendingPathComponent("order.c"),
      to: templates.appendingPathComponent("order.c"))
    Foundation.kill(try #require(service.process).processIdentifier, SIGHUP)
    try await eventually("edition c has begun") {
      await traffic.engine.bodies.contains { $0.contains("edition-c") }
    }
    let ids = try await traffic.endLoad()
    try await eventually("all are delivered") { await traffic.engine.arrivals.count >= ids.count }
    #expect(try await service.stop() == 0)

    var used: [String: String] = [:]
    for body in await traffic.engine.bodies {
      let (event, template, editions) = try editions(body)
      #expect(editions.count == 1, "\(event) is of \(editions)")
      #expect(template == "order.\(editions.first ?? "")", "\(event)")
      used[event] = editions.first
    }
    #expect(Set(used.values).isSuperset(of: ["a", "b", "c"]))
    try checkPins(service, used, switchTime)
    await traffic.close()
  }

  /// What the store says: each event's template is the one that was rendered, and is a's before
  /// the time and b's or c's from it on.
  private func checkPins(
    _ service: ServiceProcess, _ used: [String: String], _ switchTime: Double
  ) throws {
    let (code, out, err) = try service.run(["store", "export"])
    #expect(code == 0, "\(err)")
    var checked = 0
    for line in out.split(separator: "\n") {
      let parsed = try JSONParser().withDocument(Array(line.utf8)) {
        root -> (id: String, names: [String], recordedAt: String?) in
        var names: [String] = []
        var recordedAt: String?
        var history = root["history"]?.elements
        while let update = history?.next() {
          if recordedAt == nil { recordedAt = update["recordedAt"]?.asString?.string }
          if let name = update["template"]?["name"]?.asString?.string { names.append(name) }
        }
        return (root["eventId"]?.asString?.string ?? "", names, recordedAt)
      }
      let edition = try #require(used[parsed.id])
      #expect(Set(parsed.names) == ["order.\(edition)"], "\(parsed.id)")
      let text = try #require(parsed.recordedAt)
      let accepted = try #require(Timestamp(rfc3339: text))
      let isBefore = Double(accepted.nanoseconds) < switchTime * 1e9
      #expect((edition == "a") == isBefore, "\(parsed.id), accepted \(accepted.text)")
      checked += 1
    }
    #expect(checked == used.count)
  }
}
