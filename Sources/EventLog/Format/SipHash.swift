/// The key of SipHash: 16 random bytes.
struct SipKey: Equatable, Sendable {
  var low: UInt64
  var high: UInt64
}

/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, https://github.com/veorq/SipHash):
/// ids come from outside, so the hash must not be predictable.
enum SipHash {
  static func hash(_ bytes: UnsafeRawBufferPointer, key: SipKey) -> EventHash {
    var state = State(key)
    let words = bytes.count / 8
    for index in 0..<words {
      let word = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
      state.absorb(word)
    }
    var last = UInt64(truncatingIfNeeded: bytes.count) << 56
    var index = words * 8
    while index < bytes.count {
      last |= UInt64(bytes[index]) << UInt64(8 * (index & 7))
      index += 1
    }
    state.absorb(last)
    state.v2 ^= 0xee
    for _ in 0..<4 { state.round() }
    let first = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    state.v1 ^= 0xdd
    for _ in 0..<4 { state.round() }
    let second = state.v0 ^ state.v1 ^ state.v2 ^ state.v3
    return EventHash(high: second, low: first)
  }

  private struct State {
    var v0: UInt64
    var v1: UInt64
    var v2: UInt64
    var v3: UInt64

    init(_ key: SipKey) {
      v0 = key.low ^ 0x736f_6d65_7073_6575
      v1 = key.high ^ 0x646f_7261_6e64_6f6d ^ 0xee
      v2 = key.low ^ 0x6c79_6765_6e65_7261
      v3 = key.high ^ 0x7465_6462_7974_6573
    }

    @inline(__always)
    mutating func absorb(_ word: UInt64) {
      v3 ^= word
      round()
      round()
      v0 ^= word
    }

    @inline(__always)
    mutating func round() {
      v0 = v0 &+ v1
      v1 = (v1 << 13 | v1 >> 51) ^ v0
      v0 = v0 << 32 | v0 >> 32
      v2 = v2 &+ v3
      v3 = (v3 << 16 | v3 >> 48) ^ v2
      v0 = v0 &+ v3
      v3 = (v3 << 21 | v3 >> 43) ^ v0
      v2 = v2 &+ v1
      v1 = (v1 << 17 | v1 >> 47) ^ v2
      v2 = v2 << 32 | v2 >> 32
    }
  }
}
