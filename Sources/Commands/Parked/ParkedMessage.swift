internal import AMQP
internal import JSON
internal import Messages

/// One parked or unrouted message: why it is, where it came from, and all that sends it there
/// again.
struct ParkedMessage: ParkedFacts {
  let kind: HeldKind
  let reason: String
  let detail: String
  let messageID: String?
  let lane: String
  /// RFC 3339; empty when it is not known.
  let firstSeen: String
  let exchange: String
  let routingKey: String
  /// Of the message that it was an element of.
  let batchID: String?
  /// Without its body when `hasBody` is false.
  let incoming: IncomingMessage
  let bodyBytes: Int
  /// Whether the body is here: one above 16 MiB is not.
  let hasBody: Bool
  private let brokersQueue: String?

  init(_ browsed: BrowsedMessage, _ kind: HeldKind) {
    let message = browsed.message
    self.kind = kind
    incoming = message
    bodyBytes = browsed.bodyBytes
    hasBody = browsed.isWhole
    messageID = message.text(message.properties.messageID)
    var texts: [String?] = []
    var deathKey: String?
    message.storage.withUnsafeBytes { bytes in
      let table = HeaderTable(entries: bytes.slice(message.properties.headers))
      texts = Self.names.map { table.text($0) }
      deathKey = table.firstDeathRoutingKey
    }
    // What the broker itself parked says so in headers of its own.
    brokersQueue = texts[0] == nil ? texts[8] : nil
    let sent = message.properties.timestampSeconds.flatMap(Self.time)
    if kind == .unrouted {
      // The alternate exchange leaves both as they were published.
      exchange = message.text(message.exchange) ?? ""
      routingKey = message.text(message.routingKey) ?? ""
      reason = kind.word
      detail = "no queue was bound to \(exchange) for the routing key \(routingKey)"
      lane = exchange.split(separator: ".").last.map(String.init) ?? ""
      firstSeen = sent ?? ""
      batchID = nil
      return
    }
    let brokersReason = texts[7].map { $0 == "delivery_limit" ? "delivery-limit" : $0 }
    reason = texts[0] ?? brokersReason ?? ""
    detail = texts[1] ?? texts[8].map { "parked by the broker from \($0)" } ?? ""
    lane = texts[2] ?? texts[8].map(Self.lane(ofQueue:)) ?? ""
    firstSeen = texts[3] ?? sent ?? ""
    exchange = texts[4] ?? texts[9] ?? ""
    routingKey = texts[5] ?? deathKey ?? ""
    batchID = texts[6]
  }

  private static let names: [StaticString] = [
    ParkedHeader.reason, ParkedHeader.detail, ParkedHeader.lane, ParkedHeader.firstSeen,
    ParkedHeader.exchange, ParkedHeader.routingKey, ParkedHeader.batchID, "x-first-death-reason",
    "x-first-death-queue", "x-first-death-exchange",
  ]

  /// `meddela.realtime.00` is of the lane `realtime`.
  private static func lane(ofQueue queue: String) -> String {
    let parts = queue.split(separator: ".")
    return parts.count >= 3 ? String(parts[parts.count - 2]) : ""
  }

  private static func time(_ seconds: UInt64) -> String? {
    guard seconds < 1 << 32 else { return nil }
    return Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000).text
  }

  /// What replaying it comes to, as far as that is known beforehand.
  var replayVerdict: ParkedQueue.Verdict {
    if !hasBody { return .tooLarge }
    return exchange.isEmpty ? .withoutOrigin : .take
  }

  /// Whether it carries no message id.
  var isNameless: Bool { messageID?.isEmpty ?? true }

  /// The event's type, by the routing key of its message or by its own word.
  func isOf(type: String) -> Bool {
    if routingKey == type { return true }
    guard hasBody else { return false }
    let parser = JSONParser()
    let body = incoming.withBody { Array($0) }
    let named = try? parser.withDocument(body) { $0["type"]?.asString?.string == type }
    return named ?? false
  }

  /// The same message for the exchange that it was first published to: its own properties and
  /// headers, without ours and the broker's. What the copy could not carry as it was is not set
  /// again: the user is not the producer's, the expiration may have passed, and the queues of its
  /// CC have the message.
  var replay: ClientMessage {
    precondition(hasBody, "what is published again has its body")
    let properties = incoming.properties
    var message = ClientMessage(
      exchange: exchange, routingKey: routingKey, body: incoming.withBody { Array($0) })
    message.contentType = incoming.text(properties.contentType)
    message.contentEncoding = incoming.text(properties.contentEncoding)
    message.messageID = isNameless ? nil : messageID
    message.correlationID = incoming.text(properties.correlationID)
    message.replyTo = incoming.text(properties.replyTo)
    message.type = incoming.text(properties.type)
    message.appID = incoming.text(properties.appID)
    message.priority = properties.priority
    message.timestampSeconds = properties.timestampSeconds
    message.headers = originalHeaders
    message.isMandatory = true
    return message
  }

  private var originalHeaders: [UInt8]? {
    var writer = HeaderWriter()
    incoming.storage.withUnsafeBytes { bytes in
      HeaderTable(entries: bytes.slice(incoming.properties.headers)).forEach { name, _, raw in
        if !Self.isAdded(name) { writer.append(raw: raw) }
      }
    }
    return writer.bytes.isEmpty ? nil : writer.bytes
  }

  /// Headers that parking has added.
  static func isAdded(_ name: UnsafeRawBufferPointer) -> Bool {
    let text = String(decoding: name, as: UTF8.self)
    return added.contains { $0.hasSuffix("-") ? text.hasPrefix($0) : text == $0 }
  }

  private static let added = [
    ParkedHeader.prefix, "x-first-death-", "x-last-death-", "x-death", "x-delivery-count",
    "x-acquired-count",
  ]
}
