import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Indexing stands back behind everything else: how far it may fall behind.
@Suite struct BacklogTests {
  @Test func `With too many segments to index the log is behind, until they are indexed`() throws {
    let disk = MemoryDisk()
    let options = try EventLogOptions.inMemory(disk)
    let owner = Owner()
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
    #expect(owner.waitDurable(log.nextLSN.previous), "it goes on all the same")
    let sealed = try disk.list("/d/store/segments").filter { $0.hasSuffix(".log") }.count - 1
    #expect(log.segmentsToIndex == sealed && sealed >= Limits.segmentsToIndex)
    disk.hold(nil)
    #expect(owner.waitUntil { log.segmentsToIndex == 0 })
    #expect(!log.isBehind)
    append()
    #expect(owner.waitDurable(log.nextLSN.previous))
    try log.close()
  }

  @Test func `Old segments go and tables are merged while there is always one more to index`()
    throws
  {
    let disk = MemoryDisk()
    var options = try EventLogOptions.inMemory(disk)
    let owner = Owner()
    options.retentionSeconds = 1
    options.retentionCheckMilliseconds = 1
    options.hurry(20)
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    defer { try? log.close() }
    var next: LSN = 1
    func append() {
      let id = Array("event-\(next)".utf8)
      let header = RecordHeader(
        lsn: next, flags: [.event, .final], time: Int64(next.rawValue), hash: log.hash(of: id))
      log.append(ModelRecord(header: header, id: id, payload: [UInt8](repeating: 7, count: 900)))
      log.endTurn()
      next = next.next
    }
    func names(_ folder: String) -> [String] { (try? disk.list("/d/store/" + folder)) ?? [] }
    var isMerged = false
    var isRetired = false
    // Four wait for the thread whenever it looks.
    while !isMerged || !isRetired, next < 100_000 {
      while log.segmentsToIndex < 4 { append() }
      if isMerged { log.retain(from: log.nextLSN) }
      isMerged = isMerged || names("index").contains { $0.hasSuffix(".1.table") }
      isRetired = isRetired || !names("segments").contains("0000000000000001.log")
    }
    #expect(isMerged && isRetired)
  }

  @Test func `A disk that does not answer is seen while it does not, and counted when it did`()
    throws
  {
    let disk = MemoryDisk()
    let options = try EventLogOptions.inMemory(disk)
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(log.syncTimes.waitingSeconds == 0)
    disk.holdSyncs(true)
    var model = Model()
    var random = SeededRandom(6)
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    #expect(owner.waitUntil { log.syncTimes.waitingSeconds > 0.2 })
    #expect(log.durableLSN == 0 && log.syncTimes.counts == [0, 0, 0, 0, 0])
    disk.holdSyncs(false)
    #expect(owner.waitDurable(1))
    #expect(owner.waitUntil { log.syncTimes.waitingSeconds == 0 })
    let times = log.syncTimes
    #expect(times.counts[..<3] == [0, 0, 0] && times.counts.reduce(0, +) == 1)
    #expect(times.seconds > 0.2)
    try log.close()
  }
}
