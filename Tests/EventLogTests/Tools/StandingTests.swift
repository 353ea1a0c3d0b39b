import Glibc
import LogSequence
import Testing

@testable import EventLog

/// Who a store is, from outside, and how a restored or adopted one is told from what it was.
@Suite struct StandingTests {
  @Test func `A folder without a store has no standing`() throws {
    let directory = TemporaryDirectory()
    #expect(try StoreStanding.read(path: directory.path + "/none") == nil)
    #expect(try StoreStanding.read(path: directory.path) == nil)
  }

  @Test(arguments: [true, false])
  func `A store's standing is what opening it finds, and reading it changes nothing`(
    isClosed: Bool
  ) throws {
    let store = try ToolStore(seed: 31, isClosed: isClosed)
    let before = try Bytes.read(store.path + "/MANIFEST")
    let standing = try #require(try StoreStanding.read(path: store.path))
    #expect(standing.lsn == LSN(store.model.records.count))
    #expect(standing.lineage == 0)
    #expect(try Bytes.read(store.path + "/MANIFEST") == before)
    let log = try EventLog.open(store.options, callbacks: Owner().callbacks)
    #expect(log.recovery.storeID == standing.storeID)
    #expect(log.recovery.epoch == standing.epoch + 1)
    #expect(log.nextLSN == standing.lsn.next)
    let locked = #expect(throws: EventLogError.self) {
      try StoreStanding.refuseWriter(path: store.path)
    }
    #expect(locked?.code == .locked)
    try log.close()
    try StoreStanding.refuseWriter(path: store.path)
  }

  @Test func `A damaged store has no standing but an error with its file`() throws {
    let store = try ToolStore(seed: 32)
    for name in ["STORE", "MANIFEST"] {
      try Bytes.flip(store.path + "/" + name, 20)
      let error = #expect(throws: EventLogError.self) {
        try StoreStanding.read(path: store.path)
      }
      #expect(error?.exitCode == 65)
      #expect(error?.file == store.path + "/" + name)
      try Bytes.flip(store.path + "/" + name, 20)
    }
  }

  @Test func `A lineage stays over openings, crashes, rolls and backups`() throws {
    var store = try ToolStore(seed: 33)
    try StoreLineage(path: store.path).set(7)
    #expect(try StoreVerifier(path: store.path).run().isSound)
    // Over several segments, and a crash.
    try store.add(600, isClosed: false)
    try store.add(1, isClosed: true)
    #expect(try StoreStanding.read(path: store.path)?.lineage == 7)
    #expect(try EventLogReader(path: store.path).lineage == 7)
    let backup = store.directory.path + "/backup"
    _ = try StoreBackup(path: store.path, to: backup).run()
    #expect(try StoreStanding.read(path: backup)?.lineage == 7)
    #expect(try store.reopened(store.path) == store.model.records)
  }

  @Test func `A restored store is the same one in another lineage`() throws {
    let store = try ToolStore(seed: 34)
    let original = try #require(try StoreStanding.read(path: store.path))
    var source = store.path
    for lineage in UInt64(1)...3 {
      let backup = store.directory.path + "/backup-\(lineage)"
      let restored = store.directory.path + "/restored-\(lineage)"
      _ = try StoreBackup(path: source, to: backup).run()
      _ = try StoreRestore(from: backup, to: restored).run()
      var expected = original
      expected.lineage = lineage
      #expect(try StoreStanding.read(path: restored) == expected)
      #expect(try StoreVerifier(path: restored).run().isSound)
      #expect(access(restored + "/LOCK", F_OK) != 0)
      source = restored
    }
    #expect(try store.reopened(source) == store.model.records)
    #expect(try StoreStanding.read(path: store.path) == original)
  }

  @Test func `A lineage is not changed under a writer, nor where no store is`() throws {
    let store = try ToolStore(seed: 35)
    let log = try EventLog.open(store.options, callbacks: Owner().callbacks)
    let locked = #expect(throws: EventLogError.self) { try StoreLineage(path: store.path).set(1) }
    #expect(locked?.code == .locked)
    try log.close()
    #expect(try StoreStanding.read(path: store.path)?.lineage == 0)
    let none = #expect(throws: EventLogError.self) {
      try StoreLineage(path: store.directory.path + "/none").set(1)
    }
    #expect(none?.code == .notAStore)
    let tooHigh = #expect(throws: EventLogError.self) {
      try StoreLineage(path: store.path).set(.max)
    }
    #expect(tooHigh?.code == .badOptions)
  }

  @Test func `A manifest keeps its lineage, and one of before has lineage 0`() throws {
    let store = StoreID(bytes: (0..<16).map { $0 })
    var manifest = Manifest(
      store: store, generation: 1, epoch: 1, isClosed: false, origin: .beginning,
      segments: [.init(id: 1, baseLSN: 1, baseSequence: 1, epoch: 1, end: nil)])
    // What an earlier program wrote there.
    #expect(manifest.encoded()[80..<96].allSatisfy { $0 == 0 })
    manifest.lineage = 0x0102_0304
    #expect(try Manifest.decode(manifest.encoded(), store: store, file: "") == manifest)
    manifest.lineage = .max
    #expect(throws: EventLogError.self) {
      try Manifest.decode(manifest.encoded(), store: store, file: "")
    }
  }
}
