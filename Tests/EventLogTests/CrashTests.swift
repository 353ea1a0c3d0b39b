import Synchronization
import Testing

@testable import EventLog

/// Power cuts and kills at random system calls, on a simulated disk.
@Suite struct CrashTests {
  enum Loss: Error { case found(String) }

  /// Runs a store through several crashes; throws what is wrong with what came back.
  private func run(
    seed: UInt64, rounds: Int = 4, breakDisk: (inout SimDisk.State) -> Void = { _ in }
  ) throws {
    var random = SeededRandom(seed)
    var disk = SimDisk()
    disk.state.withLock { breakDisk(&$0) }
    var model = Model()
    for round in 0..<rounds {
      disk.arm(.crash, atCall: Int.random(in: 1...120, using: &random))
      let acknowledged = try work(disk, &model, &random)
      let isPowerCut = Bool.random(using: &random)
      disk = isPowerCut ? disk.afterPowerCut(&random) : disk.afterKill()
      // A crash in the middle of recovery, now and then more than one.
      while Bool.random(using: &random) {
        disk.arm(.crash, atCall: Int.random(in: 1...25, using: &random))
        if let log = try? SyncLog(.simulated(disk)) { log.kill() }
        disk = Bool.random(using: &random) ? disk.afterPowerCut(&random) : disk.afterKill()
      }
      try check(disk, &model, acknowledged: acknowledged, "round \(round)")
      disk = disk.afterKill()
    }
  }

