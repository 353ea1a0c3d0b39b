import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// How tables are merged: how often an entry is written, and how many tables there are.
@Suite struct TierTests {
  /// A log of segments of four final events each, the keeper's work done one step at a time.
  private struct Subject {
    static let perSegment = 4

    let log: SyncLog
    /// By segment, how often its entries were written to a table.
    var written: [UInt64: Int] = [:]
    private var seen: Set<String> = []
    private(set) var entries = 0
    private(set) var nextLSN: LSN = 1

    init(_ disk: MemoryDisk) throws { log = try SyncLog(.inMemory(disk)) }

    static func id(_ lsn: LSN) -> [UInt8] { Array("event-\(lsn)".utf8) }

    mutating func addSegment() throws {
      let first = nextLSN
      nextLSN = nextLSN.advanced(by: Self.perSegment)
      try log.commit(
        (first..<nextLSN).map { lsn in
          let header = RecordHeader(
            lsn: lsn, flags: [.event, .final], time: Int64(lsn.rawValue),
            hash: log.hash(Self.id(lsn)))
          return ModelRecord(header: header, id: Self.id(lsn), payload: [7])
        })
      try log.seal()
    }

    mutating func maintain() throws {
      while true {
        let before = log.keeper.tables.map(\.file.path)
        try log.maintain(steps: 1)
        for table in log.keeper.tables where seen.insert(table.file.path).inserted {
          entries += table.header.entries
          for id in table.range.first...table.range.last { written[id, default: 0] += 1 }
        }
        if log.keeper.tables.map(\.file.path) == before { return }
      }
    }

    /// Segments of each table, oldest first.
    var sizes: [UInt64] { log.keeper.tables.map { $0.range.last - $0.range.first + 1 } }
  }

  /// What as many segments are covered by: at most three tables of one segment, of four, of 16.
  private static func sizes(_ segments: Int) -> [UInt64] {
    var sizes: [UInt64] = []
    var power = 1
    var rest = segments
    while rest > 0 {
      sizes = [UInt64](repeating: UInt64(power), count: rest % 4) + sizes
      rest /= 4
      power *= 4
    }
    return sizes
  }

  @Test func `Over a thousand segments no entry is written more than 1 + log4 1000 times`() throws {
    let segments = 1_000
    var subject = try Subject(MemoryDisk())
    for count in 1...segments {
      try subject.addSegment()
      try subject.maintain()
      #expect(subject.sizes == Self.sizes(count), "\(count) segments")
    }
    #expect(subject.written.count == segments)
    #expect(subject.written.values.max() == 5, "once, and at four levels")
    #expect(subject.entries <= segments * Subject.perSegment * 5)
    for lsn in stride(from: LSN(1), to: subject.nextLSN, by: 97) {
      #expect(try subject.log.newest(Subject.id(lsn)) == lsn)
    }
    subject.log.kill()
  }

  @Test func `Tables that were made again go back to the tiers they were in`() throws {
    var subject = try Subject(MemoryDisk())
    for _ in 1...86 {
      try subject.addSegment()
      try subject.maintain()
    }
    #expect(subject.sizes == [64, 16, 4, 1, 1])
    let middle = subject.log.keeper.tables[1].file.path
    try subject.log.keeper.repair(middle)
    #expect(subject.sizes == [64] + [UInt64](repeating: 1, count: 16) + [4, 1, 1])
    try subject.maintain()
    #expect(subject.sizes == [64, 16, 4, 1, 1])
    try subject.log.keeper.repair(subject.log.keeper.tables[0].file.path)
    try subject.maintain()
    #expect(subject.sizes == [64, 16, 4, 1, 1])
    for lsn in 1..<subject.nextLSN { #expect(try subject.log.newest(Subject.id(lsn)) == lsn) }
    subject.log.kill()
  }

  @Test func `The log says how much it has written, and for what`() throws {
    let owner = Owner()
    let log = try EventLog.open(.inMemory(MemoryDisk()), callbacks: owner.callbacks)
    #expect(log.writeVolume.recordBytes == 0 && log.writeVolume.entryAmplification == 0)
    var model = Model()
    var random = SeededRandom(7)
    while log.nextLSN < 3_000 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    #expect(owner.waitDurable(log.nextLSN.previous))
    #expect(owner.waitUntil { log.segmentsToIndex == 0 })
    let volume = log.writeVolume
    let bytes = model.records.reduce(0) {
      $0 + RecordCodec.length(id: $1.id.count, payload: $1.payload.count)
    }
    #expect(volume.recordBytes == bytes)
    #expect(volume.frameBytes > bytes && volume.preparedBytes > bytes)
    #expect(volume.indexedEntries > 1_000 && volume.tableEntries >= volume.indexedEntries)
    #expect(volume.indexBytes > volume.tableEntries * TableEntry.bytes)
    #expect((1...4).contains(volume.entryAmplification))
    #expect(volume.recordAmplification > 2 && volume.indexAmplification > 0)
    try log.close()
  }
}
