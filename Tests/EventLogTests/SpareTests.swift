import Glibc
import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// The segment that is made ready ahead, at one byte a second while nobody waits for it.
@Suite struct SpareTests {
  private static let segmentBytes = 24 << 20

  private let disk = SimDisk()
  private let owner = Owner()

  private func open() throws -> EventLog {
    var options = EventLogOptions.simulated(disk, segmentBytes: Self.segmentBytes)
    options.spareBytesPerSecond = 1
    return try EventLog.open(options, callbacks: owner.callbacks)
  }

  @Test func `Zeros that nobody waits for are written slowly`() throws {
    let log = try open()
    var random = SeededRandom(1)
    var model = Model()
    #expect(owner.waitUntil { (disk.bytes("/store/segments/spare.tmp")?.count ?? 0) > 0 })
    for lsn in 1...200 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
      #expect(owner.waitDurable(LSN(lsn)))
    }
    #expect(!log.preparer.isDone)
    #expect(!disk.files.contains("/store/segments/spare.next"))
    try log.close()
  }

  @Test func `A log that goes faster never waits for them`() throws {
    let log = try open()
    let payload = [UInt8](repeating: 7, count: 1 << 20)
    var lsn: LSN = 0
    while disk.files.filter({ $0.hasSuffix(".log") }).count < 4 {
      lsn = lsn.next
      let id = Array("o-\(lsn)".utf8)
      let header = RecordHeader(lsn: lsn, status: 1, hash: log.hash(of: id))
      log.append(ModelRecord(header: header, id: id, payload: payload))
      log.endTurn()
      try #require(owner.waitDurable(lsn))
    }
    try log.close()
  }

  // MARK: What was found at the opening

  /// A store of two segments' worth of files, with a spare and a reserve.
  private static func prepared(closed: Bool) throws -> SimDisk {
    let disk = SimDisk()
    let owner = Owner()
    let log = try EventLog.open(
      .simulated(disk, segmentBytes: 4 << 20), callbacks: owner.callbacks)
    #expect(owner.waitUntil { log.preparer.isDone })
    if closed { try log.close() } else { log.abandon() }
    return disk.afterKill()
  }

  /// Writes so much that `rolls` segments are begun, and dies. How many records were durable.
  private static func fill(_ disk: SimDisk, rolls: Int) throws -> LSN {
    let owner = Owner()
    let log = try EventLog.open(
      .simulated(disk, segmentBytes: 4 << 20), callbacks: owner.callbacks)
    defer { log.abandon() }
    let payload = [UInt8](repeating: 7, count: 400 << 10)
    let begun = disk.files.filter { $0.hasSuffix(".log") }.count
    while log.nextLSN == 1 || disk.files.filter({ $0.hasSuffix(".log") }).count < begun + rolls {
      let lsn = log.nextLSN
      let id = Array("o-\(lsn)".utf8)
      log.append(
        ModelRecord(
          header: RecordHeader(lsn: lsn, hash: log.hash(of: id)), id: id, payload: payload))
      log.endTurn()
      try #require(owner.waitDurable(lsn))
    }
    return log.durableLSN
  }

  @Test(arguments: [true, false])
  func `A spare with a byte that is not zero is not used`(closed: Bool) throws {
    let disk = try Self.prepared(closed: closed)
    disk.overwrite("/store/segments/spare.next") { $0[$0.count - 100] = 1 }
    // At the opening of a store that was killed, else by the first roll.
    try check(disk, rolls: closed ? 1 : 0)
  }

  @Test func `Nor is such a reserve`() throws {
    let disk = try Self.prepared(closed: false)
    try disk.remove("/store/segments/spare.next")
    disk.overwrite("/store/segments/reserve.next") { $0[$0.count - 100] = 1 }
    try check(disk, rolls: 0)
  }

  @Test func `One that cannot be read through in a moment gives way to another`() throws {
    var disk = try Self.prepared(closed: false)
    for life in 1...3 {
      #expect(disk.files.contains("/store/segments/spare.next"))
      var options = EventLogOptions.simulated(disk, segmentBytes: 4 << 20)
      options.spareCheckMilliseconds = 0
      let owner = Owner()
      let log = try EventLog.open(options, callbacks: owner.callbacks)
      #expect(log.recovery.epoch == UInt64(life + 1))
      #expect(owner.waitUntil { log.preparer.isDone })
      log.abandon()
      disk = disk.afterKill()
    }
  }

  private func check(_ disk: SimDisk, rolls: Int) throws {
    let durable = try Self.fill(disk, rolls: rolls)
    let log = try SyncLog(.simulated(disk.afterKill(), segmentBytes: 4 << 20))
    #expect(log.recovered.count == Int(durable.rawValue))
    log.kill()
  }

  @Test(arguments: [EIO, EINVAL]) func `An error of the disk is not called want of room`(
    number: Int32
  ) throws {
    let disk = MemoryDisk()
    let options = try EventLogOptions.inMemory(disk)
    disk.failAllocating(number)
    let error = #expect(throws: EventLogError.self) {
      try EventLog.open(options, callbacks: Owner().callbacks)
    }
    #expect(error?.code == .writeFailed)
    #expect(error?.exitCode == 74)
    #expect(error?.description.contains("room") == false)
    disk.failAllocating(ENOSPC)
    let full = #expect(throws: EventLogError.self) {
      try EventLog.open(options, callbacks: Owner().callbacks)
    }
    #expect(full?.exitCode == 73)
    #expect(full?.description.contains("room") == true)
  }
}