  /// Commits until the disk dies or the script ends; how many records were acknowledged.
  private func work(
    _ disk: SimDisk, _ model: inout Model, _ random: inout SeededRandom
  ) throws -> Int {
    var acknowledged = model.records.count
    do {
      let log = try SyncLog(.simulated(disk))
      guard log.recovered == model.records else { throw Loss.found("before the work") }
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let batch = (0..<Int.random(in: 1...12, using: &random)).map { _ in
          model.makeRecord(&random, hash: log.hash, others: true)
        }
        try log.commit(batch)
        acknowledged = model.records.count
        if Int.random(in: 0..<6, using: &random) == 0 {
          try log.maintain(steps: Int.random(in: 1...6, using: &random))
        }
        if Int.random(in: 0..<4, using: &random) == 0 { try log.confirm() }
      }
      if Bool.random(using: &random) { try log.close() } else { log.kill() }
    } catch let error as EventLogError where disk.isDead {
      #expect([65, 73, 74].contains(error.exitCode))
    }
    return acknowledged
  }

  private func check(
    _ disk: SimDisk, _ model: inout Model, acknowledged: Int, _ place: String
  ) throws {
    let log = try SyncLog(.simulated(disk))
    defer { log.kill() }
    let count = log.recovered.count
    if count < acknowledged {
      throw Loss.found("\(place): \(count) records of \(acknowledged) acknowledged ones")
    }
    if count > model.records.count { throw Loss.found("\(place): records nobody wrote") }
    if log.recovered != Array(model.records.prefix(count)) {
      throw Loss.found("\(place): a record is not what was written")
    }
    model.truncate(to: count)
    try checkIndex(log, model, place)
  }

  /// The index and what the owner was shown, whatever became of the derived files.
  private func checkIndex(_ log: SyncLog, _ model: Model, _ place: String) throws {
    if log.replayed != model.replay(covered: log.covered) {
      throw Loss.found("\(place): the owner was shown other records")
    }
    for id in model.events where try log.newest(id) != model.newest[id] {
      throw Loss.found("\(place): the index names another record than the newest")
    }
  }

  @Test(arguments: seeds(400))
  func `no acknowledged record is lost whatever the crash takes`(seed: UInt64) throws {
    do {
      try run(seed: seed)
    } catch {
      Issue.record("seed \(seed): \(error)")
    }
  }

  /// The harness must have teeth: the same runs on disks that lie must find losses.
  @Test(arguments: ["sync", "directory sync"])
  func `a disk that lies about syncs is found out`(lie: String) {
    let found = (1...30).filter { seed in
      do {
        try run(seed: UInt64(seed)) { state in
          if lie == "sync" {
            state.liesAboutSync = true
          } else {
            state.liesAboutDirectorySync = true
          }
        }
        return false
      } catch {
        return true
      }
    }
    #expect(found.count > 5)
  }

  @Test func `a cut frame is kept in quarantine and the log goes on`() throws {
    var torn = 0
    for seed in seeds(60) {
      var random = SeededRandom(seed)
      var disk = SimDisk()
      var model = Model()
      var log = try SyncLog(.simulated(disk))
      try log.commit([model.makeRecord(&random, hash: log.hash)])
      let batch = (0..<20).map { _ in model.makeRecord(&random, hash: log.hash) }
      disk.arm(.crash, atCall: 1)
      #expect(throws: EventLogError.self) { try log.commit(batch) }
      disk = disk.afterPowerCut(&random)
      log = try SyncLog(.simulated(disk))
      if case .torn(let bytes, let file) = log.report.tail {
        torn += 1
        #expect(disk.bytes(file)?.count == bytes)
        #expect(log.recovered.count == 1, "seed \(seed)")
      }
      // The same again: what was recovered once is recovered the same way.
      log.kill()
      let again = try SyncLog(.simulated(disk.afterKill()))
      #expect(again.recovered == log.recovered)
      #expect(again.report.tail == .clean)
      again.kill()
    }
    #expect(torn > 30 || seeds(60).count == 1)
  }

  @Test func `recovery stopped at each of its system calls recovers the same`() throws {
    for seed in seeds(8) {
      var random = SeededRandom(seed)
      let first = SimDisk()
      var model = Model()
      let log = try SyncLog(.simulated(first))
      for _ in 0..<5 {
        try log.commit((0..<8).map { _ in model.makeRecord(&random, hash: log.hash) })
      }
      first.arm(.crash, atCall: 1)
      let batch = (0..<20).map { _ in model.makeRecord(&random, hash: log.hash) }
      #expect(throws: EventLogError.self) { try log.commit(batch) }
      let crashed = first.afterPowerCut(&random)
      let reference = try SyncLog(.simulated(crashed.afterKill())).recovered
      #expect(reference.count >= 40)
      var call = 1
      while true {
        let disk = crashed.afterKill()
        disk.arm(.crash, atCall: call)
        let attempt = try? SyncLog(.simulated(disk))
        attempt?.kill()
        let after = disk.afterPowerCut(&random)
        let again = try SyncLog(.simulated(after))
        #expect(again.recovered == reference, "seed \(seed), call \(call)")
        again.kill()
        if attempt != nil, !disk.isDead { break }
        call += 1
      }
      #expect(call > 10)
    }
  }

  @Test func `a clean close is recognised and the same segment goes on`() throws {
    let disk = SimDisk()
    var random = SeededRandom(1)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    try log.commit([model.makeRecord(&random, hash: log.hash)])
    try log.close()
    let again = try SyncLog(.simulated(disk))
    #expect(again.report.wasClosed)
    #expect(again.report.segments == 1)
    #expect(again.report.epoch == 2)
    again.kill()
    let killed = disk.afterKill()
    let third = try SyncLog(.simulated(killed))
    #expect(!third.report.wasClosed)
    third.kill()
    let fourth = try SyncLog(.simulated(killed.afterKill()))
    #expect(fourth.report.segments == 2, "nothing is appended to a file that was open at a crash")
    fourth.kill()
  }

  @Test func `bytes that only a failed sync left in the cache are not believed`() throws {
    let disk = SimDisk()
    var random = SeededRandom(7)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    try log.commit([model.makeRecord(&random, hash: log.hash)])
    let batch = [model.makeRecord(&random, hash: log.hash)]
    disk.arm(.error(5), atCall: 2)
    let error = #expect(throws: EventLogError.self) { try log.commit(batch) }
    #expect(error?.exitCode == 74)
    // The process ends and starts again: the page cache still shows the frame, the disk does not.
    let again = try SyncLog(.simulated(disk.afterKill()))
    #expect(again.recovered.count == 1)
    again.kill()
  }
}
