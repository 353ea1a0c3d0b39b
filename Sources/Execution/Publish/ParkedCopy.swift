import Messages

/// A message, or an element of one, on its way to the parked queue: unchanged, with the reason.
struct ParkedCopy {
  /// What is said of it in headers.
  struct Origin {
    var reason: [UInt8]
    var detail: [UInt8]
    var exchange: [UInt8]
    var routingKey: [UInt8]
    /// The inlet's name, or what else it came by.
    var lane: [UInt8]
    var firstSeen: Timestamp
    /// Of the message that it was an element of; empty for none.
    var batchID: [UInt8]
    var version: [UInt8]
  }

  /// The message's properties beside those below, as they came; empty for none.
  struct Properties: Equatable {
    var contentEncoding: [UInt8] = []
    var type: [UInt8] = []
    var appID: [UInt8] = []
    /// Said in a header: the broker refuses a copy with somebody else's.
    var userID: [UInt8] = []
    /// Said in a header: the copy would vanish after that time.
    var expiration: [UInt8] = []
    var priority: UInt8?
    var timestampSeconds: UInt64?
  }

  var origin: Origin
  var messageID: [UInt8]
  var correlationID: [UInt8]
  /// Where its producer wanted the receipt.
  var replyTo: [UInt8]
  var contentType: [UInt8]
  var properties = Properties()
  /// Header entries as they came over the wire, in `body`'s buffer.
  var originalHeaders: ByteRange
  var body: [UInt8]
  var bodyRange: Range<Int>

  /// A detail is one sentence; a path in it can be as long as its keys.
  static let mostDetailBytes = 4_096
  /// Each element of a message takes its headers along, up to so many bytes of them.
  static let mostElementHeaderBytes = 4_096

  static let blank = ParkedCopy(
    origin: Origin(
      reason: [], detail: [], exchange: [], routingKey: [], lane: [], firstSeen: .none,
      batchID: [], version: []),
    messageID: [], correlationID: [], replyTo: [], contentType: [], originalHeaders: .none,
    body: [], bodyRange: 0..<0)
}

extension ParkedCopy.Properties {
  /// Of a message that parks as it came.
  init(_ inbound: InboundMessage) {
    self.init(
      contentEncoding: inbound.bytes(inbound.contentEncoding), type: inbound.bytes(inbound.type),
      appID: inbound.bytes(inbound.appID), userID: inbound.bytes(inbound.userID),
      expiration: inbound.bytes(inbound.expiration), priority: inbound.priority,
      timestampSeconds: inbound.timestampSeconds)
  }

  /// Of an element that parks alone: what says how its message's body was wrapped is left out.
  init(element: OpenMessage) {
    self.init(element.message)
    if element.isUnpacked { contentEncoding = [] }
    if type.elementsEqual("\(AMQPSections.type)".utf8) { type = [] }
  }
}
