import Synchronization
import Testing

@testable import EventLog

/// The harness must have teeth: with each deliberate defect the same runs must find something.
@Suite struct BreakTests {
  /// Whether one of the first seeds finds something.
  private func isFound(
    _ breaks: Breaks = [], retains: Bool = false, seeds count: UInt64 = 400,
    _ prepare: (SimDisk) -> Void = { _ in }
  ) -> Bool {
    (1...count).contains { seed in
      do {
        var life = CrashLife(seed: seed, breaks: breaks, retains: retains)
        prepare(life.disk)
        try life.run()
        return false
      } catch {
        return true
      }
    }
  }

  @Test func `without a defect nothing is found`() {
    #expect(!isFound(seeds: 20))
    #expect(!isFound(retains: true, seeds: 20))
  }

  #if DEBUG
    @Test func `skipping the sync of frames is found`() { #expect(isFound(.skipDataSync)) }

    @Test func `acknowledging before the sync is found`() {
      #expect(isFound(.acknowledgeBeforeSync))
    }

    @Test func `trying a failed sync again is found`() { #expect(isFound(.retryFailedSync)) }

    @Test func `two frames in flight are found`() { #expect(isFound(.twoFramesInFlight)) }

    @Test func `dropping a segment that holds an open event is found`() {
      #expect(isFound(.dropOpenEvents, retains: true))
    }
  #endif

  @Test func `a disk that lies about syncs is found`() {
    #expect(isFound { disk in disk.state.withLock { $0.liesAboutSync = true } })
  }

  @Test func `skipping the sync of directories is found`() {
    #expect(isFound { disk in disk.state.withLock { $0.liesAboutDirectorySync = true } })
  }

  @Test func `not checking the chain is found`() throws {
    #expect(try DamageTests.otherCopy(breaks: []) == .damaged)
    #if DEBUG
      #expect(try DamageTests.otherCopy(breaks: .skipChainCheck) == nil)
    #endif
  }

  @Test func `taking damage for the end is found`() throws {
    let (disk, model) = try DamageTests.store()
    disk.overwrite(DamageTests.active) { $0[4096 + 64 + 100] ^= 1 }
    #expect(throws: EventLogError.self) { try SyncLog(.simulated(disk)) }
    #if DEBUG
      let log = try SyncLog(.simulated(disk, breaks: .truncateOnDamage))
      #expect(log.recovered.count < model.records.count, "acknowledged records are cut off")
      log.kill()
    #endif
  }
}
