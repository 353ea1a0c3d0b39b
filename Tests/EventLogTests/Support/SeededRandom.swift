import Glibc

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

/// The seeds of a random test: `count` of them, EVENTLOG_SEEDS times as many for a long run, or the
/// one in EVENTLOG_SEED to run a failure again.
func seeds(_ count: Int) -> [UInt64] {
  var count = count
  if let text = getenv("EVENTLOG_SEEDS"), let factor = Int(String(cString: text)) {
    count *= max(1, factor)
  }
  if let text = getenv("EVENTLOG_SEED"), let seed = UInt64(String(cString: text)) {
    return [seed]
  }
  return (1...UInt64(count)).map { $0 }
}
