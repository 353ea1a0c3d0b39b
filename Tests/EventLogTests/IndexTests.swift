import LogSequence
import TestSupport
import Testing

@testable import EventLog

@Suite struct IndexTests {
  private func value(_ lsn: LSN, status: UInt8 = 0) -> IndexValue {
    IndexValue(RecordHeader(lsn: lsn, status: status, flags: [.event, .final]))
  }

  @Test(arguments: [UInt64.max, 0xFFF0_0000_0000_0000, 0xC000_0000_0000_0000])
  func `The index agrees with a dictionary while it grows`(mask: UInt64) {
    var random = SeededRandom(mask)
    let index = EventIndex()
    var newest: [LSN] = []
    var fingerprints: [UInt64] = []
    for lsn in 1...LSN(mask == .max ? 60_000 : 3_000) {
      let isNew = newest.isEmpty || Int.random(in: 0..<3, using: &random) == 0
      if isNew {
        fingerprints.append(random.next() & mask)
        newest.append(lsn)
        let known = index.update(fingerprints[newest.count - 1], previous: 0, to: value(lsn))
        #expect(known == .new)
      } else {
        let event = Int.random(in: 0..<newest.count, using: &random)
        let known = index.update(fingerprints[event], previous: newest[event], to: value(lsn))
        #expect(known == .final)
        newest[event] = lsn
      }
    }
    var expected: [UInt64: Set<LSN>] = [:]
    for (event, fingerprint) in fingerprints.enumerated() {
      expected[fingerprint, default: []].insert(newest[event])
    }
    for (fingerprint, lsns) in expected {
      #expect(Set(index.candidates(fingerprint).map(\.lsn)) == lsns)
    }
    #expect(index.count == newest.count)
    #expect(index.first(random.next() | 1 << 51) == nil || mask != .max)
  }

  @Test func `A slot carries LSN, status and flags`() {
    let index = EventIndex()
    #expect(index.update(9, previous: 0, to: value(Limits.maxLSN, status: 255)) == .new)
    #expect(index.first(9)?.lsn == Limits.maxLSN)
    #expect(index.first(9)?.status == 255)
    #expect(index.first(9)?.flags == [.event, .final])
  }

  @Test func `The index says what it knew of an event before`() {
    let index = EventIndex()
    let open = IndexValue(RecordHeader(lsn: 2, flags: .event))
    #expect(index.update(9, previous: 0, to: value(1)) == .new)
    #expect(index.update(9, previous: 1, to: open) == .final)
    #expect(index.update(9, previous: 2, to: value(3)) == .open)
    #expect(index.candidates(9).map(\.lsn) == [3] && index.count == 1)
    #expect(index.update(9, previous: 2, to: value(4)) == .unknown)
    #expect(index.update(10, previous: 3, to: value(5)) == .unknown)
    #expect(index.candidates(9).map(\.lsn).sorted() == [3, 4] && index.count == 3)
  }

  /// All in one part, which outgrows its address space, shrinks and grows again.
  @Test(arguments: [UInt64.max >> 10, UInt64.max >> 10 & ~0xFFFF_FFFF_FFFF])
  func `What is final is forgotten, what is open stays, at any size`(mask: UInt64) {
    var random = SeededRandom(mask)
    let index = EventIndex()
    var open: [LSN: (fingerprint: UInt64, isFinal: Bool)] = [:]
    var lsn: LSN = 0
    func check(_ moment: String) {
      var expected: [UInt64: Set<LSN>] = [:]
      for (lsn, event) in open { expected[event.fingerprint, default: []].insert(lsn) }
      let differing = expected.filter { fingerprint, lsns in
        Set(index.candidates(fingerprint).map(\.lsn)) != lsns
      }
      #expect(differing.isEmpty, "\(moment)")
      #expect(index.count == open.count, "\(moment)")
    }
    // Few fingerprints make long runs: fewer events then.
    let isNarrow = mask != UInt64.max >> 10
    for (round, events) in [120_000, 40_000, 130_000].enumerated() {
      for _ in 0..<(isNarrow ? events / 100 : events) {
        lsn = lsn.next
        let fingerprint = random.next() & mask
        let isFinal = Int.random(in: 0..<10, using: &random) > 0
        let header = RecordHeader(lsn: lsn, flags: isFinal ? [.event, .final] : .event)
        _ = index.update(fingerprint, previous: 0, to: IndexValue(header))
        open[lsn] = (fingerprint, isFinal)
      }
      check("round \(round), grown")
      let through = lsn.advanced(by: -events / 1000)
      index.removeFinal(through: through, part: 0)
      open = open.filter { $0.key > through || !$0.value.isFinal }
      check("round \(round), swept")
      #expect(index.bytes / 64 <= max(4 * 4096, open.count) || isNarrow)
    }
  }

  @Test func `An event takes at most 24 bytes once there are millions`() {
    let index = EventIndex()
    var random = SeededRandom(11)
    var worst = 0.0
    for lsn in 1...LSN(1_500_000) {
      _ = index.update(random.next(), previous: 0, to: value(lsn))
      if lsn > 1_000_000, lsn.rawValue % 50_000 == 0 {
        worst = max(worst, Double(index.bytes) / Double(index.count))
      }
    }
    #expect(worst <= 24.5)
    #expect(worst >= 20)
  }
}
