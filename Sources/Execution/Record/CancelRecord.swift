import Messages

/// The payload of a cancel that came before its event: found by the event's id, until the event
/// comes or retention removes it with what else is as old.
///
/// Format, little-endian (version 1): version (1), 0 (7), when it came in unix nanoseconds (8).
struct CancelRecord {
  let cancelledAt: Timestamp

  static let version: UInt8 = 1
  static let byteCount = 16

  init(cancelledAt: Timestamp) {
    self.cancelledAt = cancelledAt
  }

  /// Nil when the bytes are not such a payload.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount, bytes[0] == Self.version else { return nil }
    cancelledAt = Timestamp(
      nanoseconds: Int64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
  }

  func write(to bytes: inout [UInt8]) {
    bytes.append(Self.version)
    bytes.append(contentsOf: repeatElement(0, count: 7))
    withUnsafeBytes(of: cancelledAt.nanoseconds.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
