internal import EventLog
internal import Execution
internal import JSON
internal import LogSequence
internal import Messages

/// The events of one shard, read from its files.
struct StoredShard {
  let number: ShardNumber
  let reader: EventLogReader

  /// - Parameter leftOut: takes what is damaged; without it, damage ends a walk.
  init(_ number: ShardNumber, path: String, leftOut: LeftOut? = nil) throws {
    self.number = number
    do {
      reader = try EventLogReader(path: path, onDamage: leftOut?.onDamage)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// Without any update when the shard holds no such event.
  func history(of id: String) throws -> EventHistory {
    var history = EventHistory(id: id, shard: number, lineage: reader.lineage)
    do {
      try reader.history(of: Array(id.utf8)).forEach { try history.add($0) }
    } catch let error as EventLogError {
      throw CommandFailure(error)
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
      throw CommandFailure(error)
    }
  }

  private struct WalkEnd: Error {}

  /// What `body` makes of records; those that retention has removed meanwhile are left out.
  ///
  /// - Parameter places: of the records, in the order of the log.
  func lines(
    of places: [LSN], _ body: (StoredShard, RecordView) throws -> String
  ) throws -> [LSN: String] {
    guard let first = places.first, let last = places.last else { return [:] }
    var wanted = places[...]
    var lines: [LSN: String] = [:]
    do {
      try reader.forEachRecord(from: first) { record in
        let lsn = record.header.lsn
        while let next = wanted.first, next < lsn { wanted = wanted.dropFirst() }
        if wanted.first == lsn { lines[lsn] = try body(self, record) }
        if lsn >= last { throw WalkEnd() }
      }
    } catch is WalkEnd {
    } catch let error as EventLogError {
      throw CommandFailure(error)
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
      throw CommandFailure(error)
    }
    progress.finish(Int(reader.durableLSN.rawValue))
    result.finish()
    return result
  }

  /// A record's status update, as JSON.
  func update(_ record: RecordView) throws -> [UInt8] {
    try Self.update(record, shard: number, lineage: reader.lineage)
  }

  /// - Parameter lineage: of the store that the record is in.
  static func update(
    _ record: RecordView, shard: ShardNumber, lineage: UInt64
  ) throws -> [UInt8] {
    var writer = ByteWriter(capacity: 512)
    guard let payload = RecordPayload(record.payload),
      payload.writeStatusUpdate(
        id: record.id, lsn: record.header.lsn,
        recordedAt: Timestamp(nanoseconds: record.header.time), shard: shard, lineage: lineage,
        to: &writer)
    else {
      throw CommandFailure(
        "the record with LSN \(record.header.lsn) is not one that this program writes", .data)
    }
    return writer.array()
  }
}
