internal import LogSequence

/// Makes and keeps the files that are derived from sealed segments: a table of events and the
/// positions of records for each, tables merged in tiers, and the checkpoint. Used by one thread
/// at a time: the opener's, then the keeper's, then the closer's.
///
/// Every file gets its name when it is whole and durable, and says which segments it was made
/// from; whatever a crash leaves is either used or removed at the next opening.
final class TableKeeper {
  let options: EventLogOptions
  let paths: StorePaths
  let store: StoreID
  let map: SegmentMap
  let published: PublishedTables
  /// Sealed segments whose events and positions are in derived files, oldest first.
  var indexed: [IndexedSegment] = []
  /// Sealed segments that are not, behind those.
  var pending: [Manifest.Segment] = []
  /// Oldest first; together they cover the indexed segments.
  var tables: [Table] = []
  var checkpoint: Table?
  /// Where the log begins, after what retention removed.
  var origin: ChainPoint
  var maxEpoch: UInt64
  /// Retention has read and verified the segments up to this one.
  var verifiedThrough: UInt64 = 0
  /// What was written, for the figures.
  let written = IndexWrites()

  var disk: any Disk { options.disk }

  struct IndexedSegment {
    let segment: Manifest.Segment
    let positions: PositionTable

    var lastLSN: LSN { positions.range.end.lsn }
    var bytes: Int64 { segment.end?.offset ?? 0 }
  }

  init(
    _ options: EventLogOptions, _ paths: StorePaths, _ manifest: Manifest, _ map: SegmentMap
  ) {
    self.options = options
    self.paths = paths
    self.map = map
    store = manifest.store
    origin = manifest.origin
    maxEpoch = manifest.epoch
    published = PublishedTables(TableSet([], coveredLSN: manifest.origin.lsn))
  }

  /// The last LSN of the indexed segments.
  var coveredLSN: LSN { indexed.last?.lastLSN ?? origin.lsn }

  /// A segment was sealed.
  func add(_ segment: Manifest.Segment) {
    assert(segment.end != nil, "only sealed segments are indexed")
    assert((pending.last ?? indexed.last?.segment).map { $0.id < segment.id } ?? true, "in order")
    pending.append(segment)
  }

  /// Makes the derived files of the oldest pending segment. False when there is none.
  func indexNext() throws(EventLogError) -> Bool {
    guard let segment = pending.first else { return false }
    let contents = try index(segment, after: indexed.last?.positions.range.end ?? origin)
    let positions = try writePositions(segment, contents)
    let table = try writeTable(segment, contents)
    assert(
      tables.last.map { $0.range.end.lsn == table.range.firstLSN.previous } ?? true,
      "tables cover the segments without a gap")
    tables.append(table)
    indexed.append(IndexedSegment(segment: segment, positions: positions))
    pending.removeFirst()
    map.keepOnDisk(positions)
    publish()
    giveBackTail(segment)
    return true
  }

  /// Reads a segment whole; `point` is where the log stood before it.
  func index(
    _ segment: Manifest.Segment, after point: ChainPoint
  ) throws(EventLogError) -> SegmentIndexer {
    let file = try Recovery.open(disk, paths.segment(segment.id), .read, segment)
    defer { file.closeQuietly() }
    return try SegmentIndexer(segment, file, store: store, after: point, maxEpoch: maxEpoch)
  }

  /// A segment that was sealed early ends before its file does: its unused blocks go back to the
  /// file system. Only space is at stake, so an error is of no interest.
  private func giveBackTail(_ segment: Manifest.Segment) {
    guard
      let end = segment.end?.offset,
      let file = try? DiskFile(disk, paths.segment(segment.id), .write)
    else { return }
    let start = Int64(roundUp(Int(end), to: Limits.blockBytes))
    if let size = try? file.size(), size - start >= Int64(Limits.frameTargetBytes),
      !SegmentScanner.hasStray(file, at: end)
    {
      try? disk.punchHole(file.descriptor, at: start, size - start)
    }
    file.closeQuietly()
  }

