import LogSequence
import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// Large frames end where a block ends and are written around the page cache; small ones are not.
@Suite struct DirectFrameTests {
  private static let segment = "/store/segments/0000000000000001.log"

  private func options(_ disk: SimDisk) -> EventLogOptions {
    var options = EventLogOptions.simulated(disk, segmentBytes: 256 << 10)
    options.directFrameBytes = 3_000
    options.directBytesPerSecond = 0
    return options
  }

  private func records(
    _ count: Int, _ model: inout Model, _ random: inout SeededRandom, _ log: SyncLog
  ) -> [ModelRecord] {
    (0..<count).map { _ in
      var record = model.makeRecord(&random, hash: log.hash, maxPayload: 0)
      record.payload = random.bytes(1_000)
      model.records[model.records.count - 1] = record
      return record
    }
  }

  private func frames(_ disk: SimDisk) throws -> [(offset: Int, header: FrameHeader)] {
    try DamageTests.frames(try #require(disk.bytes(Self.segment)))
  }

  private func isRefused(_ disk: SimDisk) -> Bool {
    do throws(EventLogError) {
      try SyncLog(options(disk)).kill()
      return false
    } catch {
      return error.code == .damaged && error.file == Self.segment
    }
  }

  @Test func `Only large frames fill blocks, and those that begin with one go around the cache`()
    throws
  {
    let disk = SimDisk()
    var random = SeededRandom(1)
    var model = Model()
    let log = try SyncLog(options(disk))
    for count in [1, 5, 5, 1, 1, 4, 1] {
      try log.commit(records(count, &model, &random, log))
    }
    let data = try frames(disk).filter { $0.header.kind == .data }
    #expect(data.map { $0.header.recordCount } == [1, 5, 5, 1, 1, 4, 1])
    let ends = data.map { ($0.offset + $0.header.totalBytes) % Limits.blockBytes == 0 }
    #expect(ends == [false, true, true, false, false, true, false])
    #expect(data.map { $0.header.blockPadding > 0 } == ends)
    // The third is the only large one that begins with a block.
    #expect(disk.state.withLock { $0.directWrites }[Self.segment] == 1)
    log.kill()
    let again = try SyncLog(options(disk.afterKill()))
    #expect(again.recovered == model.records)
    again.kill()
  }

  @Test func `A disk that is slow gets large frames through the page cache`() throws {
    let disk = SimDisk()
    var random = SeededRandom(6)
    var model = Model()
    var slow = options(disk)
    slow.directBytesPerSecond = .infinity
    let log = try SyncLog(slow)
    for _ in 0..<6 { try log.commit(records(5, &model, &random, log)) }
    #expect(disk.state.withLock { $0.directWrites }[Self.segment] == nil)
    #expect(try frames(disk).filter { $0.header.kind == .data }.count == 6)
    log.kill()
    #expect(try SyncLog(options(disk.afterKill())).recovered == model.records)
  }

  @Test func `Records on both sides of the padding are found by their numbers`() throws {
    let disk = SimDisk()
    var random = SeededRandom(2)
    var model = Model()
    let owner = Owner()
    let log = try EventLog.open(options(disk), callbacks: owner.callbacks)
    for count in [1, 9, 30, 2, 40, 1, 1, 8, 8, 8] {
      for _ in 0..<count { log.append(model.makeRecord(&random, hash: { log.hash(of: $0) })) }
      log.endTurn()
      #expect(owner.waitDurable(log.nextLSN.previous))
    }
    log.read(model.records.map { ReadRequest(token: 0, .record(lsn: $0.header.lsn)) })
    let answers = owner.waitAnswers(model.records.count)
    #expect(answers.compactMap { $0.models?.first } == model.records)
    try log.close()
    var found: [ModelRecord] = []
    try EventLogReader(path: "/store", disk: disk).forEachRecord { found.append(ModelRecord($0)) }
    #expect(found == model.records)
  }

  @Test func `Where the file system only knows the page cache no frame is padded`() throws {
    let disk = SimDisk()
    disk.state.withLock { $0.refusesDirect = true }
    var random = SeededRandom(3)
    var model = Model()
    let log = try SyncLog(options(disk))
    for _ in 0..<4 { try log.commit(records(6, &model, &random, log)) }
    #expect(try frames(disk).allSatisfy { $0.header.blockPadding == 0 })
    log.kill()
    // The same file on one that has such writes goes on with them.
    let after = disk.afterKill()
    after.state.withLock { $0.refusesDirect = false }
    let again = try SyncLog(options(after))
    #expect(again.recovered == model.records)
    again.kill()
  }

  @Test func `A byte in the padding is damage, and so is padding of another length`() throws {
    let disk = SimDisk()
    var random = SeededRandom(4)
    var model = Model()
    let log = try SyncLog(options(disk))
    for _ in 0..<3 { try log.commit(records(5, &model, &random, log)) }
    try log.confirm()
    log.kill()
    let large = try #require(try frames(disk).last { $0.header.blockPadding > 0 })
    let end = large.offset + large.header.totalBytes
    for place in [end - 1, end - large.header.blockPadding, large.offset + 56, large.offset + 57] {
      let copy = disk.afterKill()
      copy.overwrite(Self.segment) { $0[place] ^= 0x40 }
      #expect(isRefused(copy), "byte \(place)")
    }
  }

  /// The first version of the format had no padding: its segments are read, and go on without.
  @Test func `A segment of the older version is read and gets no padding`() throws {
    let disk = SimDisk()
    var random = SeededRandom(5)
    var model = Model()
    var plain = options(disk)
    plain.directFrameBytes = .max
    let old = try SyncLog(plain)
    try old.commit(records(5, &model, &random, old))
    try old.close()
    setVersion(1, disk)
    let log = try SyncLog(options(disk))
    #expect(log.recovered == model.records)
    for _ in 0..<50 { try log.commit(records(6, &model, &random, log)) }
    #expect(try frames(disk).allSatisfy { $0.header.blockPadding == 0 })
    #expect(log.opened.writer.header.version == 2, "the next segment is of the new version")
    #expect(log.opened.writer.offset % Int64(Limits.blockBytes) == 0)
    try log.close()
    #expect(try SyncLog(options(disk)).recovered == model.records)
  }

  @Test(arguments: [0, 4] as [UInt16])
  func `A segment of a version nobody knows is refused by name`(version: UInt16) throws {
    let disk = SimDisk()
    try SyncLog(options(disk)).close()
    setVersion(version, disk)
    let error = #expect(throws: EventLogError.self) { try SyncLog(options(disk)) }
    #expect(error?.code == .unsupportedFormat)
    #expect(
      error?.sentence == "the format version is \(version); this program reads 1 to 3")
  }

  private func setVersion(_ version: UInt16, _ disk: SimDisk) {
    disk.overwrite(Self.segment) { bytes in
      bytes.store(version, at: 8)
      bytes.store(checksum(bytes[..<4092]), at: 4092)
    }
  }
}
