import TestSupport
import Testing

@testable import EventLog

/// The short, deterministic form of Tests/Scripts/fuzz: the same mutator over seeded bytes.
@Suite struct FuzzTests {
  @Test func `Damaged and forged stores never trap, and no record is invented`() throws {
    let fuzzer = try RecoveryFuzzer()
    for seed in seeds(200) {
      var random = SeededRandom(seed)
      let input = random.bytes(Int.random(in: 1...60, using: &random))
      let violation = fuzzer.violation(input)
      #expect(violation == nil, "EVENTLOG_SEED=\(seed)")
    }
  }

  @Test func `An altered record that every checksum vouches for is seen as one`() throws {
    let fuzzer = try RecoveryFuzzer()
    // Forged, the chain too; a bit of the id in record 3 of each file.
    let violations = (0..<32).compactMap { (file: UInt8) -> String? in
      fuzzer.violation([3, 8, file, 0, 3, 0, 15, 0, 0, 0, 1], knowsForgery: false)
    }
    #expect(violations.contains { $0.hasPrefix("a record was invented or altered") })
  }
}
