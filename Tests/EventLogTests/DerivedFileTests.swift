import LogSequence
import Synchronization
import Testing

@testable import EventLog

/// What an opening takes of the derived files, and of the sealed segments that it does not read.
@Suite struct DerivedFileTests {
  private static let segments = (1...5).map { StorePaths(root: "/store").segment(UInt64($0)) }

  /// A closed store of five sealed segments with four records each; the first four have one table.
  /// The second record is an open event's, the third no event's, all others are of final events.
  private static func store(open: LSN = open, other: LSN = other) throws -> SimDisk {
    let disk = SimDisk()
    let log = try SyncLog(.simulated(disk))
    for segment in 0..<5 {
      try log.commit((1...4).map { record(LSN(segment * 4 + $0), log, open, other) })
      try log.seal()
      try log.maintain()
    }
    #expect(log.keeper.tables.map(\.range.last) == [4, 5])
    try log.close()
    return disk
  }

  private static let open: LSN = 2
  private static let other: LSN = 3
  private static let otherKind: UInt8 = 200

  private static func record(
    _ lsn: LSN, _ log: SyncLog, _ open: LSN, _ other: LSN
  ) -> ModelRecord {
    guard lsn != other else {
      let header = RecordHeader(lsn: lsn, kind: otherKind, flags: [], time: Int64(lsn.rawValue))
      return ModelRecord(header: header, id: [], payload: [7])
    }
    let flags: RecordFlags = lsn == open ? .event : [.event, .final]
    let header = RecordHeader(
      lsn: lsn, flags: flags, time: Int64(lsn.rawValue), hash: log.hash(id(lsn)))
    return ModelRecord(header: header, id: id(lsn), payload: [7])
  }

  private static func id(_ lsn: LSN) -> [UInt8] { Array("event-\(lsn)".utf8) }

  private static func sealed(_ disk: SimDisk) throws -> (Manifest, [Manifest.Segment]) {
    let paths = StorePaths(root: "/store")
    let bytes = try #require(disk.bytes(paths.identity))
    let identity = try StoreIdentity.decode(bytes, file: paths.identity)
    let manifest = try Manifest.read(disk, paths, identity)
    return (manifest, Array(manifest.segments.dropLast()))
  }

  private static func table(
    _ kind: TableHeader.Kind, _ store: StoreID, _ range: SegmentRange
  ) throws -> Table {
    let header = TableHeader(kind: kind, store: store, level: 0, range: range)
    return try TableWriter(SimDisk(), "/t.tmp", header, keys: 0, pace: { _ in })
      .finish(as: "/t", in: "/")
  }

  @Test func `A table counts that begins with a listed segment and ends with one`() throws {
    let (manifest, sealed) = try Self.sealed(Self.store())
    let whole = try #require(SegmentRange(sealed[2]))
    func isUsable(_ range: SegmentRange, after origin: ChainPoint? = nil) throws -> Bool {
      TableKeeper.isUsable(
        try Self.table(.table, manifest.store, range), for: sealed,
        after: origin ?? manifest.origin)
    }
    #expect(try isUsable(whole))
    var range = whole
    range.firstLSN = range.firstLSN.next
    #expect(try !isUsable(range), "it begins within a segment")
    range = whole
    range.first = 2
    #expect(try !isUsable(range), "it begins in another segment than it says")
    range.firstLSN = sealed[1].baseLSN
    #expect(try isUsable(range), "it is of two segments")
    range.end.chain ^= 1
    #expect(try !isUsable(range), "it ends in another history")
    range = whole
    range.last = 9
    #expect(try !isUsable(range), "it ends with a segment that is not there")
    // Retention has removed the first two.
    range = whole
    range.first = 1
    range.firstLSN = sealed[0].baseLSN
    #expect(try isUsable(range, after: try #require(sealed[1].end).point))
  }

  @Test func `A checkpoint counts up to where tables cover the log, and no further`() throws {
    let (manifest, sealed) = try Self.sealed(Self.store())
    let range = try #require(SegmentRange(sealed[2]))
    func isUsable(_ kind: TableHeader.Kind, _ covered: LSN) throws -> Bool {
      TableKeeper.isUsable(
        checkpoint: try Self.table(kind, manifest.store, range), for: sealed,
        after: manifest.origin, covered)
    }
    #expect(try isUsable(.checkpoint, range.end.lsn))
    #expect(try isUsable(.checkpoint, range.end.lsn.next))
    #expect(try !isUsable(.checkpoint, range.end.lsn.previous))
    #expect(try !isUsable(.table, range.end.lsn))
  }

  @Test func `A table over a segment that cannot be indexed is put away, and made again`() throws {
    let disk = try Self.store()
    try disk.remove(StorePaths(root: "/store").positions(3))
    disk.state.withLock { $0.fullDirectory = "/store/index" }
    let log = try SyncLog(.simulated(disk))
    #expect(log.keeper.indexed.isEmpty && log.keeper.tables.isEmpty)
    disk.state.withLock { $0.fullDirectory = nil }
    try log.maintain()
    var next: UInt64 = 1
    for table in log.keeper.tables {
      #expect(table.range.first == next, "tables cover each segment once")
      next = table.range.last + 1
    }
    #expect(next == 6)
    for lsn in (1...20).map({ LSN($0) }) where lsn != Self.other {
      #expect(try log.newest(Self.id(lsn)) == lsn)
    }
    try log.close()
  }

