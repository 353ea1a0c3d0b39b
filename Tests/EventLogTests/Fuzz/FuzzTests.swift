import Testing

@testable import EventLog

/// The short, deterministic form of deploy/fuzz: the same mutator over seeded bytes.
@Suite struct FuzzTests {
  @Test func `damaged and forged stores never trap, and no record is invented`() throws {
    let fuzzer = try RecoveryFuzzer()
    for seed in seeds(600) {
      var random = SeededRandom(seed)
      let input = random.bytes(Int.random(in: 1...60, using: &random))
      let violation = fuzzer.violation(input)
      #expect(violation == nil, "EVENTLOG_SEED=\(seed)")
    }
  }

  @Test func `an altered record that every checksum vouches for is seen as one`() throws {
    let fuzzer = try RecoveryFuzzer()
    let violations = (1...300).compactMap { (seed: UInt64) -> String? in
      var random = SeededRandom(seed)
      // Forged, the chain too.
      let input = [3] + random.bytes(20)
      return fuzzer.violation(input, knowsForgery: false)
    }
    #expect(violations.contains("a record was invented or altered"))
  }
}
