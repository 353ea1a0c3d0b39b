internal import EventLog
internal import Execution
internal import JSON
internal import LogSequence
internal import Messages
internal import Node

/// The events of a store, read from its files.
struct StoredEvents {
  let reader: EventLogReader

  /// - Parameter leftOut: takes what is damaged; without it, damage ends a walk.
  init(_ node: NodeConfiguration, leftOut: LeftOut? = nil) throws {
    do {
      reader = try EventLogReader(
        path: "\(node.storePath)/\(ShardNumber.only)", onDamage: leftOut?.onDamage)
    } catch {
      throw Self.failure(error)
    }
  }

  /// - Throws: when the store holds no such event.
  func history(of id: String) throws -> EventHistory {
    var history = EventHistory(id: id, lineage: reader.lineage)
    do {
      try reader.history(of: Array(id.utf8)).forEach { try history.add($0) }
    } catch let error as EventLogError {
      throw Self.failure(error)
    }
    guard !history.updates.isEmpty else {
      let cancelled = history.cancelledAt.map {
        "; it was cancelled at \($0.text), and is ignored when it comes"
      }
      throw CommandFailure("the store has no event \(id)\(cancelled ?? "")", .noInput)
    }
    return history
  }

  /// Calls `body` with the newest record of each event that the filter may want, in the order of
  /// the log. Reads the log twice, three times for an address; memory is a bit for each record.
  func forEachNewest(
    _ filter: EventFilter, _ progress: ScanProgress, _ body: (RecordView) throws -> Void
  ) throws {
    defer { progress.finish() }
    do {
      var filter = filter
      try filter.findAddressed(reader) { progress.update($0, of: $1) }
      try NewestRecords(reader).forEach(progress: { progress.update(Int($0), of: Int($1)) }) {
        if filter.mayMatch($0) { try body($0) }
      }
    } catch let error as EventLogError {
      throw Self.failure(error)
    }
  }

  /// The same events, newest first, and only those that `matches` wants. Memory is eight bytes for
  /// each of them, and what `body` is given at a time; reads the log once more.
  ///
  /// - Parameter limit: at most so many.
  /// - Returns: how many there are, those beyond the limit among them.
  func forEachNewestFirst(
    _ filter: EventFilter, limit: Int, _ progress: ScanProgress,
    matches: (RecordView) throws -> Bool, _ body: (RecordView) throws -> String,
    _ show: (String) throws -> Void
  ) throws -> Int {
    var places: [LSN] = []
    var count = 0
    try forEachNewest(filter, progress) { record in
      guard try matches(record) else { return }
      count += 1
      places.append(record.header.lsn)
      if places.count >= 2 * limit { places.removeFirst(places.count - limit) }
    }
    var rest = places.suffix(limit)
    while !rest.isEmpty {
      let chunk = Array(rest.suffix(Self.chunkRecords))
      rest = rest.dropLast(Self.chunkRecords)
      for line in try lines(of: chunk, body).reversed() { try show(line) }
    }
    return count
  }

  /// Records whose lines are in memory at one time.
  private static let chunkRecords = 20_000

  private struct ChunkEnd: Error {}

  /// - Parameter places: of the records, in the order of the log.
  private func lines(
    of places: [LSN], _ body: (RecordView) throws -> String
  ) throws -> [String] {
    guard let first = places.first, let last = places.last else { return [] }
    var wanted = places[...]
    var lines: [String] = []
    do {
      try reader.forEachRecord(from: first) { record in
        // What retention has removed meanwhile does not come.
        while let next = wanted.first, next < record.header.lsn { wanted = wanted.dropFirst() }
        if wanted.first == record.header.lsn { lines.append(try body(record)) }
        if record.header.lsn >= last { throw ChunkEnd() }
      }
    } catch is ChunkEnd {
    } catch let error as EventLogError {
      throw Self.failure(error)
    }
    return lines
  }

  /// Counts every event from the records, against what the service has counted.
  func reconcile() throws -> Reconciliation {
    var result = Reconciliation()
    var progress = ProgressBar("reading", total: Int(reader.durableLSN.rawValue))
    do {
      try reader.forEachRecord { record in
        progress.update(Int(record.header.lsn.rawValue))
        result.take(
          lsn: record.header.lsn, kind: record.header.kind,
          key: EventKey(high: record.header.hash.high, low: record.header.hash.low),
          id: record.id, payload: record.payload)
      }
    } catch let error as EventLogError {
      throw Self.failure(error)
    }
    progress.finish(Int(reader.durableLSN.rawValue))
    result.finish()
    return result
  }

  /// - Parameter lineage: of the store that the record is in.
  static func update(_ record: RecordView, lineage: UInt64 = 0) throws -> [UInt8] {
    var writer = ByteWriter(capacity: 512)
    guard let payload = RecordPayload(record.payload),
      payload.writeStatusUpdate(
        id: record.id, lsn: record.header.lsn,
        recordedAt: Timestamp(nanoseconds: record.header.time), shard: .only,
        lineage: lineage, to: &writer)
    else {
      throw CommandFailure(
        "the record with LSN \(record.header.lsn) is not one that this program writes", .data)
    }
    return writer.array()
  }

  static func failure(_ error: EventLogError) -> CommandFailure {
    CommandFailure(error)
  }
}

/// All that the store has of one event.
struct EventHistory {
  let id: String
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

  init(id: String, lineage: UInt64) {
    self.id = id
    self.lineage = lineage
  }

  mutating func add(_ record: RecordView) throws {
    if record.header.kind == RecordKind.cancelRequested.rawValue {
      cancelledAt = Timestamp(nanoseconds: record.header.time)
      return
    }
    updates.append((try StoredEvents.update(record, lineage: lineage), Self.isEvidence(record)))
    if let payload = RecordPayload(record.payload) {
      lane = payload.state.lane
      acceptedAt = payload.state.acceptedAt
      if !payload.bodyBytes.isEmpty { body = Array(payload.bodyBytes) }
    }
  }

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
