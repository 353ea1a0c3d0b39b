/// How far a shard's cursors over its log have come, as a record of that log: what a start goes
/// on from.
///
/// Format, little-endian: the LSN up to which every published status update is confirmed, the LSN
/// up to which every delivery is answered or looked after, then the shard's totals up to this
/// record, eight bytes a number.
package struct PositionRecord: Sendable, Equatable {
  package var outbox: UInt64
  package var logWatch: UInt64
  package var totals: ShardTotals

  static let byteCount = 16 + ShardTotals.byteCount

  init(outbox: UInt64, logWatch: UInt64, totals: ShardTotals) {
    self.outbox = outbox
    self.logWatch = logWatch
    self.totals = totals
  }

  /// Nil when the bytes are not such a record.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount else { return nil }
    outbox = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    logWatch = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    totals = ShardTotals(UnsafeRawBufferPointer(rebasing: bytes[16...]))
  }

  func write(to bytes: inout [UInt8]) {
    for value in [outbox, logWatch] {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    totals.write(to: &bytes)
  }
}
