// Tiers: four tables of a level in a row become one of the next, so that some ten filters stand
// for any number of segments, and each entry is rewritten about once for every fourfold growth.
extension TableKeeper {
  static let fanIn = 4

  /// Merges one run of tables, or rewrites the oldest table when retention emptied half of it.
  /// False when there is nothing to do.
  func mergeOnce() throws(EventLogError) -> Bool {
    guard let run = nextRun() else { return false }
    let inputs = Array(tables[run])
    let merged = try write(inputs, level: level(of: inputs))
    tables.replaceSubrange(run, with: [merged])
    publish()
    for input in inputs where input.file.path != merged.file.path {
      try disk.removeIfPresent(input.file.path)
    }
    return true
  }

  private func level(of inputs: [Table]) -> UInt8 {
    let highest = inputs.map(\.header.level).max() ?? 0
    return inputs.count > 1 ? min(highest, 100) + 1 : highest
  }

  private func nextRun() -> Range<Int>? {
    let levels = tables.map(\.header.level)
    for level in Set(levels).sorted() {
      var start: Int?
      for index in 0...levels.count {
        if index < levels.count, levels[index] <= level {
          start = start ?? index
          continue
        }
        if let begin = start, index - begin >= Self.fanIn { return begin..<index }
        start = nil
      }
    }
    if let oldest = tables.first, oldest.range.firstLSN <= origin.lsn {
      let gone = origin.lsn - oldest.range.firstLSN
      if gone > oldest.range.end.lsn - origin.lsn { return 0..<1 }
    }
    return nil
  }

  /// One table with what the inputs say of events that are still in the log.
  private func write(_ inputs: [Table], level: UInt8) throws(EventLogError) -> Table {
    guard let first = inputs.first, let last = inputs.last else {
      preconditionFailure("a merge has inputs")
    }
    // A table that retention cut begins where the log does.
    let begin = indexed.first?.positions.range
    let isCut = first.range.firstLSN <= origin.lsn
    let range = SegmentRange(
      first: isCut ? begin?.first ?? first.range.first : first.range.first,
      last: last.range.last,
      firstLSN: isCut ? begin?.firstLSN ?? first.range.firstLSN : first.range.firstLSN,
      end: last.range.end)
    var header = TableHeader(kind: .table, store: store, level: level, range: range)
    header.newestOfKind = newestOfKind(inputs)
    let path = paths.table(range, level: level)
    let writer = try TableWriter(
      disk, path + ".tmp", header, keys: inputs.reduce(0) { $0 + $1.header.entries }, pace: pace)
    var cursors: [TableCursor] = []
    for input in inputs { cursors.append(try TableCursor(input)) }
    var merge = EntryMerge(cursors)
    while let entry = try merge.next() {
      if entry.value.lsn > origin.lsn { try writer.add(entry) }
    }
    return try writer.finish(as: path, in: paths.index)
  }

  /// By kind, the newest record that is no event's and still in the log.
  func newestOfKind(_ tables: [Table]) -> [UInt64] {
    var newest = [UInt64](repeating: 0, count: 256)
    for table in tables {
      for (kind, lsn) in table.header.newestOfKind.enumerated() where lsn > origin.lsn {
        newest[kind] = max(newest[kind], lsn)
      }
    }
    return newest
  }
}
