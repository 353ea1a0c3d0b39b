import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Filters, tables, positions and merges.
@Suite struct TableTests {
  static let store = StoreID(bytes: (0..<16).map { $0 })

  static func entry(
    _ random: inout SeededRandom, lsn: LSN, flags: RecordFlags = [.event, .final]
  ) -> TableEntry {
    TableEntry(
      RecordHeader(
        lsn: lsn, flags: flags, hash: EventHash(high: random.next(), low: random.next())))
  }

  static func write(
    _ disk: any Disk, _ path: String, _ entries: [TableEntry], kind: TableHeader.Kind = .table
  ) throws(EventLogError) -> Table {
    let end = ChainPoint(lsn: LSN(1 << 40), sequence: 9, chain: 7)
    let header = TableHeader(
      kind: kind, store: store, level: 0,
      range: SegmentRange(first: 1, last: 1, firstLSN: 1, end: end))
    let writer = try TableWriter(
      disk, path + ".tmp", header, keys: entries.count, pace: { _ in })
    for entry in entries { try writer.add(entry) }
    return try writer.finish(as: path, in: "/")
  }

  @Test func `A filter passes what was inserted and little else`() {
    var random = SeededRandom(1)
    let count = 100_000
    let filter = BlockedFilter(blocks: BlockedFilter.blocks(keys: count))
    func hash() -> EventHash { EventHash(high: random.next(), low: random.next()) }
    let keys = (0..<count).map { _ in hash() }
    for key in keys { filter.insert(key) }
    let passes = keys.allSatisfy {
      BlockedFilter.mayContain(filter.memory, filter.blocks, $0)
    }
    #expect(passes)
    let wrong = (0..<count).count { _ in
      BlockedFilter.mayContain(filter.memory, filter.blocks, hash())
    }
    #expect(wrong < count / 500, "\(wrong) of \(count)")
    #expect(filter.bytes <= 2 * count + 64)
  }

  @Test(arguments: [0, 1, 127, 128, 5000])
  func `A table finds each of its entries and no other, loaded too`(count: Int) throws {
    var random = SeededRandom(UInt64(count))
    let disk = SimDisk()
    let entries = EntrySorter.sortAndJoin(
      (0..<count).map { Self.entry(&random, lsn: LSN($0 + 1)) })
    let written = try Self.write(disk, "/t", entries)
    let loaded = try #require(Table.load(disk, "/t", store: Self.store))
    for table in [written, loaded] {
      #expect(table.header.entries == count)
      for entry in entries { #expect(try table.find(entry.hash) == entry) }
      for _ in 0..<200 {
        #expect(try table.find(Self.entry(&random, lsn: 1).hash) == nil)
      }
      let cursor = try TableCursor(table)
      var all: [TableEntry] = []
      while let entry = cursor.current {
        all.append(entry)
        try cursor.advance()
      }
      #expect(all == entries)
    }
    #expect(loaded.header == written.header && loaded.fences == written.fences)
    #expect(Table.load(disk, "/t", store: StoreID(bytes: [UInt8](repeating: 9, count: 16))) == nil)
  }

  @Test func `Whatever byte of a table is damaged, it says so or answers the same`() throws {
    var random = SeededRandom(3)
    let disk = SimDisk()
    let entries = EntrySorter.sortAndJoin(
      (0..<300).map { Self.entry(&random, lsn: LSN($0 + 1)) })
    _ = try Self.write(disk, "/t", entries)
    let size = try #require(disk.bytes("/t")).count
    for offset in stride(from: 0, to: size, by: 23) {
      let copy = disk.afterKill()
      copy.overwrite("/t") { $0[offset] ^= 4 }
      guard let table = Table.load(copy, "/t", store: Self.store) else { continue }
      for entry in entries {
        do throws(EventLogError) {
          #expect(try table.find(entry.hash) == entry, "byte \(offset)")
        } catch {
          #expect(error.code == .derivedDamaged, "byte \(offset)")
        }
      }
    }
    let short = disk.afterKill()
    short.overwrite("/t") { $0.removeLast() }
    #expect(Table.load(short, "/t", store: Self.store) == nil)
  }

  /// It would find none of them, and what is merged from it neither.
  @Test func `A table whose entries are in no order is damaged, and so is one with an entry twice`()
    throws
  {
    var random = SeededRandom(5)
    let disk = MemoryDisk()
    try? disk.makeDirectory("/")
    let entries = EntrySorter.sortAndJoin((1...300).map { Self.entry(&random, lsn: LSN($0)) })
    _ = try Self.write(disk, "/t", entries)
    let whole = try #require(disk.files["/t"])
    let (first, second) = (TableHeader.bytes + Table.pageHeaderBytes, TableEntry.bytes)
    for isTwice in [false, true] {
      var bytes = whole
      for at in first..<first + second {
        bytes[at] = whole[at + second]
        if !isTwice { bytes[at + second] = whole[at] }
      }
      disk.files["/t"] = bytes
      Forger.mend(&disk.files, mendsChain: false)
      let table = try #require(Table.load(disk, "/t", store: Self.store))
      let error = #expect(throws: EventLogError.self) {
        let cursor = try TableCursor(table)
        while cursor.current != nil { try cursor.advance() }
      }
      #expect(error?.code == .derivedDamaged)
    }
  }

