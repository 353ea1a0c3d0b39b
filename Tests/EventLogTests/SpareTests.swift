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

  @Test func `zeros that nobody waits for are written slowly`() throws {
    let log = try open()
    var random = SeededRandom(1)
    var model = Model()
    #expect(owner.waitUntil { (disk.bytes("/store/segments/spare.tmp")?.count ?? 0) > 0 })
    for lsn in 1...200 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
      #expect(owner.waitDurable(UInt64(lsn)))
    }
    #expect(!log.preparer.isDone)
    #expect(!disk.files.contains("/store/segments/spare.next"))
    try log.close()
  }

  @Test func `a log that goes faster never waits for them`() throws {
    let log = try open()
    let payload = [UInt8](repeating: 7, count: 1 << 20)
    var lsn: UInt64 = 0
    while disk.files.filter({ $0.hasSuffix(".log") }).count < 4 {
      lsn += 1
      let id = Array("o-\(lsn)".utf8)
      let header = RecordHeader(lsn: lsn, status: 1, hash: log.hash(of: id))
      log.append(ModelRecord(header: header, id: id, payload: payload))
      log.endTurn()
      try #require(owner.waitDurable(lsn))
    }
    try log.close()
  }
}
