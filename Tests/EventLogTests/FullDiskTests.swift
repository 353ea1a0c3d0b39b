import Glibc
import LogSequence
import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// A disk without a free byte: what was prepared for it is used, at the opening too.
@Suite struct FullDiskTests {
  private static let prepared = [
    "/store/BALLAST", "/store/segments/reserve.next", "/store/segments/spare.next",
  ]

  /// A store with all that is prepared, and its records: old ones, all final where `isFinal`.
  private static func store(isClosed: Bool, isFinal: Bool = false) throws -> (SimDisk, Model) {
    let disk = SimDisk()
    let owner = Owner()
    var random = SeededRandom(1)
    var model = Model()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    for _ in 0..<300 {
      log.append(
        isFinal
          ? finalRecord(log, &model) : model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    #expect(owner.waitDurable(300))
    #expect(owner.waitUntil { log.preparer.isDone && log.segmentsToIndex == 0 })
    if isClosed { try log.close() } else { log.abandon() }
    #expect(Set(prepared).isSubset(of: disk.files))
    return (disk.afterKill(), model)
  }

  private static func finalRecord(_ log: EventLog, _ model: inout Model) -> ModelRecord {
    let lsn = model.nextLSN
    let id = Array("e-\(lsn)".utf8)
    let header = RecordHeader(
      lsn: lsn, flags: [.event, .final], time: Int64(lsn.rawValue), hash: log.hash(of: id))
    let record = ModelRecord(header: header, id: id, payload: [UInt8](repeating: 7, count: 400))
    model.add(record)
    return record
  }

  @Test(arguments: [true, false])
  func `A start without a free byte takes what is prepared for it`(isClosed: Bool) throws {
    let (disk, before) = try Self.store(isClosed: isClosed)
    var model = before
    disk.state.withLock { $0.isFull = true }
    let owner = Owner()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    // After a crash the spare is the next segment, and there is no room for another.
    if !isClosed {
      #expect(owner.waitSpaces(1).first??.isLackOfSpace == true, "said as while it runs")
      #expect(log.isShortOfSpace)
    }
    var random = SeededRandom(2)
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    #expect(owner.waitDurable(301))
    disk.state.withLock { $0.isFull = false }
    #expect(owner.waitUntil { log.preparer.isDone })
    #expect(!log.isShortOfSpace)
    try log.close()
    let after = try SyncLog(.simulated(disk.afterKill()))
    #expect(after.recovered == model.records)
    after.kill()
  }

  @Test func `A cut frame without room in quarantine stays in its segment`() throws {
    let (store, before) = try Self.store(isClosed: true)
    var torn = 0
    for seed in seeds(40) {
      var random = SeededRandom(seed)
      var (disk, model) = (store.afterKill(), before)
      var log = try SyncLog(.simulated(disk))
      // How full the segment is depends on how many records shared a frame.
      if log.opened.writer.offset > 32 << 10 { try log.seal() }
      let batch = (0..<20).map { _ in model.makeRecord(&random, hash: log.hash) }
      disk.arm(.crash, atCall: 1)
      #expect(throws: EventLogError.self) { try log.commit(batch) }
      disk = disk.afterPowerCut(&random)
      disk.state.withLock { $0.isFull = true }
      log = try SyncLog(.simulated(disk))
      if case .torn(let bytes, let file) = log.report.tail {
        torn += 1
        let kept = try #require(disk.bytes(file))
        #expect(file.hasSuffix(".log") && bytes > 0)
        let segments = log.opened.writer.manifest.segments
        let end = try #require(segments[segments.count - 2].end?.offset)
        #expect(kept[Int(end)...].contains { $0 != 0 })
        #expect(log.recovered.count == 300)
      }
      log.kill()
    }
    #expect(torn > 3 || seeds(40).count == 1)
  }

  @Test func `The ballast holds two manifests of any store, and grows with them`() throws {
    for segments in [0, 1, 2_000, 4_000, 10_000, 500_000] {
      let manifest = Manifest.headerBytes + segments * Manifest.entryBytes + 4
      #expect(Limits.ballastBytes(segments: segments) >= 2 * manifest)
    }
    let disk = SimDisk()
    let owner = Owner()
    var log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    #expect(owner.waitUntil { log.preparer.isDone })
    #expect(disk.bytes("/store/BALLAST")?.count == 256 << 10)
    log.preparer.noteManifest(segments: 5_000)
    #expect(owner.waitUntil { log.preparer.isDone })
    #expect(disk.bytes("/store/BALLAST")?.count == 1 << 20)
    log.preparer.noteManifest(segments: 10)
    #expect(log.preparer.isDone, "it stays")
    try log.close()
    log = try EventLog.open(.simulated(disk.afterKill()), callbacks: owner.callbacks)
    #expect(try log.preparer.releaseBallast())
    try log.close()
  }

  @Test func `What retention removes makes room for the derived files that wait for it`() throws {
    let (disk, before) = try Self.store(isClosed: true, isFinal: true)
    var model = before
    let owner = Owner()
    var options = EventLogOptions.simulated(disk)
    options.retentionSeconds = 1
    options.hurry(20)
    options.retentionCheckMilliseconds = 5
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    disk.state.withLock { $0.fullDirectory = "/store/index" }
    // Into the next segment: the one before waits to be indexed.
    while !disk.files.contains("/store/segments/0000000000000005.log") {
      log.append(Self.finalRecord(log, &model))
      log.endTurn()
      try #require(owner.waitDurable(log.nextLSN.previous))
      try #require(model.records.count < 1_000)
    }
    #expect(owner.waitUntil { log.segmentsToIndex > 0 })
    let first = "/store/segments/0000000000000001.log"
    let isGone = owner.waitUntil {
      log.retain(from: log.nextLSN)
      return !disk.files.contains(first)
    }
    #expect(isGone)
    disk.state.withLock { $0.fullDirectory = nil }
    #expect(owner.waitUntil { log.segmentsToIndex == 0 })
    try log.close()
  }

  /// A folder on a file system of some 20 MB that has no other use.
  static let smallDisk = getenv("MEDDELA_TEST_SMALL_DISK").map { String(cString: $0) }

  @Test(.enabled(if: smallDisk != nil), arguments: [true, false])
  func `A start without a free byte on a real file system`(isClosed: Bool) throws {
    let folder = try #require(Self.smallDisk)
    var options = EventLogOptions(path: folder + "/store-\(isClosed)")
    options.segmentBytes = 1 << 20
    var model = Model()
    var random = SeededRandom(4)
    func append(_ log: EventLog, _ owner: Owner, _ count: Int) throws {
      for _ in 0..<count {
        log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
        log.endTurn()
        try #require(owner.waitDurable(log.nextLSN.previous))
      }
    }
    var owner = Owner()
    var log = try EventLog.open(options, callbacks: owner.callbacks)
    try append(log, owner, 50)
    #expect(owner.waitUntil { log.preparer.isDone })
    if isClosed { try log.close() } else { log.abandon() }
    let filler = try DiskFile(LinuxDisk(), folder + "/filler", .replace, creating: true)
    for bytes in [1 << 20, 4096, 1] {
      let zeros = [UInt8](repeating: 1, count: bytes)
      var offset = try filler.size()
      while (try? zeros.withBytes({ try filler.write($0, at: offset) })) != nil {
        offset = try filler.size()
      }
    }
    try filler.syncAll()
    #expect(try LinuxDisk().freeBytes(folder) == 0)
    owner = Owner()
    log = try EventLog.open(options, callbacks: owner.callbacks)
    try append(log, owner, 50)
    try LinuxDisk().remove(folder + "/filler")
    filler.closeQuietly()
    #expect(owner.waitUntil { log.preparer.isDone && !log.isShortOfSpace })
    try log.close()
    let reader = try EventLogReader(path: options.path)
    var records: [ModelRecord] = []
    try reader.forEachRecord { records.append(ModelRecord($0)) }
    #expect(records == model.records)
  }
}

extension EventLogError {
  fileprivate var isLackOfSpace: Bool { SystemError(systemError).isLackOfSpace }
}