  @Test func `What retention has removed is in no table that is written later`() throws {
    let log = try SyncLog(.simulated(Self.store()))
    #expect(log.keeper.newestOfKind(log.keeper.tables)[Int(Self.otherKind)] == Self.other)
    let origin = try #require(try log.opened.writer.drop(through: 3))
    try log.keeper.forget(through: 3, origin: origin)
    #expect(try log.keeper.mergeOnce(), "a table most of which is gone is written again")
    var places: [LSN] = []
    for table in log.keeper.tables {
      var entries = EntryMerge([try TableCursor(table)])
      while let entry = try entries.next() { places.append(entry.value.lsn) }
      #expect(table.header.newestOfKind.allSatisfy { $0 == 0 || $0 > origin.lsn })
    }
    #expect(places.sorted() == (13...20).map { LSN($0) })
    try log.close()
  }

  @Test(arguments: [(open: 10, other: 7), (open: 7, other: 10), (open: 0, other: 7)])
  func `The newest of a kind and an open event hold their segment, and are to be carried`(
    open: LSN, other: LSN
  ) throws {
    let log = try SyncLog(.simulated(Self.store(open: open, other: other)))
    let plan = try log.keeper.planRetention(cutoff: .max, keepFrom: .max)
    #expect(plan.proposal?.segment == 1, "what is needed begins in the second segment")
    #expect(plan.carries.map(\.lsn) == [open, other].filter { $0 > 0 }.sorted())
    try log.close()
  }

  @Test func `A checkpoint names the open events that are in the log, and no others`() throws {
    let log = try SyncLog(.simulated(Self.store()))
    func open() throws -> [LSN] {
      var found: [LSN] = []
      try log.keeper.forEachOpen { found.append($0.value.lsn) }
      return found
    }
    #expect(log.keeper.checkpoint?.header.entries == 1)
    #expect(try open() == [Self.open])
    let checkpoint = log.keeper.checkpoint
    log.keeper.checkpoint = nil
    #expect(try open() == [Self.open], "without a checkpoint, from all tables")
    let origin = try #require(try log.opened.writer.drop(through: 1))
    try log.keeper.forget(through: 1, origin: origin)
    #expect(try open().isEmpty)
    log.keeper.checkpoint = checkpoint
    #expect(try open().isEmpty, "the checkpoint is older than what was removed")
    log.keeper.checkpoint = nil
    try log.keeper.writeCheckpoint()
    #expect(log.keeper.checkpoint?.header.entries == 0)
    try log.close()
  }

  @Test func `Positions count for the segment that they were made from, and for no other`() throws {
    let disk = try Self.store()
    let (manifest, sealed) = try Self.sealed(disk)
    let path = StorePaths(root: "/store").positions(2)
    func isUsable(_ range: SegmentRange) -> Bool {
      PositionTable.load(disk, path, store: manifest.store, range) != nil
    }
    let range = try #require(SegmentRange(sealed[1]))
    #expect(isUsable(range))
    var other = range
    other.end.chain ^= 1
    #expect(!isUsable(other))
    other = range
    other.end.sequence += 1
    #expect(!isUsable(other))
    other = range
    (other.first, other.last) = (3, 3)
    #expect(!isUsable(other))
  }

  /// What the opening says of a store with a sealed segment that was changed.
  private static func problem(_ change: (inout [UInt8]) -> Void) throws -> EventLogError? {
    let disk = try store()
    disk.overwrite(segments[1], change)
    do throws(EventLogError) {
      var recovery = Recovery(try EventLogOptions.simulated(disk).checked(), onSpace: { _ in })
      let opened = try recovery.run { _ in }
      opened.writer.file.closeQuietly()
      opened.lock.closeQuietly()
      return nil
    } catch {
      return error
    }
  }

  @Test func `A sealed segment that is too short is refused, though nothing of it is read`() throws
  {
    let (_, sealed) = try Self.sealed(Self.store())
    let end = Int(try #require(sealed[1].end).offset)
    #expect(try Self.problem { $0.removeSubrange(end...) } == nil)
    let problem = try #require(try Self.problem { $0.removeSubrange((end - 1)...) })
    #expect(problem.code == .damaged && problem.file == Self.segments[1])
  }

  @Test func `A sealed segment whose last frame is another is refused, though it is not read`()
    throws
  {
    let disk = try Self.store()
    let (_, sealed) = try Self.sealed(disk)
    let range = try #require(SegmentRange(sealed[1]))
    let positions = try #require(
      PositionTable.load(
        disk, StorePaths(root: "/store").positions(2), store: Self.sealed(disk).0.store, range))
    let lastFrame = Int(positions.lastFrame)
    let problem = try #require(try Self.problem { $0[lastFrame + 20] ^= 1 })
    #expect(problem.code == .damaged && problem.file == Self.segments[1])
  }
}
