import Foundation

/// The same numbers for the same seed, on every machine: Sebastiano Vigna's SplitMix64. For tests
/// only.
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

/// The seed of a random test: `MEDDELA_TEST_SEED`, or another one each time. Printed, so that a
/// failure can be run again.
package func printedSeed(_ test: String = #function) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["MEDDELA_TEST_SEED"].flatMap { UInt64($0) }
  let seed = given ?? UInt64.random(in: 0...UInt64.max)
  print("\(test): MEDDELA_TEST_SEED=\(seed)")
  return seed
}
