import Testing

@testable import Node

/// The rules have teeth: each deliberate defect breaks its own, and no other.
@Suite struct OwnershipBreakTests {
  @Test(arguments: OwnerRule.allCases)
  func `Without a defect every rule holds`(rule: OwnerRule) {
    #expect(rule.holds())
  }

  #if DEBUG
    static let defects: [(defect: OwnershipBreaks, rule: OwnerRule)] = [
      (.takesLeaseForGranted, .leaseFirst), (.ignoresRecord, .recordDecides),
      (.goesOnUnrecorded, .recordedFirst), (.goesOnWithoutLease, .lostIsHeld),
      (.keepsOldRecords, .oneRecord), (.overlooksSuccessor, .successorStays),
      (.leavesUnrecorded, .lastRecord),
    ]

    @Test(arguments: defects)
    func `A defect breaks its own rule and no other`(defect: OwnershipBreaks, rule: OwnerRule) {
      for other in OwnerRule.allCases {
        #expect(other.holds(defect) == (other != rule), "\(other)")
      }
    }

    @Test func `Every rule has its defect`() {
      #expect(Set(Self.defects.map(\.rule)) == Set(OwnerRule.allCases))
    }
  #endif
}
