internal import EventLog
internal import Execution
internal import JSON
internal import LogSequence
internal import Messages

/// All that a shard has of one event.
struct EventHistory {
  let id: String
  let shard: ShardNumber
  let lineage: UInt64
  /// Status updates as JSON, oldest first; those that are no transition (a log that changed
  /// nothing, a delivery published again) marked.
  private(set) var updates: [(json: [UInt8], isEvidence: Bool)] = []
  /// The event as it came.
  private(set) var body: [UInt8] = []
  private(set) var lane = Lane.realtime
  /// When it was accepted; nil while there is no record.
  private(set) var acceptedAt: Timestamp?
  /// When a cancel came before it, if one did.
  private(set) var cancelledAt: Timestamp?

  init(id: String, shard: ShardNumber, lineage: UInt64) {
    self.id = id
    self.shard = shard
    self.lineage = lineage
  }

  mutating func add(_ record: RecordView) throws {
    if record.header.kind == RecordKind.cancelRequested.rawValue {
      cancelledAt = Timestamp(nanoseconds: record.header.time)
      return
    }
    let update = try StoredShard.update(record, shard: shard, lineage: lineage)
    updates.append((update, Self.isEvidence(record)))
    if let payload = RecordPayload(record.payload) {
      lane = payload.state.lane
      acceptedAt = payload.state.acceptedAt
      if !payload.bodyBytes.isEmpty { body = Array(payload.bodyBytes) }
    }
  }

  /// To tell which of two is the newer.
  var acceptedNanoseconds: Int64 { acceptedAt?.nanoseconds ?? 0 }

  /// A record that keeps the status: a delivery log that changed nothing, a delivery published
  /// once more, an event carried forward.
  static func isEvidence(_ record: RecordView) -> Bool {
    RecordKind(rawValue: record.header.kind)?.isTransition == false
  }

  /// The event's type, and the templates that it has been pinned to, each version once. Nil when
  /// no record says the type.
  var identity: (type: String?, pinned: [(name: String, version: String)]) {
    let parser = JSONParser()
    var type: String?
    var pinned: [(name: String, version: String)] = []
    for update in updates {
      _ = try? parser.withDocument(update.json) { root in
        type = type ?? root["type"]?.asString?.string
        guard let template = root["template"], let version = template["version"]?.asString?.string,
          !pinned.contains(where: { $0.version == version })
        else { return }
        pinned.append((template["name"]?.asString?.string ?? "", version))
      }
    }
    return (type, pinned)
  }

  /// The event as JSON.
  ///
  /// - Parameter hidden: whether only what may be shown of a sensitive one.
  func event(hidden: Bool) -> [UInt8] {
    guard hidden else { return body }
    var writer = ByteWriter(capacity: 512)
    do {
      try JSONParser().withDocument(body) { RedactedEvent.write($0, to: &writer) }
    } catch {
      return Array(#"{"ctxHidden":true}"#.utf8)
    }
    return writer.array()
  }

  /// One object.
  ///
  /// - Parameter hidden: see `event(hidden:)`.
  func json(hidden: Bool) -> String {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    let transitions = updates.filter { !$0.isEvidence }.map { text($0.json) }
    let evidence = updates.filter(\.isEvidence).map { text($0.json) }
    var object = JSONObjectText()
    object.add("eventId", id)
    object.add("lane", "\(lane.name)")
    let parser = JSONParser()
    if let last = updates.last(where: { !$0.isEvidence }) {
      let status = try? parser.withDocument(last.json) { $0["status"]?.asString?.string }
      object.add("status", status ?? nil)
    }
    object.add("event", json: text(event(hidden: hidden)))
    object.add("history", json: "[\(transitions.joined(separator: ","))]")
    object.add("evidence", json: "[\(evidence.joined(separator: ","))]")
    return object.text
  }
}
