import Messages

extension ParkedCopy {
  /// What is said of a copy beside its reason.
  struct Context {
    /// When it is parked.
    var now: Timestamp
    /// Of the program.
    var version: [UInt8]
  }

  /// A message as it came.
  ///
  /// - Parameter id: of the copy.
  init(_ inbound: InboundMessage, id: [UInt8], _ rejection: Rejection, _ context: Context) {
    self.init(
      origin: Origin(inbound, rejection, headersLeftOut: 0, batchID: [], context),
      messageID: id, correlationID: inbound.bytes(inbound.correlationID),
      replyTo: inbound.bytes(inbound.replyTo), contentType: inbound.bytes(inbound.contentType),
      properties: Properties(inbound), originalHeaders: inbound.headers,
      body: inbound.storage, bodyRange: 0..<inbound.bodyCount)
  }

  /// One element of a message as it stands there, as a message of its own.
  ///
  /// - Parameter id: of the copy.
  init(
    element: Range<Int>, of message: OpenMessage, id: [UInt8], _ rejection: Rejection,
    _ context: Context
  ) {
    let inbound = message.message
    // A message of many elements must not become as many copies of its headers; and the element is
    // not compressed, as one of them may say.
    let keepsHeaders =
      inbound.headers.count <= Self.mostElementHeaderBytes && inbound.compression.isEmpty
    self.init(
      origin: Origin(
        inbound, rejection, headersLeftOut: keepsHeaders ? 0 : inbound.headers.count,
        batchID: inbound.bytes(inbound.messageID), context),
      messageID: id, correlationID: inbound.bytes(inbound.correlationID),
      replyTo: inbound.bytes(inbound.replyTo), contentType: message.elementContentType,
      properties: Properties(element: message),
      originalHeaders: keepsHeaders ? inbound.headers : .none, body: inbound.storage,
      bodyRange: message.source(of: element))
  }

  /// A status update that the broker closes the connection over.
  ///
  /// - Parameter exchange: of status updates.
  init(_ update: Outbox.Entry, exchange: [UInt8], _ context: Context) {
    self.init(
      origin: Origin(
        reason: Array(ReasonCode.brokerRefused.rawValue.utf8),
        detail: Array("the broker closed the connection over this status update".utf8),
        exchange: exchange, routingKey: Array(update.blob[update.routingKey]),
        lane: Array("status".utf8), firstSeen: context.now, batchID: [],
        version: context.version),
      messageID: Array(update.blob[update.messageID]),
      correlationID: Array(update.blob[update.eventID]), replyTo: [],
      contentType: EngineNames.json, originalHeaders: .none, body: update.blob,
      bodyRange: update.body)
  }
}

extension ParkedCopy.Origin {
  fileprivate init(
    _ inbound: InboundMessage, _ rejection: Rejection, headersLeftOut: Int, batchID: [UInt8],
    _ context: ParkedCopy.Context
  ) {
    self.init(
      reason: Array(rejection.code.rawValue.utf8),
      detail: Self.detail(rejection, headersLeftOut: headersLeftOut),
      exchange: inbound.bytes(inbound.exchange), routingKey: inbound.bytes(inbound.routingKey),
      lane: Array(inbound.inlet.name.utf8), firstSeen: context.now, batchID: batchID,
      version: context.version)
  }

  /// One sentence, cut where it is too long, and what is left out of the message's headers.
  private static func detail(_ rejection: Rejection, headersLeftOut bytes: Int) -> [UInt8] {
    let sentence = String(
      decoding: rejection.sentence.utf8.prefix(ParkedCopy.mostDetailBytes), as: UTF8.self)
    guard bytes > 0 else { return Array(sentence.utf8) }
    return Array("\(sentence); the headers of its message (\(bytes) bytes) are left out".utf8)
  }
}

extension Inlet {
  package var name: String {
    switch self {
    case .realtime: "realtime"
    case .batch: "batch"
    case .deliveryLogs: "delivery-logs"
    }
  }
}
