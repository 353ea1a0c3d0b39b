import TestSupport
import Testing

@testable import EventLog

/// A read that gives less than was asked for is no end of a file: it is gone on with.
@Suite struct ShortReadTests {
  private static func disk() throws -> (MemoryDisk, EventLogOptions, [ModelRecord]) {
    let disk = MemoryDisk()
    var options = try EventLogOptions.inMemory(disk)
    options.disk = disk
    var random = SeededRandom(8)
    var model = Model()
    let log = try SyncLog(options)
    for _ in 0..<60 {
      try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    try log.maintain()
    log.kill()
    return (disk, options, model.records)
  }

  @Test(arguments: [100, 1000, 4095, 4097, 10_000])
  func `A store is read whole whatever a read gives`(bytes: Int) throws {
    let (disk, options, records) = try Self.disk()
    // Direct reads may give less, too, and must begin with a block.
    disk.shortenReads(to: bytes)
    let report = try StoreVerifier(path: options.path, disk: disk).run()
    if bytes >= Limits.blockBytes {
      #expect(report.isSound)
      #expect(report.records == records.count)
      let log = try SyncLog(options)
      #expect(log.recovered == records)
      log.kill()
    } else {
      // Around the page cache nothing comes of it; that is said, and is no damage.
      #expect(report.findings.allSatisfy { $0.found.contains("reading failed") })
      #expect(!report.isSound)
    }
    var read: [ModelRecord] = []
    try EventLogReader(path: options.path, disk: disk).forEachRecord {
      read.append(ModelRecord($0))
    }
    #expect(read == records)
  }
}
