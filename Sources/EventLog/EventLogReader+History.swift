internal import LogSequence

// One event's records: by the tables in the sealed segments, by reading in those that no table
// covers yet.
extension EventLogReader {
  /// Every record of one event, oldest first; empty when there is none. Reads little more than
  /// those and the newest segments; the whole log when its tables are missing or do not fit it.
  package func history(of id: [UInt8]) throws -> RecordBlock {
    let hash = id.withBytes { SipHash.hash($0, key: identity.key) }
    // A table may be damaged, or be replaced or removed meanwhile: the log itself decides then.
    if let history = try? indexedHistory(of: id, hash) { return history }
    var history = History()
    try scan(from: 1, for: id, hash, into: &history)
    return history.block
  }

  private struct History {
    private var records: [[UInt8]] = []
    private var bytes: [UInt8] = []
    private(set) var count = 0
    /// Of the oldest record so far: the one before it; nil while there is none.
    private(set) var previousLSN: LSN?

    var block: RecordBlock { RecordBlock(records.reversed().flatMap(\.self) + bytes, count: count) }

    mutating func append(_ record: RecordView) {
      guard let body = record.id.baseAddress else { return }
      let length = RecordCodec.length(id: record.id.count, payload: record.payload.count)
      bytes += UnsafeRawBufferPointer(start: body - Limits.recordHeaderBytes, count: length)
      count += 1
      previousLSN = previousLSN ?? record.header.previousLSN
    }

    mutating func prepend(_ record: [UInt8], after previous: LSN) {
      records.append(record)
      count += 1
      previousLSN = previous
    }
  }

  private func scan(
    from first: LSN, for id: [UInt8], _ hash: EventHash, into history: inout History
  ) throws {
    try forEachRecord(from: first) { record in
      guard
        record.header.hash == hash, record.header.flags.contains(.event),
        record.id.elementsEqual(id)
      else { return }
      history.append(record)
    }
  }

  /// Nil when the tables do not say enough.
  private func indexedHistory(of id: [UInt8], _ hash: EventHash) throws -> RecordBlock? {
    let manifest = snapshot.manifest
    let tables = try coveringTables(manifest)
    guard let covered = tables.last?.range.end.lsn else { return nil }
    var history = History()
    try scan(from: covered.next, for: id, hash, into: &history)
    var next = try history.previousLSN ?? newestLSN(hash, in: tables)
    let fetcher = RecordFetcher(segmentMap(manifest), SegmentFiles(disk, paths))
    while next > manifest.origin.lsn {
      var record: [UInt8] = []
      guard try fetcher.fetch(next, into: &record) else { return nil }
      let previous = record.withBytes { bytes -> LSN? in
        guard
          let start = bytes.baseAddress,
          let view = RecordCodec.decode(start, available: bytes.count),
          view.header.hash == hash, view.id.elementsEqual(id), view.header.previousLSN < next
        else { return nil }
        return view.header.previousLSN
      }
      guard let previous else { return nil }
      history.prepend(record, after: previous)
      next = previous
    }
    return history.block
  }

  private func newestLSN(_ hash: EventHash, in tables: [Table]) throws -> LSN {
    var newest: LSN = 0
    for table in tables {
      if let entry = try table.find(hash) { newest = max(newest, entry.value.lsn) }
    }
    return newest
  }

  /// Without filters: for one question they cost more than they save. Cover the sealed segments
  /// from the first on, up to where one is missing.
  func coveringTables(_ manifest: Manifest) throws(EventLogError) -> [Table] {
    let sealed = manifest.segments.filter { $0.end != nil }
    let found = try disk.names(in: paths.index).compactMap { name -> Table? in
      guard
        name.hasSuffix(".table"),
        let table = Table.load(
          disk, paths.index + "/" + name, store: identity.store, hasFilter: false),
        TableKeeper.isUsable(table, for: sealed, after: manifest.origin)
      else { return nil }
      return table
    }
    var covering: [Table] = []
    var next = manifest.origin.lsn.next
    for table in TableKeeper.cover(sealed, found) {
      guard table.range.firstLSN <= next else { break }
      covering.append(table)
      next = table.range.end.lsn.next
    }
    return covering
  }

  func segmentMap(_ manifest: Manifest) -> SegmentMap {
    let map = SegmentMap()
    for segment in manifest.segments {
      map.add(id: segment.id, baseLSN: segment.baseLSN)
      guard
        let range = SegmentRange(segment),
        let positions = PositionTable.load(
          disk, paths.positions(segment.id), store: identity.store, range)
      else { continue }
      map.keepOnDisk(positions)
    }
    return map
  }
}
