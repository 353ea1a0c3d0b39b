internal import Glibc

/// The bodies of a round. Each "@@@@@@@@" becomes the message's number, in eight digits.
enum Load {
  static let eventType = "order_confirmation"
  static let eventIDFormat = "bench-%08lu"
  static let logIDFormat = "log-%08lu"
  /// What the second relay publishes beside each message: the size of a status update.
  static let statusBytes: UInt64 = 300

  /// 430 bytes.
  static let event = """
    {"id":"bench-@@@@@@@@","type":"order_confirmation","channel":"email",\
    "email":"customer@@@@@@@@@example.se","mobilePhone":"+46701234567","origin":"shop-se",\
    "externalId":"cust-@@@@@@@@","language":"sv-SE","country":"SE",\
    "ctx":{"client":{"firstname":"Elsa","lastname":"Andersson"},"order":{"number":"@@@@@@@@",\
    "total":367.00,"currency":"SEK","lines":[{"name":"Kokkaffe","price":"49"},\
    {"name":"Bulle","price":"29"}],\
    "note":"Leave."}}}
    """

  /// The engine's word on the delivery that the event above led to.
  static let deliveryLog = """
    {"deliveryId":"bench-@@@@@@@@.00.1","eventId":"bench-@@@@@@@@","outcome":"sent",\
    "providerMessageId":"<@@@@@@@@@mx.example.se>","occurredAt":"\(now())"}
    """

  /// One event with a number, for the latency probe.
  static func event(named id: String) -> [UInt8] {
    Array(
      """
      {"id":"\(id)","type":"order_confirmation","channel":"email","email":"elsa@example.se",\
      "language":"sv-SE","ctx":{"client":{"firstname":"Elsa"},"order":{"number":"1042",\
      "total":367.00}}}
      """.utf8)
  }

  /// One email template of six tags.
  static let template: [(file: String, text: String)] = [
    (
      "template.yaml",
      """
      eventType: order_confirmation
      channel: email
      publishedAt: 2026-01-01T00:00:00Z
      from: Shop <order@shop.example>
      """
    ),
    ("subject.mustache", "Order {{ctx.order.number}}"),
    (
      "text.mustache",
      "Hello {{ctx.client.firstname}}, thank you for order {{ctx.order.number}}."
    ),
    (
      "html.mustache",
      """
      <p>Hello {{ctx.client.firstname}},</p>
      <p>thank you for order {{ctx.order.number}} of {{ctx.order.total}} kr.</p>
      """
    ),
    ("sample.json", String(decoding: event(named: "sample"), as: UTF8.self)),
  ]

  private static func now() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
