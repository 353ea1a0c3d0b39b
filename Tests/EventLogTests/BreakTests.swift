import Synchronization
import Testing

@testable import EventLog

/// The harness must have teeth: with each deliberate defect the same runs must find something.
@Suite struct BreakTests {
  /// In how many of the first seeds something was found.
  private func found(
    _ breaks: Breaks = [], retains: Bool = false, seeds count: UInt64 = 120,
    _ prepare: (SimDisk) -> Void = { _ in }
  ) -> Int {
    (1...count).count { seed in
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
    #expect(found() == 0)
    #expect(found(retains: true) == 0)
  }

  @Test func `skipping the sync of frames is found`() { #expect(found(.skipDataSync) > 5) }

  @Test func `a disk that lies about syncs is found`() {
    #expect(found { disk in disk.state.withLock { $0.liesAboutSync = true } } > 5)
  }

  @Test func `skipping the sync of directories is found`() {
    #expect(found { disk in disk.state.withLock { $0.liesAboutDirectorySync = true } } > 5)
  }

  @Test func `acknowledging before the sync is found`() {
    #expect(found(.acknowledgeBeforeSync) > 0)
  }

  @Test func `trying a failed sync again is found`() {
    #expect(found(.retryFailedSync, seeds: 400) > 0)
  }

  @Test func `two frames in flight are found`() { #expect(found(.twoFramesInFlight) > 0) }

  @Test func `dropping a segment that holds an open event is found`() {
    #expect(found(.dropOpenEvents, retains: true) > 0)
  }

  @Test func `not checking the chain is found`() throws {
    #expect(try DamageTests.otherCopy(breaks: []) == .damaged)
    #expect(try DamageTests.otherCopy(breaks: .skipChainCheck) == nil)
  }

  @Test func `taking damage for the end is found`() throws {
    let (disk, model) = try DamageTests.store()
    disk.overwrite(DamageTests.active) { $0[4096 + 64 + 100] ^= 1 }
    #expect(throws: EventLogError.self) { try SyncLog(.simulated(disk)) }
    let log = try SyncLog(.simulated(disk, breaks: .truncateOnDamage))
    #expect(log.recovered.count < model.records.count, "acknowledged records are cut off")
    log.kill()
  }
}
