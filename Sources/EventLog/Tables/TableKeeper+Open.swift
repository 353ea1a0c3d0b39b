internal import LogSequence

// What is there at the opening: used where it is whole and of this history, made again where not.
extension TableKeeper {
  /// Brings the derived files in step with the sealed segments, which are verified on the way:
  /// whole where anything must be made from them, else their headers, ends and chain.
  func open(_ manifest: Manifest) throws(EventLogError) {
    indexed = []
    pending = []
    if try disk.makeDirectoryIfAbsent(paths.index) { try disk.syncNames(paths.root) }
    let sealed = Array(manifest.segments.dropLast())
    let found = try loadTables(sealed)
    tables = Self.cover(sealed, found)
    var point = manifest.origin
    for (index, segment) in sealed.enumerated() {
      do throws(EventLogError) {
        try openSealed(segment, after: point)
      } catch {
        guard SystemError(error.systemError).isLackOfSpace else { throw error }
        // No room for derived files: the rest is kept in memory until there is.
        pending = Array(sealed[index...])
        break
      }
      if let end = segment.end { point = end.point }
    }
    tables.sort { $0.range.firstLSN < $1.range.firstLSN }
    dropUnfinished(sealed)
    loadCheckpoint(sealed)
    try tidy(manifest)
    for segment in indexed { map.keepOnDisk(segment.positions) }
    publish()
  }

  /// A table over segments that are not all indexed is of no use, nor those it alone covers.
  private func dropUnfinished(_ sealed: [Manifest.Segment]) {
    while let table = tables.last, table.range.last > indexed.last?.segment.id ?? 0 {
      tables.removeLast()
      indexed.removeAll { $0.segment.id >= table.range.first }
      pending = Array(sealed[indexed.count...])
    }
  }

  private func openSealed(
    _ segment: Manifest.Segment, after point: ChainPoint
  ) throws(EventLogError) {
    let file = try Recovery.open(disk, paths.segment(segment.id), .read, segment)
    defer { file.closeQuietly() }
    map.add(id: segment.id, baseLSN: segment.baseLSN)
    guard let range = SegmentRange(segment) else {
      throw .damaged(paths.manifest, nil, "a segment before the last one is not sealed")
    }
    let known = PositionTable.load(
      disk, paths.positions(segment.id), store: store, range)
    let isCovered = tables.contains { $0.range.first <= range.first && range.last <= $0.range.last }
    if let known, isCovered {
      try SealedCheck(segment, file, store: store, after: point, known.lastFrame).run()
      indexed.append(IndexedSegment(segment: segment, positions: known))
      return
    }
    let contents = try SegmentIndexer(
      segment, file, store: store, after: point, maxEpoch: maxEpoch, breaks: options.breaks)
    let positions = try writePositions(segment, contents)
    if !isCovered { tables.append(try writeTable(segment, contents)) }
    indexed.append(IndexedSegment(segment: segment, positions: positions))
  }

  /// The tables on disk that were made from the segments that are listed.
  private func loadTables(_ sealed: [Manifest.Segment]) throws(EventLogError) -> [Table] {
    try disk.names(in: paths.index).filter { $0.hasSuffix(".table") }.compactMap { name in
      guard
        let table = Table.load(disk, paths.index + "/" + name, store: store),
        Self.isUsable(table, for: sealed, after: origin)
      else { return nil }
      return table
    }
  }

  /// Whether it is a table of these sealed segments, and not of another history.
  static func isUsable(
    _ table: Table, for sealed: [Manifest.Segment], after origin: ChainPoint
  ) -> Bool {
    table.header.kind == .table && isOf(sealed, table.range, origin)
  }

  /// Whether a range ends where a listed segment does, and begins where one does or before all.
  private static func isOf(
    _ sealed: [Manifest.Segment], _ range: SegmentRange, _ origin: ChainPoint
  ) -> Bool {
    guard let last = sealed.first(where: { $0.id == range.last }), last.end?.point == range.end
    else { return false }
    if range.firstLSN <= origin.lsn { return true }
    return sealed.contains { $0.id == range.first && $0.baseLSN == range.firstLSN }
  }

