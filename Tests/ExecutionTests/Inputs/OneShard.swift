import JSON
import LogSequence
import Messages
import Simulation
import Templates

@testable import Execution

/// One engine whose disk is always fast and whose broker always agrees: for what a body becomes.
final class OneShard {
  struct Published {
    var routingKey: String
    var messageID: String
    var contentType: String
    var headers: [String: String]
    var body: String
    var bytes: [UInt8] = []
    var correlationID = ""
    var contentEncoding = ""
    var type = ""
    var appID = ""
    var priority: UInt8?
    var timestampSeconds: UInt64?
    /// Header entries that the message came with.
    var originalHeaders: [UInt8] = []
  }

  /// A message as a producer sends it.
  struct Sent {
    var body: [UInt8]
    var contentType = ""
    var messageID = ""
    var replyTo = ""
    var contentEncoding = ""
    var type = ""
    var appID = ""
    var userID = ""
    var expiration = ""
    var priority: UInt8?
    var timestampSeconds: UInt64?
    /// kombu's header.
    var compression = ""
    /// Entries of the header table.
    var headers = ""
    /// Attributes of a CloudEvent in binary mode, as the node hands them on.
    var cloudEvent = ""
    var correlationID = ""
    var exchange = ""
    var routingKey = ""
    var traceParent = ""
    var traceState = ""
    var inlet = Inlet.realtime
    var redelivered = false
    var deliveryCount: UInt32 = 0

    init(_ body: String, _ contentType: String = "", messageID: String = "") {
      self.body = Array(body.utf8)
      self.contentType = contentType
      self.messageID = messageID
    }

    init(bytes: [UInt8], _ contentType: String = "", messageID: String = "") {
      self.init("", contentType, messageID: messageID)
      body = bytes
    }
  }

  let engine: ShardEngine<KnownNothing>
  private var nextTag: UInt64 = 0
  private(set) var deliveries: [Published] = []
  private(set) var parked: [Published] = []
  private(set) var receipts: [Published] = []
  /// Bodies as the log has them, in order.
  private(set) var stored: [String] = []
  /// Name and version of the template in each event's first record.
  private(set) var pins: [(id: String, name: String, version: String)] = []
  private(set) var settled = 0
  /// All that was published, in order, as `PublishOrder.lines` has it.
  private(set) var lines: [String] = []
  private var output = TurnOutput()
  var nanoseconds: Int64 = 1_800_000_000_000_000_000

  init(_ catalog: TemplateCatalog? = nil, shardCount: Int = 1) throws {
    var settings = EngineSettings(shard: ShardNumber(0), prefix: "meddela", version: "test")
    settings.shardCount = shardCount
    engine = ShardEngine(
      settings: settings, lookup: KnownNothing(),
      catalog: try catalog ?? TestTemplate.catalog())
    engine.startRecovered(nextLSN: 1, at: now)
    turn()
  }

  var now: Instant {
    Instant(
      wall: Timestamp(nanoseconds: nanoseconds),
      monotonic: MonotonicTime(nanoseconds: UInt64(nanoseconds)))
  }

  /// Gives the engine a message; nothing is done yet.
  func receive(_ sent: Sent) {
    var storage = sent.body + [UInt8](repeating: 0x20, count: jsonPadding)
    func add(_ text: String) -> ByteRange {
      let start = storage.count
      storage += Array(text.utf8)
      return ByteRange(offset: start, count: text.utf8.count)
    }
    let ranges = [sent.contentType, sent.messageID, sent.replyTo, sent.cloudEvent].map(add)
    nextTag += 1
    var message = InboundMessage(
      inlet: sent.inlet, channelEpoch: 1, deliveryTag: nextTag, redelivered: sent.redelivered,
      storage: storage, bodyCount: sent.body.count)
    message.deliveryCount = sent.deliveryCount
    message.contentType = ranges[0]
    message.messageID = ranges[1]
    message.replyTo = ranges[2]
    message.cloudEvent = ranges[3]
    message.contentEncoding = add(sent.contentEncoding)
    message.type = add(sent.type)
    message.appID = add(sent.appID)
    message.userID = add(sent.userID)
    message.expiration = add(sent.expiration)
    message.priority = sent.priority
    message.timestampSeconds = sent.timestampSeconds
    message.compression = add(sent.compression)
    message.correlationID = add(sent.correlationID)
    message.exchange = add(sent.exchange)
    message.routingKey = add(sent.routingKey)
    message.traceParent = add(sent.traceParent)
    message.traceState = add(sent.traceState)
    message.headers = add(sent.headers)
    message.storage = storage
    engine.receive(message)
  }

  /// Gives the engine a message and lets everything happen that follows.
  func take(_ sent: Sent) {
    receive(sent)
    run()
  }

  func run() {
    while turn() || !engine.isDrained {}
  }

  /// One turn, with its records durable and its publishes confirmed at once. True when messages
  /// are left to take.
  @discardableResult
  func turn() -> Bool {
    nanoseconds += 1_000_000
    let isLeft = engine.turn(at: now)
    engine.swapOutput(&output)
    for order in output.appends { note(order) }
    settled += output.settlements.count
    let tokens = output.publishes.map { order in
      note(order)
      return order.token
    }
    for order in output.openLinks { engine.linkOpened(order.link, at: now) }
    output.removeAll()
    if engine.nextLSN > engine.durableLSN.next {
      engine.durable(upTo: engine.nextLSN.previous, at: now)
    }
    for token in tokens { engine.confirmed(token, at: now) }
    return isLeft
  }

  private func text(_ range: ByteRange) -> String {
    String(decoding: output.bytes[range.range], as: UTF8.self)
  }

  private func note(_ order: AppendOrder) {
    guard order.kind == .accepted else { return }
    let id = text(order.id)
    output.bytes[order.payload.range].withUnsafeBytes { bytes in
      guard let record = RecordPayload(bytes) else { return }
      stored.append(String(decoding: record.bodyBytes, as: UTF8.self))
      let facts = Array(id.utf8).withUnsafeBytes { record.facts(id: $0) }
      pins.append(
        (id, facts?.string(.templateName) ?? "", facts?.string(.templateVersion) ?? ""))
    }
  }

  private func note(_ order: PublishOrder) {
    var headers: [String: String] = [:]
    for header in output.headers[order.headers] { headers["\(header.name)"] = text(header.value) }
    let published = Published(
      routingKey: text(order.routingKey), messageID: text(order.messageID),
      contentType: text(order.contentType), headers: headers,
      body: String(decoding: order.body[order.bodyRange], as: UTF8.self),
      bytes: Array(order.body[order.bodyRange]), correlationID: text(order.correlationID),
      contentEncoding: text(order.contentEncoding), type: text(order.type),
      appID: text(order.appID), priority: order.priority,
      timestampSeconds: order.originalTimestampSeconds,
      originalHeaders: Array(order.body[order.originalHeaders.range]))
    lines += order.lines(of: output)
    SeenMessages.add(order.exchange, published.bytes)
    switch order.exchange {
    case .deliveries: deliveries.append(published)
    case .parked: parked.append(published)
    case .direct: receipts.append(published)
    case .status: break
    }
  }
}

/// A log in which no event has been before.
final class KnownNothing: EventLookup {
  func key(of id: UnsafeRawBufferPointer) -> EventKey {
    var low: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in id { low = (low ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return EventKey(high: low.byteSwapped, low: low)
  }

  func mayContain(_ key: EventKey) -> Bool { false }
  func isNewest(_ lsn: LSN, of key: EventKey) -> Bool { true }
}
