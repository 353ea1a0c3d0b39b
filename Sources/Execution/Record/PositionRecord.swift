package import LogSequence

/// How far a shard's cursors over its log have come, as a record of that log: what a start goes
/// on from.
///
/// Format, little-endian: the LSN up to which every published status update is confirmed, the LSN
/// up to which every delivery is answered or looked after, then the shard's totals up to this
/// record, eight bytes a number. Then, since version 2, two bytes of version and two of the oldest
/// version that can read it. What is new is written behind them, so that a program that does not
/// know it reads what it knows.
package struct PositionRecord: Sendable, Equatable {
  package var outbox: LSN
  package var logWatch: LSN
  package var totals: ShardTotals

  /// Of version 1, which ends here.
  static let firstByteCount = 16 + ShardTotals.byteCount
  static let byteCount = firstByteCount + 4
  static let version: UInt16 = 2
  /// Older programs take version 1 only; from 2 on they read what follows.
  static let readableSince: UInt16 = 2

  init(outbox: LSN, logWatch: LSN, totals: ShardTotals) {
    self.outbox = outbox
    self.logWatch = logWatch
    self.totals = totals
  }

  /// Nil when the bytes are not such a record, or one that only a newer program can read.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count != Self.firstByteCount {
      guard bytes.count >= Self.byteCount else { return nil }
      func number(_ offset: Int) -> UInt16 {
        UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      }
      let version = number(Self.firstByteCount)
      let readableSince = number(Self.firstByteCount + 2)
      guard version >= readableSince, 2...Self.version ~= readableSince else { return nil }
    }
    outbox = LSN(UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)))
    logWatch = LSN(
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    totals = ShardTotals(UnsafeRawBufferPointer(rebasing: bytes[16..<Self.firstByteCount]))
  }

  func write(to bytes: inout [UInt8]) {
    let start = bytes.count
    defer { assert(bytes.count - start == Self.byteCount, "it has the size of its version") }
    for value in [outbox.rawValue, logWatch.rawValue] {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    totals.write(to: &bytes)
    for value in [Self.version, Self.readableSince] {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
  }
}
