internal import LogSequence

// Tiers: four tables of a tier in a row become one of the next, so that some ten filters stand for
// any number of segments, and each entry is written at most 1 + log4 N times for N segments.
extension TableKeeper {
  static let fanIn = 4

  /// Merges one run of tables, or rewrites the oldest table when retention emptied half of it.
  /// False when there is nothing to do.
  func mergeOnce(_ pace: TablePace = .unheld) throws(EventLogError) -> Bool {
    guard let run = nextRun() else { return false }
    let inputs = Array(tables[run])
    assert(run.count == 1 || run.count == Self.fanIn, "four become one, or one is cut")
    let merged = try write(inputs, pace)
    tables.replaceSubrange(run, with: [merged])
    publish()
    for input in inputs where input.file.path != merged.file.path {
      try disk.removeIfPresent(input.file.path)
    }
    return true
  }

  /// log4 of the segments that a table stands for, rounded down: of those that are still there.
  /// What earlier programs called the level of a table does not count.
  private func tier(_ range: SegmentRange) -> UInt8 {
    let first = max(range.first, indexed.first?.segment.id ?? 0)
    let segments = range.last >= first ? range.last - first + 1 : 1
    return UInt8((UInt64.bitWidth - 1 - segments.leadingZeroBitCount) / 2)
  }

  /// The four oldest of four tables or more of the same tier; of several runs the one of the lowest
  /// tier. A table that is older than one of a higher tier, as one that was made again or that
  /// retention cut may be, counts as of that tier: it would else never be merged.
  private func nextRun() -> Range<Int>? {
    var tier: UInt8 = 0
    var end = tables.count
    for index in tables.indices.reversed() {
      let own = self.tier(tables[index].range)
      if own > tier {
        if end - index - 1 >= Self.fanIn { return index + 1..<index + 1 + Self.fanIn }
        (tier, end) = (own, index + 1)
      }
    }
    if end >= Self.fanIn { return 0..<Self.fanIn }
    if let oldest = tables.first, oldest.range.firstLSN <= origin.lsn {
      let gone = oldest.range.firstLSN.distance(to: origin.lsn)
      if gone > origin.lsn.distance(to: oldest.range.end.lsn) { return 0..<1 }
    }
    return nil
  }

  /// One table with what the inputs say of events that are still in the log.
  private func write(
    _ inputs: [Table], _ pace: TablePace
  ) throws(EventLogError) -> Table {
    guard let first = inputs.first, let last = inputs.last else {
      preconditionFailure("a merge has inputs")
    }
    // A table that retention cut begins where the log does.
    let begin = indexed.first?.positions.range
    let isCut = first.range.firstLSN <= origin.lsn
    assert(
      zip(inputs, inputs.dropFirst()).allSatisfy { $0.range.end.lsn == $1.range.firstLSN.previous },
      "tables that are merged stand side by side")
    let range = SegmentRange(
      first: isCut ? begin?.first ?? first.range.first : first.range.first,
      last: last.range.last,
      firstLSN: isCut ? begin?.firstLSN ?? first.range.firstLSN : first.range.firstLSN,
      end: last.range.end)
    let level = tier(range)
    var header = TableHeader(kind: .table, store: store, level: level, range: range)
    header.newestOfKind = newestOfKind(inputs)
    let path = paths.table(range, level: level)
    let writer = try TableWriter(
      disk, path + ".tmp", header, keys: inputs.reduce(0) { $0 + $1.header.entries },
      pace: pace.hold)
    var cursors: [TableCursor] = []
    for input in inputs { cursors.append(try TableCursor(input)) }
    var merge = EntryMerge(cursors)
    while let entry = try merge.next() {
      if entry.value.lsn > origin.lsn { try writer.add(entry) }
    }
    let table = try writer.finish(as: path, in: paths.index)
    written.add(table)
    return table
  }

  /// By kind, the newest record that is no event's and still in the log.
  func newestOfKind(_ tables: [Table]) -> [LSN] {
    var newest = [LSN](repeating: 0, count: 256)
    for table in tables {
      for (kind, lsn) in table.header.newestOfKind.enumerated() where lsn > origin.lsn {
        newest[kind] = max(newest[kind], lsn)
      }
    }
    return newest
  }
}
