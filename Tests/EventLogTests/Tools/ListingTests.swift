import LogSequence
import Testing

@testable import EventLog

/// The walks behind `events list` and `store export`.
@Suite struct ListingTests {
  @Test(arguments: [1, 7, 64, 599, 600, 601, 1 << 20])
  func `The newest record of each event, whatever the window`(window: Int) throws {
    let store = try ToolStore(seed: 21)
    let reader = try EventLogReader(path: store.path)
    var found: [ModelRecord] = []
    var told: [UInt64] = []
    try NewestRecords(reader, windowRecords: window).forEach(progress: { done, total in
      told.append(done)
      #expect(done <= total)
    }) { found.append(ModelRecord($0)) }
    let newest = Set(store.model.newest.values)
    #expect(found == store.model.records.filter { newest.contains($0.header.lsn) })
    #expect(told.last != nil)
  }

  @Test(arguments: [1 << 30, 100_000, 3_000])
  func `Every event with its whole history, in memory or by way of files`(budget: Int) throws {
    let store = try ToolStore(seed: 22)
    let scratch = store.directory.path
    let reader = try EventLogReader(path: store.path)
    var found: [[UInt8]: [ModelRecord]] = [:]
    try EventGrouping(reader, scratch: scratch, budgetBytes: budget).forEach { block in
      // Its files have no names, so that a process that is killed leaves none of them.
      #expect((try? LinuxDisk().list(scratch)) == ["store"])
      let models = block.models
      #expect(found[models[0].id] == nil)
      found[models[0].id] = models
    }
    #expect(found.count == store.model.newest.count)
    for (id, records) in found { #expect(records == store.model.history(id)) }
    #expect(try LinuxDisk().list(scratch) == ["store"])
  }

  @Test func `Files of an export are removed when it is broken off`() throws {
    let store = try ToolStore(seed: 23)
    let reader = try EventLogReader(path: store.path)
    struct Enough: Error {}
    #expect(throws: Enough.self) {
      try EventGrouping(reader, scratch: store.directory.path, budgetBytes: 5_000).forEach { _ in
        throw Enough()
      }
    }
    #expect(try LinuxDisk().list(store.directory.path) == ["store"])
  }

  @Test func `Statistics leave out what retention removes meanwhile`() throws {
    var calls = 0
    var call = 0
    repeat {
      call += 1
      let (disk, model) = try DamageTests.store()
      let log = try SyncLog(.simulated(disk))
      let watched = WatchedDisk(disk) { number, _ in
        guard number == call else { return }
        let origin = try? log.opened.writer.drop(through: 2)
        #expect(origin != nil)
        for id in 1...(2 as UInt64) {
          try? disk.remove("/store/segments/" + SegmentHeader.fileName(id))
        }
      }
      let statistics = try StoreStatistics(path: "/store", disk: watched)
      log.kill()
      #expect(statistics.durableLSN == LSN(model.records.count))
      #expect(statistics.segments.first?.firstLSN == statistics.firstLSN, "call \(call)")
      calls = watched.calls
    } while call < calls
    #expect(calls > 20)
  }

  @Test func `Statistics say what the store holds`() throws {
    let store = try ToolStore(seed: 24, isClosed: false)
    let statistics = try StoreStatistics(path: store.path)
    #expect(statistics.records == (store.model.records.count))
    #expect(statistics.segments.count == (try store.segments.count))
    #expect(!statistics.hasWriter)
    #expect(!statistics.wasClosed)
    #expect(statistics.segments.dropLast().allSatisfy { $0.lastLSN != nil })
    #expect(statistics.segments.last?.lastLSN == nil)
    #expect(statistics.fileBytes == Int64(64 << 10) * Int64(statistics.segments.count))
  }
}
