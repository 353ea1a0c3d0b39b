import AMQP
import Foundation
import Simulation

/// Whether tests that take more than half a minute are run too: Tests/Scripts/attack-test does.
enum LongTests {
  static let areWanted = ProcessInfo.processInfo.environment["MEDDELA_TEST_LONG"] == "1"
  static let mayStartClusters = ProcessInfo.processInfo.environment["MEDDELA_TEST_CLUSTER"] == "1"
  static let reason = "takes long: Tests/Scripts/attack-test runs it, and MEDDELA_TEST_LONG=1"
}

extension TestEvents {
  /// An event for the text message queue, which calm traffic does not use.
  static func sms(_ id: String, lane: String, prefix: String) -> ClientMessage {
    let body = body(id, more: #","mobilePhone":"+46701234567""#)
      .replacingOccurrences(of: #""channel":"email""#, with: #""channel":"sms""#)
    return message(id, lane: lane, prefix: prefix, body: body)
  }

  /// A message that can only be parked.
  static func malformed(_ id: String, lane: String, prefix: String) -> ClientMessage {
    message(id, lane: lane, prefix: prefix, body: "no JSON: \(id)")
  }
}

/// Takes whatever comes into a queue, and remembers it.
actor Collector {
  struct Message {
    var id: String
    var body: String
    var reason: String
    /// x-meddela-headers-cut; 0 for none.
    var headersCut: Int64
    var arrivedAt: Date
  }

  private(set) var messages: [Message] = []
  private let client: BrokerClient
  private let queue: String

  init(_ client: BrokerClient, queue: String) {
    self.client = client
    self.queue = queue
  }

  var ids: Set<String> { Set(messages.map(\.id)) }

  /// Until the task is cancelled.
  func run() async throws {
    let stream = client.consume(Consumer(queue: queue, prefetch: 200))
    for try await batch in stream {
      for message in batch { take(message) }
      stream.settle(batch)
    }
  }

  private func take(_ message: IncomingMessage) {
    SeenMessages.add(message)
    let (reason, cut) = message.storage.withUnsafeBytes { bytes in
      let table = HeaderTable(entries: bytes.slice(message.properties.headers))
      guard case .integer(let cut) = table["x-meddela-headers-cut"] else {
        return (table.text("x-meddela-reason"), 0 as Int64)
      }
      return (table.text("x-meddela-reason"), cut)
    }
    messages.append(
      Message(
        id: message.text(message.properties.messageID) ?? "",
        body: message.withBody { String(decoding: $0, as: UTF8.self) },
        reason: reason ?? "", headersCut: cut, arrivedAt: Date()))
  }
}

/// Templates of a test's own, beside the samples.
struct TemplateFolder {
  let path: String

  init(_ service: ServiceProcess) throws {
    let folder = service.folder.appendingPathComponent("templates")
    path = folder.path
    try FileManager.default.copyItem(
      at: ServiceProcess.repository.appendingPathComponent("deploy/sample/templates"), to: folder)
  }

  /// An email template whose text and HTML are the given ones.
  func add(eventType: String, content: String) throws {
    let folder = URL(fileURLWithPath: path).appendingPathComponent("\(eventType).email")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let files = [
      "template.yaml": """
      eventType: \(eventType)
      channel: email
      publishedAt: 2026-01-01T00:00:00Z
      from: Shop <order@shop.example>
      """,
      "subject.mustache": "{{id}}", "text.mustache": content, "html.mustache": content,
      "sample.json": TestEvents.body("sample", type: eventType),
    ]
    for (name, text) in files {
      try text.write(
        to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
  }
}