  /// Makes a damaged derived file again, from the segments it was made from.
  func repair(_ path: String) throws(EventLogError) {
    if checkpoint?.file.path == path {
      checkpoint = nil
      return try disk.removeIfPresent(path)
    }
    if let place = indexed.firstIndex(where: { paths.positions($0.segment.id) == path }) {
      return try repairPositions(place)
    }
    guard let place = tables.firstIndex(where: { $0.file.path == path }) else { return }
    let range = tables[place].range
    var point = origin
    var made: [Table] = []
    for segment in indexed.map(\.segment) {
      if range.first <= segment.id, segment.id <= range.last {
        made.append(try writeTable(segment, try index(segment, after: point)))
      }
      if let end = segment.end { point = end.point }
    }
    tables.replaceSubrange(place...place, with: made)
    publish()
    if !made.contains(where: { $0.file.path == path }) { try disk.removeIfPresent(path) }
  }

  /// For the next start: until then they are in memory.
  private func repairPositions(_ place: Int) throws(EventLogError) {
    let segment = indexed[place].segment
    let point = place > 0 ? indexed[place - 1].positions.range.end : origin
    let positions = try writePositions(segment, try index(segment, after: point))
    indexed[place] = IndexedSegment(segment: segment, positions: positions)
  }

  func writePositions(
    _ segment: Manifest.Segment, _ contents: SegmentIndexer
  ) throws(EventLogError) -> PositionTable {
    guard let range = SegmentRange(segment) else {
      preconditionFailure("only sealed segments are indexed")
    }
    let positions = PositionTable(
      store: store, range: range, count: contents.positions.count,
      lastFrame: contents.lastFrame, latest: contents.latest)
    let bytes = positions.encoded(contents.positions)
    try disk.replaceFile(hexadecimal(segment.id) + ".positions", in: paths.index, with: bytes)
    written.bytes.add(bytes.count)
    return positions
  }

  func writeTable(
    _ segment: Manifest.Segment, _ contents: SegmentIndexer
  ) throws(EventLogError) -> Table {
    guard let range = SegmentRange(segment) else {
      preconditionFailure("only sealed segments are indexed")
    }
    var header = TableHeader(kind: .table, store: store, level: 0, range: range)
    header.newestOfKind = contents.newestOfKind
    let path = paths.table(range, level: 0)
    let writer = try TableWriter(
      disk, path + ".tmp", header, keys: contents.entries.count, pace: { _ in })
    for entry in contents.entries { try writer.add(entry) }
    let table = try writer.finish(as: path, in: paths.index)
    written.add(table)
    written.firstEntries.add(contents.entries.count)
    return table
  }

  /// From now on the owner and new reads see these tables.
  func publish() { published.set = TableSet(tables, coveredLSN: coveredLSN) }
}

/// The newest set of tables: set by the keeper's thread, seen by the owner's.
final class PublishedTables: @unchecked Sendable {
  // Sendable because `current` is only touched with the monitor's lock held.
  /// Changes with every new set.
  let generation = AtomicCounter()
  /// The generation that the owner has come to.
  let seen = AtomicCounter()
  private let monitor = Monitor()
  private var current: TableSet
  /// Kept for a while, so that its memory is given back by the keeper's thread and not by the
  /// owner's, for which that would take too long.
  private var previous: TableSet?

  init(_ set: TableSet) { current = set }

  var set: TableSet {
    get { monitor.withLock { current } }
    set {
      let released = monitor.withLock {
        defer {
          previous = current
          current = newValue
        }
        return previous
      }
      withExtendedLifetime(released) {}
      generation.increase()
    }
  }

  /// Lets go of the set before this one once the owner has: its files, removed or merged, take room
  /// until then. False while the owner has not.
  func releasePrevious() -> Bool {
    guard seen.value == generation.value else { return monitor.withLock { previous == nil } }
    let released = monitor.withLock {
      defer { previous = nil }
      return previous
    }
    withExtendedLifetime(released) {}
    return true
  }
}
