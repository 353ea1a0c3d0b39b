/// Exponential backoff with full jitter: a random time between zero and a ceiling that doubles
/// with each failure (Amazon Builders' Library, "Timeouts, retries and backoff with jitter"),
/// but never less than half of `minSeconds`.
struct Backoff {
  let minSeconds: Int64
  let maxSeconds: Int64
  private var random: SplitMix64

  init(minSeconds: Int64, maxSeconds: Int64, seed: UInt64) {
    precondition(minSeconds > 0, "a pause takes time")
    self.minSeconds = minSeconds
    self.maxSeconds = max(minSeconds, maxSeconds)
    random = SplitMix64(state: seed)
  }

  /// Nanoseconds to wait after so many failures in a row (from 1).
  mutating func nanoseconds(failures: Int) -> Int64 {
    let doublings = min(max(failures - 1, 0), 30)
    let ceiling = min(maxSeconds, minSeconds << Int64(doublings))
    let least = minSeconds * 500_000_000
    let most = max(ceiling * 1_000_000_000, least + 1)
    return least + Int64(random.next() % UInt64(most - least))
  }
}

/// Sebastiano Vigna's SplitMix64: small, seedable, good enough for jitter.
struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
