import Testing

@testable import EventLog

/// Indexing stands back behind everything else: how far it may fall behind.
@Suite struct BacklogTests {
  @Test func `with too many segments to index the log is behind, until they are indexed`() throws {
    let disk = MemoryDisk()
    try disk.makeDirectory("/d")
    let owner = Owner()
    var options = EventLogOptions(path: "/d/store")
    options.disk = disk
    options.segmentBytes = 64 << 10
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(!log.isBehind && log.segmentsToIndex == 0)
    disk.hold("/d/store/index")
    var model = Model()
    var random = SeededRandom(5)
    func append() {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    while !log.isBehind, model.records.count < 5_000 { append() }
    #expect(log.isBehind)
    #expect(owner.waitDurable(log.nextLSN - 1), "it goes on all the same")
    let sealed = try disk.list("/d/store/segments").filter { $0.hasSuffix(".log") }.count - 1
    #expect(log.segmentsToIndex == sealed && sealed >= Limits.segmentsToIndex)
    disk.hold(nil)
    #expect(owner.waitUntil { log.segmentsToIndex == 0 })
    #expect(!log.isBehind)
    append()
    #expect(owner.waitDurable(log.nextLSN - 1))
    try log.close()
  }
}