  @Test func `Sorting joins an event's records to its newest and its newest base`() {
    var random = SeededRandom(5)
    var entries: [TableEntry] = []
    var newest: [EventHash: TableEntry] = [:]
    var hashes: [EventHash] = []
    var collector = EntryCollector()
    for lsn in 1...LSN(150_000) {
      let isNew = hashes.isEmpty || Int.random(in: 0..<3, using: &random) == 0
      // Few buckets, so that some are long.
      let hash =
        isNew
        ? EventHash(high: random.next() & 0x000F_FFFF_FFFF_FFFF, low: random.next())
        : hashes[Int.random(in: 0..<hashes.count, using: &random)]
      if isNew { hashes.append(hash) }
      var header = RecordHeader(lsn: lsn, hash: hash, previousLSN: isNew ? 0 : 1)
      if Int.random(in: 0..<5, using: &random) == 0 { header.flags.insert(.base) }
      let entry = TableEntry(header)
      entries.append(entry)
      collector.add(entry)
      if newest[hash] == nil { newest[hash] = entry } else { newest[hash]?.absorb(entry) }
    }
    let sorted = EntrySorter.sortAndJoin(entries)
    #expect(sorted.count == hashes.count)
    #expect(sorted.allSatisfy { newest[$0.hash] == $0 })
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.hash < $1.hash })
    #expect(collector.finish() == sorted)
    #expect(collector.finish().isEmpty)
  }

  @Test func `Positions lead to a place at or before each record`() throws {
    let disk = SimDisk()
    let range = SegmentRange(
      first: 3, last: 3, firstLSN: 1001, end: ChainPoint(lsn: 50_000, sequence: 9, chain: 1))
    let offsets = (0..<6125).map { UInt32($0) * 10 + 512 }
    let table = PositionTable(
      store: Self.store, range: range, count: offsets.count, lastFrame: 77, latest: 5)
    try disk.replaceFile("p", in: "", with: table.encoded(offsets))
    #expect(PositionTable.load(disk, "/p", store: Self.store, range) == table)
    let file = try DiskFile(disk, "/p", .read)
    #expect(table.offset(of: 1001, in: file) == nil)
    for lsn in stride(from: LSN(1008), through: 50_000, by: 97) {
      let index = Int(lsn.stride) - 126
      #expect(table.offset(of: lsn, in: file) == Int64(offsets[min(index, 6124)]) * 8)
    }
    disk.overwrite("/p") { $0[4096 + 100] ^= 1 }
    #expect(table.offset(of: 1008, in: file) == nil, "a damaged block says nothing")
    #expect(table.offset(of: 40_000, in: file) != nil)
    disk.overwrite("/p") { $0[70] ^= 1 }
    #expect(PositionTable.load(disk, "/p", store: Self.store, range) == nil)
  }
}
