internal import EventLog
internal import Execution
internal import JSON
internal import Messages
internal import Node

/// The events of a store, read from its files.
struct StoredEvents {
  let reader: EventLogReader

  init(_ node: NodeConfiguration) throws {
    do {
      reader = try EventLogReader(path: "\(node.storePath)/00")
    } catch {
      throw Self.failure(error)
    }
  }

  /// - Throws: when the store holds no such event.
  func history(of id: String) throws -> EventHistory {
    var history = EventHistory(id: id)
    do {
      try reader.history(of: Array(id.utf8)).forEach { try history.add($0) }
    } catch let error as EventLogError {
      throw Self.failure(error)
    }
    guard !history.updates.isEmpty else {
      throw CommandFailure("the store has no event \(id)", .noInput)
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

  /// Counts every event from the records, against what the service has counted.
  func reconcile() throws -> Reconciliation {
    var result = Reconciliation()
    var progress = ProgressBar("reading", total: Int(reader.durableLSN))
    do {
      try reader.forEachRecord { record in
        progress.update(Int(record.header.lsn))
        result.take(
          lsn: record.header.lsn, kind: record.header.kind,
          key: EventKey(high: record.header.hash.high, low: record.header.hash.low),
          id: record.id, payload: record.payload)
      }
    } catch let error as EventLogError {
      throw Self.failure(error)
    }
    progress.finish(Int(reader.durableLSN))
    result.finish()
    return result
  }

  static func update(_ record: RecordView) throws -> [UInt8] {
    var writer = ByteWriter(capacity: 512)
    guard let payload = RecordPayload(record.payload),
      payload.writeStatusUpdate(
        id: record.id, lsn: record.header.lsn,
        recordedAt: Timestamp(nanoseconds: record.header.time), shard: ShardNumber(0),
        to: &writer)
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
  /// Status updates as JSON, oldest first; those that are no transition (a log that changed
  /// nothing, a delivery published again) marked.
  private(set) var updates: [(json: [UInt8], isEvidence: Bool)] = []
  /// The event as it came.
  private(set) var body: [UInt8] = []
  private(set) var lane = Lane.realtime

  init(id: String) {
    self.id = id
  }

  mutating func add(_ record: RecordView) throws {
    updates.append((try StoredEvents.update(record), Self.isEvidence(record)))
    if let payload = RecordPayload(record.payload) {
      lane = payload.state.lane
      if !payload.bodyBytes.isEmpty { body = Array(payload.bodyBytes) }
    }
  }

  /// A record that keeps the status: a delivery log that changed nothing, a delivery published
  /// once more, an event carried forward.
  static func isEvidence(_ record: RecordView) -> Bool {
    RecordKind(rawValue: record.header.kind)?.isTransition == false
  }

  func printText() {
    let parser = JSONParser()
    writeLine("event \(id)")
    writeLine(String(decoding: body, as: UTF8.self))
    writeLine("")
    writeLine(UpdateLine.header)
    var unreadable = 0
    for update in updates {
      do {
        let line = try parser.withDocument(update.json) { UpdateLine.text($0) }
        writeLine(line + (update.isEvidence ? " (no change)" : ""))
      } catch {
        unreadable += 1
        writeError("meddela: a transition cannot be shown: \(error)\n")
      }
    }
    if unreadable > 0 { writeError("meddela: \(unreadable) transitions are not shown\n") }
  }

  /// One object.
  var json: String {
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
    object.add("event", json: text(body))
    object.add("history", json: "[\(transitions.joined(separator: ","))]")
    object.add("evidence", json: "[\(evidence.joined(separator: ","))]")
    return object.text
  }
}
