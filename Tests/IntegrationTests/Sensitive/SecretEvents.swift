import AMQP
import Foundation
import Testing

/// A service with sensitive templates, and events in every state that have one secret in them.
/// Beside them is an event that is not sensitive, with a mark of its own.
struct SecretEvents {
  static let secret = "sk7Q483920xZ"
  static let mark = "Open4711Mark"

  let service: ServiceProcess
  let client: BrokerClient

  /// Ids of events that are in the store.
  static let stored = [
    "c-sent", "c-missing", "c-object", "c-later", "c-sms", "c-channel", "c-capital", "c-unknown",
  ]
  /// How many copies are parked.
  static let parkedCount = 13

  private static let login = """
    eventType: login_code
    channel: email
    publishedAt: 2026-01-01T00:00:00Z
    from: Shop <no-reply@example.se>
    required: [ctx.code]
    sensitive: true
    """

  /// The templates of the samples, and two for login codes: only one of them says `sensitive`.
  static func templates(in folder: URL) throws -> String {
    let path = folder.appendingPathComponent("templates")
    let sample = ServiceProcess.repository.appendingPathComponent("deploy/sample/templates")
    try FileManager.default.copyItem(at: sample, to: path)
    try write("login_code.email", login, to: path)
    let sms = login.replacingOccurrences(of: "channel: email", with: "channel: sms")
      .replacingOccurrences(of: "sensitive: true", with: "sensitive: false")
    try write("login_code.sms", sms, to: path)
    return path.path
  }

  private static func write(_ name: String, _ yaml: String, to folder: URL) throws {
    let own = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    let channel = name.hasSuffix("email") ? "email" : "sms"
    let files = [
      "template.yaml": yaml, "subject.mustache": "Code\n",
      "text.mustache": "Your code: {{ctx.code}} {{note}}\n",
      "sample.json": """
      {"id":"s","type":"login_code","channel":"\(channel)","email":"elsa@example.se",\
      "mobilePhone":"+46701234567","ctx":{"code":"000000"}}
      """,
    ]
    for (file, text) in files {
      try text.write(to: own.appendingPathComponent(file), atomically: true, encoding: .utf8)
    }
  }

  /// An event whose `ctx` and a field of whose own hold the secret.
  static func event(
    _ id: String, type: String = "login_code", channel: String = "email", more: String = "",
    ctx: String = #"{"code":"sk7Q483920xZ"}"#
  ) -> String {
    """
    {"id":"\(id)","type":"\(type)","channel":"\(channel)","email":"elsa@example.se",\
    "mobilePhone":"+46701234567","registrationToken":"t0ken"\(more),"note":"\(secret)",\
    "ctx":\(ctx)}
    """
  }

  static func message(
    _ service: ServiceProcess, _ id: String?, _ body: [UInt8], type: String = "login_code"
  ) -> ClientMessage {
    var message = ClientMessage(
      exchange: "\(service.prefix).realtime", routingKey: type, body: body)
    message.contentType = "application/json"
    message.messageID = id
    message.isMandatory = id != nil
    return message
  }

  /// Events that are accepted.
  static func accepted(_ service: ServiceProcess) -> [ClientMessage] {
    let bodies = [
      ("c-sent", event("c-sent")), ("c-missing", event("c-missing", ctx: #"{"x":"\#(secret)"}"#)),
      ("c-object", event("c-object", ctx: #"{"code":{"\#(secret)":"\#(secret)"}}"#)),
      ("c-later", event("c-later", more: #","scheduled":"2099-01-01T00:00:00Z""#)),
      ("c-sms", event("c-sms", channel: "sms")),
      ("c-channel", event("c-channel", channel: "push-ios")),
      ("c-capital", event("c-capital", type: "Login_Code")),
      ("c-unknown", event("c-unknown", type: "login-kode")),
    ]
    let open = TestEvents.body("open-1").replacingOccurrences(of: "1042", with: mark)
    return bodies.map { message(service, $0.0, Array($0.1.utf8)) }
      + [message(service, "open-1", Array(open.utf8), type: "order_confirmation")]
  }

  /// Messages that are parked, for one reason each.
  static func refused(_ service: ServiceProcess) throws -> [ClientMessage] {
    func text(_ id: String, _ body: String, key: String = "login_code") -> ClientMessage {
      message(service, id, Array(body.utf8), type: key)
    }
    let event = event("p")
    var gzip = message(service, "p-gzip", [0x1F, 0x8B] + Array(secret.utf8))
    gzip.contentEncoding = "gzip"
    var utf16 = message(
      service, "p-utf16",
      [0xFF, 0xFE] + event.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    utf16.routingKey = "some.other"
    var xml = text("p-xml", "<rtEvent type='login_code'><ctx><code>\(secret)</ctx></rtEvent>")
    xml.contentType = "application/xml"
    let bad = event.replacingOccurrences(of: "elsa@example.se", with: "elsa")
    var lines = text("p-lines", "\(bad)\n{\"ctx\":{\"code\":\"\(secret)\"}\n")
    lines.contentType = "application/x-ndjson"
    var cloud = text("p-cloud", #"{"email":"elsa","ctx":{"code":"\#(secret)"}}"#)
    var headers = HeaderWriter()
    for (name, value) in [
      ("ce-specversion", "1.0"), ("ce-id", "p-cloud"), ("ce-type", "login_code"),
      ("ce-source", "shop"), ("ce-hint", secret),
    ] as [(StaticString, String)] {
      headers.append(name, value)
    }
    cloud.headers = headers.bytes
    return [
      text("p-address", bad),
      // A quote too many: a value stands where a name is expected.
      text("p-quote", #"{"id":"p-quote","ctx":{"text":"your code is ","\#(secret)",""}}"#),
      text("p-cut", String(event.dropLast(6))), gzip, utf16, xml,
      text("p-twice", #"{"type":"order_confirmation","type":"login_code","ctx":"\#(secret)"}"#),
      lines, cloud, text("p-element", "[\(event.dropLast())]"),
      // The key says that it is none of ours, the body that it is.
      text(
        "p-key", event.replacingOccurrences(of: "+4670", with: "x"), key: "order_confirmation"),
    ]
  }

  /// Starts the service. Two messages are unrouted: they came before its queue was there.
  init() async throws {
    service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let path = try Self.templates(in: service.folder)
    service.more = ["MEDDELA_TEMPLATES_PATH": path, "MEDDELA_LOG_LEVEL": "trace"]
    client = try await TestBroker.client(service.brokerURL)
    #expect(try service.run(["topology", "apply"]).0 == 0)
    try await client.perform([.deleteQueue(name: "\(service.prefix).realtime.00")])
    let lost = ["u-1", "u-2"].map { id in
      Self.message(
        service, id, Array(Self.event(id).utf8), type: id == "u-2" ? "some.other" : "login_code")
    }
    _ = try await client.publish(lost)
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
  }

  /// Sends all of it, and waits until each has come to where it stays. Somebody has to deliver.
  func publish() async throws {
    _ = try await client.publish(Self.accepted(service))
    try await eventually("each event has come") {
      try service.run(["events", "list", "--json"]).1.split(separator: "\n").count
        == Self.stored.count + 1
    }
    var again = Self.message(
      service, "c-sent", Array(Self.event("c-sent", ctx: #"{"code":"other"}"#).utf8))
    again.messageID = "c-sent"
    _ = try await client.publish(try Self.refused(service) + [again])
    try await eventually("the others are parked") {
      try service.run(["parked", "list", "--json"]).1.split(separator: "\n").count
        == Self.parkedCount
    }
    try await eventually("three are sent") { try service.count("sent") == 3 }
  }
}
