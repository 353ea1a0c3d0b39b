internal import LogSequence

// What is open in the log, without reading all of it: as a start of the service finds it.
extension EventLogReader {
  /// The newest record of whatever is not final and whose flags hold all of `flags`, in the order
  /// of the log. Reads the checkpoint, the tables behind it, those records and, twice, the
  /// segments that no table covers; the whole log when its tables are missing or do not fit it.
  /// Memory grows with what is found, some forty bytes for each.
  ///
  /// - Parameter body: views are valid in the call; what it throws ends the walk.
  package func forEachOpen(
    _ flags: RecordFlags, _ body: (RecordView) throws -> Void
  ) throws {
    var told: Set<EventHash> = []
    var attempts = 0
    while true {
      do {
        return try forEachOpen(flags, except: &told, body)
      } catch let error as EventLogError {
        attempts += 1
        // Retention may have removed a segment meanwhile: what was open in it was written again.
        guard attempts < Self.openAttempts else { throw error }
        try refresh()
      }
    }
  }

  private static var openAttempts: Int { 3 }

  private func forEachOpen(
    _ flags: RecordFlags, except told: inout Set<EventHash>,
    _ body: (RecordView) throws -> Void
  ) throws {
    let open = try openRecords(flags)
    var failure: (any Error)?
    func tell(_ record: RecordView) {
      guard failure == nil, told.insert(record.header.hash).inserted else { return }
      do { try body(record) } catch { failure = error }
    }
    let fetcher = RecordFetcher(segmentMap(snapshot.manifest), SegmentFiles(disk, paths))
    try fetcher.forEach(open.lsns.filter { $0 <= open.coveredLSN }) { (record) in tell(record) }
    if let failure { throw failure }
    var rest = open.lsns.drop { $0 <= open.coveredLSN }
    guard let first = rest.first else { return }
    try forEachRecord(from: first) { record in
      guard record.header.lsn == rest.first else { return }
      rest.removeFirst()
      tell(record)
      if let failure { throw failure }
    }
  }

  private struct OpenRecords {
    /// In order.
    var lsns: [LSN] = []
    /// What the tables know up to.
    var coveredLSN: LSN
  }

  private func openRecords(_ flags: RecordFlags) throws -> OpenRecords {
    // A table may be damaged, or be replaced or removed meanwhile: the log itself decides then.
    let known = try? openInTables(flags)
    var newest = known?.newest ?? [:]
    let covered = known?.coveredLSN ?? snapshot.manifest.origin.lsn
    try forEachRecord(from: covered.next) { record in
      let header = record.header
      guard header.flags.contains(.event) else { return }
      let isWanted = header.flags.isSuperset(of: flags) && !header.flags.contains(.final)
      newest[header.hash] = isWanted ? header.lsn : nil
    }
    return OpenRecords(lsns: newest.values.sorted(), coveredLSN: covered)
  }

  /// Nil when no table covers the oldest segment.
  private func openInTables(
    _ flags: RecordFlags
  ) throws(EventLogError) -> (newest: [EventHash: LSN], coveredLSN: LSN)? {
    let manifest = snapshot.manifest
    let tables = try coveringTables(manifest)
    guard let covered = tables.last?.range.end.lsn else { return nil }
    let sealed = manifest.segments.filter { $0.end != nil }
    var checkpoint = Table.load(disk, paths.checkpoint, store: identity.store, hasFilter: false)
    if let found = checkpoint,
      !TableKeeper.isUsable(checkpoint: found, for: sealed, after: manifest.origin, covered)
    {
      checkpoint = nil
    }
    var newest: [EventHash: LSN] = [:]
    try TableKeeper.forEachOpen(checkpoint, tables, after: manifest.origin) { entry in
      if entry.value.flags.isSuperset(of: flags) { newest[entry.hash] = entry.value.lsn }
    }
    return (newest, covered)
  }
}
