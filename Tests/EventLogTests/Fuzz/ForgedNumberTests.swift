import LogSequence
import Testing

@testable import EventLog

/// Files with numbers that no log counts to, under checksums that hold: said to be damaged, by
/// whoever reads them, and never a trap, which would take the service with it.
@Suite struct ForgedNumberTests {
  private static let extremes: [UInt64] = [
    0, 1 << 48 - 1, 1 << 62, 1 << 63 - 1, 1 << 63, .max,
  ]

  private static let segment = "/store/segments/0000000000000001.log"

  /// Sets one number to every extreme, mends the checksums, and lets every reader loose.
  private func forge(
    isClosed: Bool = true, _ name: String, at offset: ([UInt8]) -> [Int?]
  ) throws {
    let store = try RecoveryFuzzer.makeStore(isClosed: isClosed)
    let whole = try #require(store.files[name])
    let readers = EveryReader()
    for place in offset(whole) {
      let offset = try #require(place)
      for value in Self.extremes {
        var files = store.files
        files[name]?.store(value, at: offset)
        Forger.mend(&files, mendsChain: true)
        let disk = store.disk.copy()
        disk.files = files
        readers.run(disk)
      }
    }
  }

  @Test(arguments: [0, 3]) func `The first LSN of a frame`(frame: Int) throws {
    try forge(Self.segment) { [Forger.frames($0)[frame].offset + 16] }
  }

  @Test func `The other numbers of a frame`() throws {
    try forge(isClosed: false, Self.segment) { bytes in
      let frame = Forger.frames(bytes)[2].offset
      return [8, 24, 32, 40].map { frame + $0 }
    }
  }

  @Test func `The frames of the newest segment`() throws {
    let store = try RecoveryFuzzer.makeStore(isClosed: false)
    let name = try #require(store.files.keys.filter { $0.hasSuffix(".log") }.max())
    try forge(isClosed: false, name) { bytes in
      let frame = Forger.frames(bytes).dropLast().last?.offset
      return [16, 24, 32].map { field in frame.map { $0 + field } }
    }
  }

  @Test(arguments: [32, 40, 56, 64, 80]) func `The counters of the manifest`(field: Int) throws {
    try forge("/store/MANIFEST") { _ in [field] }
  }

  @Test(arguments: [0, 8, 16, 24, 32, 40, 48])
  func `A segment's entry in the manifest`(field: Int) throws {
    try forge("/store/MANIFEST") { bytes in
      let last = bytes.count - 4 - Manifest.entryBytes
      return [Manifest.headerBytes + field, last + field]
    }
  }

  @Test(arguments: [32, 40, 48, 56, 64, 72, 88])
  func `The header of a segment`(field: Int) throws {
    try forge(Self.segment) { _ in [field] }
  }

  @Test func `When the newest segment was made`() throws {
    let store = try RecoveryFuzzer.makeStore(isClosed: true)
    let name = try #require(store.files.keys.filter { $0.hasSuffix(".log") }.max())
    try forge(name) { _ in [64] }
  }

  @Test func `The durable mark`() throws {
    try forge(isClosed: false, "/store/DURABLE") { _ in [24, 32, 40, 48] }
  }

  @Test(arguments: [8, 32, 40, 48, 56, 80, 88, 96, 1024, 1056])
  func `The header of a table and of the checkpoint`(field: Int) throws {
    let store = try RecoveryFuzzer.makeStore(isClosed: true)
    let table = try #require(store.files.keys.filter { $0.hasSuffix(".table") }.max())
    try forge(table) { _ in [field] }
    try forge("/store/index/checkpoint") { _ in [field] }
  }

  @Test func `A table's header whose counts do not fit each other is as good as none`() {
    let store = StoreID(bytes: [UInt8](repeating: 7, count: 16))
    let end = ChainPoint(lsn: 90, sequence: 9, chain: 1)
    var header = TableHeader(
      kind: .table, store: store, level: 0,
      range: SegmentRange(first: 1, last: 2, firstLSN: 1, end: end))
    (header.entries, header.pages, header.filterBlocks) = (200, 2, 7)
    #expect(TableHeader.decode(header.encoded(), store: store) == header)
    let changes: [(inout TableHeader) -> Void] = [
      // Memory is taken for so many, and a table in use has a filter.
      { $0.entries = 1 << 39 }, { $0.filterBlocks = 0 }, { $0.newestOfKind[4] = 91 },
      { $0.range.end.lsn = LSN(1 << 48) }, { $0.range.firstLSN = 0 }, { $0.range.firstLSN = 92 },
      { $0.range.first = 3 }, { $0.range.last = .max }, { $0.range.end.sequence = .max },
    ]
    for (index, change) in changes.enumerated() {
      var forged = header
      change(&forged)
      #expect(TableHeader.decode(forged.encoded(), store: store) == nil, "change \(index)")
    }
  }

  @Test func `Entries of a table`() throws {
    let store = try RecoveryFuzzer.makeStore(isClosed: true)
    let table = try #require(store.files.keys.filter { $0.hasSuffix(".table") }.max())
    for name in [table, "/store/index/checkpoint"] {
      try forge(name) { _ in [4096 + 4, 4096 + 16, 4096 + 32, 4096 + 40] }
    }
  }

  @Test(arguments: [40, 72, 80, 88, 4096 + 8, 4096 + 16])
  func `The positions of a segment`(field: Int) throws {
    try forge("/store/index/0000000000000001.positions") { _ in [field] }
  }

  @Test(arguments: [32, 40, 48, 56, 64, 72, 80, 96, 104])
  func `The clock of a store`(field: Int) throws {
    try forge(isClosed: field % 16 == 0, "/store/CLOCK") { _ in [field] }
  }

  @Test func `Numbers of a backup's listing`() throws {
    let directory = TemporaryDirectory(inMemory: true)
    let digest = FileDigest([])
    for bytes in [Int64.max, .max / 2, .max / 3, 1 << 61, -1, .min] {
      let files = ["STORE", "MANIFEST", "segments/0000000000000001.log"].map {
        BackupListing.File(path: $0, bytes: bytes, digest: digest)
      }
      let listing = BackupListing(
        storeID: "ab", created: .min, epoch: .max, lsn: .max, sequence: .max, files: files)
      try LinuxDisk().replaceFile(
        BackupListing.fileName, in: directory.path, with: listing.encoded())
      #expect(throws: EventLogError.self) {
        _ = try StoreRestore.listing(directory.path).bytes
      }
      #expect(throws: EventLogError.self) {
        try StoreRestore(from: directory.path, to: directory.path + "/new").run()
      }
    }
  }
}
