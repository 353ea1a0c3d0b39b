// The checkpoint: the events that were open at the end of an indexed segment. The next one comes
// from it and the tables of the segments since, without asking the owner's thread.
extension TableKeeper {
  /// Writes the checkpoint at the last indexed segment, unless it stands there already.
  func writeCheckpoint(_ pace: TablePace = .unheld) throws(EventLogError) {
    guard let last = indexed.last, checkpoint?.range.end != last.positions.range.end else {
      return
    }
    let first = indexed[0].positions.range
    let range = SegmentRange(
      first: first.first, last: last.segment.id, firstLSN: first.firstLSN,
      end: last.positions.range.end)
    var header = TableHeader(kind: .checkpoint, store: store, level: 0, range: range)
    header.newestOfKind = newestOfKind(tables)
    let writer = try TableWriter(
      disk, paths.checkpoint + ".tmp", header, keys: 0,
      pace: { (_) throws(EventLogError) in try pace.breathe() })
    try forEachOpen { (entry) throws(EventLogError) in try writer.add(entry) }
    let written = try writer.finish(as: paths.checkpoint, in: paths.index)
    self.written.bytes.add(Int(written.header.fileBytes))
    checkpoint = written
  }

  /// Whether the checkpoint is worth writing again: its size against that of the segments since.
  var wantsCheckpoint: Bool {
    guard let checkpoint else { return !indexed.isEmpty }
    let since = indexed.reduce(into: Int64(0)) { sum, segment in
      if segment.segment.id > checkpoint.range.last { sum += segment.segment.end?.offset ?? 0 }
    }
    return since > 0 && since >= checkpoint.header.fileBytes / 4
  }

  /// Every event that is open at the end of the indexed segments, in the order of the hashes.
  func forEachOpen(
    _ body: (TableEntry) throws(EventLogError) -> Void
  ) throws(EventLogError) {
    try Self.forEachOpen(checkpoint, tables, after: origin, body)
  }

  /// Every event that is open at the end of the tables. With a checkpoint only those behind it are
  /// read.
  static func forEachOpen(
    _ checkpoint: Table?, _ tables: [Table], after origin: ChainPoint,
    _ body: (TableEntry) throws(EventLogError) -> Void
  ) throws(EventLogError) {
    var cursors: [TableCursor] = []
    var from = origin.lsn
    if let checkpoint {
      cursors.append(try TableCursor(checkpoint))
      from = checkpoint.range.end.lsn
    }
    for table in tables where table.range.end.lsn > from {
      cursors.append(try TableCursor(table, after: from))
    }
    var merge = EntryMerge(cursors)
    while let entry = try merge.next() {
      if entry.isOpen, entry.value.lsn > origin.lsn { try body(entry) }
    }
  }
}