  /// Of the tables found, those that cover the most without covering anything twice.
  static func cover(_ sealed: [Manifest.Segment], _ found: [Table]) -> [Table] {
    var chosen: [Table] = []
    var last: UInt64 = 0
    for (index, segment) in sealed.enumerated() where segment.id > last {
      let fitting = found.filter { table in
        let begins = index == 0 ? table.range.first <= segment.id : table.range.first == segment.id
        return begins && table.range.last >= segment.id
      }
      guard let best = fitting.max(by: { $0.range.last < $1.range.last }) else { continue }
      chosen.append(best)
      last = best.range.last
    }
    return chosen
  }

  private func loadCheckpoint(_ sealed: [Manifest.Segment]) {
    checkpoint = Table.load(disk, paths.checkpoint, store: store)
    guard let found = checkpoint else { return }
    if !Self.isUsable(checkpoint: found, for: sealed, after: origin, coveredLSN) {
      checkpoint = nil
    }
  }

  /// Whether it is a checkpoint of these sealed segments, and no table is missing up to its end.
  static func isUsable(
    checkpoint: Table, for sealed: [Manifest.Segment], after origin: ChainPoint,
    _ coveredLSN: LSN
  ) -> Bool {
    checkpoint.header.kind == .checkpoint && isOf(sealed, checkpoint.range, origin)
      && checkpoint.range.end.lsn <= coveredLSN
  }

  /// Removes derived files that are of no use: unfinished, replaced, or of segments that are gone.
  private func tidy(_ manifest: Manifest) throws(EventLogError) {
    var used = Set(tables.map(\.file.path))
    for segment in indexed { used.insert(paths.positions(segment.segment.id)) }
    if checkpoint != nil { used.insert(paths.checkpoint) }
    for name in try disk.names(in: paths.index) {
      let isOurs =
        name.hasSuffix(".table") || name.hasSuffix(".positions") || name.hasSuffix(".tmp")
        || name == StorePaths.checkpointName
      let path = paths.index + "/" + name
      if isOurs, !used.contains(path) { try disk.removeIfPresent(path) }
    }
  }
}

/// Whether a sealed segment that is not read whole is in its place: its header, the chain to the
/// segment before, its size, and the header of its last frame.
struct SealedCheck {
  let segment: Manifest.Segment
  let file: DiskFile
  let store: StoreID
  let point: ChainPoint
  let lastFrame: Int64

  /// `lastFrame`: offset of the last frame, 0 when there is none.
  init(
    _ segment: Manifest.Segment, _ file: DiskFile, store: StoreID, after point: ChainPoint,
    _ lastFrame: Int64
  ) {
    self.segment = segment
    self.file = file
    self.store = store
    self.point = point
    self.lastFrame = lastFrame
  }

  func run() throws(EventLogError) {
    let header = try SegmentHeader.check(
      try read(0, Limits.segmentHeaderBytes), file, segment, store, after: point)
    guard let end = segment.end else {
      throw .damaged(file.path, nil, "a segment before the last one is not sealed")
    }
    let size = try file.size()
    guard size >= end.offset else {
      throw .damaged(
        file.path, size, "the file has \(size) bytes; its frames end at byte \(end.offset)")
    }
    guard lastFrame > 0 else { return }
    let bytes = try read(lastFrame, Limits.frameHeaderBytes)
    let frame = bytes.withBytes { bytes in
      bytes.baseAddress.flatMap { FrameHeader.decode($0, salt: header.frameSalt) }
    }
    guard
      let frame, frame.chain == end.point.chain, frame.sequence == end.point.sequence,
      lastFrame + Int64(frame.totalBytes) == end.offset
    else {
      throw .damaged(
        file.path, lastFrame,
        "the last frame of the segment, \(end.point.sequence), is not where it was")
    }
  }

  private func read(_ offset: Int64, _ count: Int) throws(EventLogError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: offset)
    }
    guard got == count else {
      throw .damaged(file.path, offset + Int64(got), "the file ends too early")
    }
    return bytes
  }
}
