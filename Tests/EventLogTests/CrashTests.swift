import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// Power cuts and kills at random system calls, on a simulated disk.
@Suite struct CrashTests {
  #if DEBUG
    private static let lives = 100
  #else
    private static let lives = 1000
  #endif

  /// 2,000 lives in a release build, where one takes some milliseconds, a tenth of them in a debug
  /// build; EVENTLOG_SEEDS times as many for a long run.
  @Test(arguments: [false, true])
  func `No acknowledged record is lost whatever the crash takes`(retains: Bool) {
    for seed in seeds(Self.lives) {
      do {
        var life = CrashLife(seed: seed, retains: retains)
        try life.run()
      } catch {
        Issue.record("seed \(seed): \(error)")
        return
      }
    }
  }

  @Test func `A cut frame is kept in quarantine and the log goes on`() throws {
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
    #expect(torn > 15 || seeds(60).count == 1)
  }

  @Test func `Recovery stopped at each of its system calls recovers the same`() throws {
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

  @Test func `A clean close is recognised and the same segment goes on`() throws {
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

  @Test func `Bytes that only a failed sync left in the cache are not believed`() throws {
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
