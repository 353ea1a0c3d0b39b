import Synchronization
import Testing

@testable import EventLog

/// The tests must have teeth: each deliberate defect breaks its rule, and no other.
@Suite struct BreakTests {
  @Test(arguments: LogRule.allCases)
  func `Without a defect every rule holds`(rule: LogRule) throws {
    #expect(try rule.holds())
  }

  #if DEBUG
    static let defects: [(defect: Breaks, rule: LogRule)] = [
      (.skipDataSync, .acknowledgedIsSynced), (.acknowledgeBeforeSync, .syncComesFirst),
      (.retryFailedSync, .failedSyncIsFinal), (.twoFramesInFlight, .oneFrameInFlight),
      (.skipChainCheck, .framesFollow), (.truncateOnDamage, .damageIsNoEnd),
      (.dropOpenEvents, .openEventsStay), (.skipDirectorySync, .namesAreSynced),
    ]

    @Test(arguments: defects)
    func `A defect breaks its own rule and no other`(defect: Breaks, rule: LogRule) throws {
      for other in LogRule.allCases {
        #expect(try other.holds(defect) == (other != rule), "\(other)")
      }
    }

    @Test func `Every rule has its defect`() {
      #expect(Set(Self.defects.map(\.rule)) == Set(LogRule.allCases))
    }
  #endif

  // What the rules are for: the lives of CrashLife, with their power cuts, lose something when one
  // of these does not hold, and the check that says so is the one that should.

  /// Whether `check` is what one of the first lives fails by; nil is a store that is refused as
  /// damaged.
  private func isFound(
    by check: CrashLife.Check?, _ breaks: Breaks = [], retains: Bool = false,
    _ prepare: (SimDisk) -> Void = { _ in }
  ) -> Bool {
    (1...400).contains { seed in
      do {
        var life = CrashLife(seed: UInt64(seed), breaks: breaks, retains: retains)
        prepare(life.disk)
        try life.run()
        return false
      } catch let loss as CrashLife.Loss {
        return loss.check == check
      } catch let error as EventLogError {
        return check == nil && error.code == .damaged
      } catch {
        return false
      }
    }
  }

  #if DEBUG
    @Test(arguments: [Breaks.skipDataSync, .acknowledgeBeforeSync])
    func `Acknowledged records are missed after a power cut`(defect: Breaks) {
      #expect(isFound(by: .acknowledgedStay, defect))
    }

    @Test(arguments: [Breaks.twoFramesInFlight, .retryFailedSync])
    func `A frame is missing in front of one that is there`(defect: Breaks) {
      #expect(isFound(by: nil, defect))
    }

    @Test func `An open event is missed when its segment is dropped`() {
      #expect(isFound(by: .openEventsStay, .dropOpenEvents, retains: true))
    }

    @Test func `A name that was not synced is missed after a power cut`() {
      #expect(isFound(by: nil, .skipDirectorySync))
    }
  #endif

  @Test func `A disk that lies about syncs is found`() {
    #expect(isFound(by: nil) { $0.state.withLock { $0.liesAboutSync = true } })
  }

  @Test func `A disk that lies about names is found`() {
    #expect(isFound(by: nil) { $0.state.withLock { $0.liesAboutDirectorySync = true } })
  }
}
