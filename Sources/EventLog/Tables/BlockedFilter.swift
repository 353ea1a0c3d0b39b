internal import CSystemCalls

/// A Bloom filter in blocks of one cache line (Putze, Sanders, Singler 2007): a question costs one
/// miss of the cache. Eight bits of a key, one in each word of its block; at 16 bits a key about
/// one absent key in a thousand passes.
///
/// The block comes from the high half of the hash, in order, so that sorted keys fill it in
/// order; the bits from the low half.
final class BlockedFilter: @unchecked Sendable {
  // Sendable because it is filled by one thread and only read once it is shared.
  let blocks: Int
  let memory: UnsafeMutableRawPointer

  static let blockBytes = 64
  private static let bitsPerKey = 16

  var bytes: Int { blocks * Self.blockBytes }

  /// How many blocks `keys` keys want.
  static func blocks(keys: Int) -> Int { max(1, (keys * bitsPerKey + 511) / 512) }

  /// An empty filter.
  init(blocks: Int) {
    precondition(blocks > 0, "a filter has a block")
    self.blocks = blocks
    guard let memory = csystem_map_big(blocks * Self.blockBytes) else {
      // Not outside input: without memory for two bytes an event nothing can go on.
      preconditionFailure("no memory for a filter of the event log: \(blocks) blocks")
    }
    self.memory = memory
  }

  deinit { csystem_unmap(memory, bytes) }

  func insert(_ hash: EventHash) {
    let words = Self.block(memory, blocks, hash).assumingMemoryBound(to: UInt64.self)
    for word in 0..<8 { words[word] |= Self.bit(hash, word) }
  }

  /// False only if the key was never inserted.
  func mayContain(_ hash: EventHash) -> Bool { Self.mayContain(memory, blocks, hash) }

  @inline(__always)
  static func block(
    _ memory: UnsafeMutableRawPointer, _ blocks: Int, _ hash: EventHash
  ) -> UnsafeMutableRawPointer {
    memory + Int(hash.high.multipliedFullWidth(by: UInt64(blocks)).high) * blockBytes
  }

  @inline(__always)
  static func bit(_ hash: EventHash, _ word: Int) -> UInt64 {
    1 << ((hash.low >> UInt64(6 * word)) & 63)
  }

  /// False only if the key was never inserted.
  @inline(__always)
  static func mayContain(
    _ memory: UnsafeMutableRawPointer, _ blocks: Int, _ hash: EventHash
  ) -> Bool {
    let words = UnsafeRawPointer(block(memory, blocks, hash)).assumingMemoryBound(to: UInt64.self)
    var missing: UInt64 = 0
    for word in 0..<8 { missing |= ~words[word] & bit(hash, word) }
    return missing == 0
  }
}
