/// 128 bits over a file's bytes: SipHash-2-4 of each MiB, keyed with the digest so far.
///
/// Not CRC32C, though that is quicker: the files of a store end their parts with checksums of that
/// kind, and the CRC of bytes that are followed by their own CRC is the same whatever they are.
struct FileDigest: Equatable, Sendable {
  private var value = EventHash(high: 0, low: 0)

  /// Every piece but the last has this length.
  static let pieceBytes = 1 << 20

  mutating func add(_ piece: UnsafeRawBufferPointer) {
    value = SipHash.hash(piece, key: SipKey(low: value.low, high: value.high))
  }

  init() {}

  /// Of bytes in memory.
  init(_ bytes: [UInt8]) {
    bytes.withBytes { all in
      for start in stride(from: 0, to: all.count, by: Self.pieceBytes) {
        add(UnsafeRawBufferPointer(rebasing: all[start..<min(start + Self.pieceBytes, all.count)]))
      }
    }
  }

  /// 32 hexadecimal digits.
  var text: String { hexadecimal(value.high) + hexadecimal(value.low) }

  init?(_ text: Substring) {
    guard
      text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    value = EventHash(high: high, low: low)
  }
}
