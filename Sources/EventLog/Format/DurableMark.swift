internal import LogSequence

/// The file DURABLE: how far the log is durable, rewritten in place after every sync and never
/// synced itself. What it says was true when it was written, so it may lag but never lead; a mark
/// that is missing or torn says nothing. Byte table: FileFormat.md.
struct DurableMark: Equatable, Sendable {
  static let magic: [UInt8] = [0x89, 0x45, 0x56, 0x44, 0x55, 0x52, 0x0D, 0x0A]
  static let fileName = "DURABLE"
  static let bytes = 64

  var store: StoreID
  var segment: UInt64
  var lsn: LSN
  var sequence: UInt64
  /// File offset after the frame `sequence`.
  var offset: Int64

  func encode(at start: UnsafeMutableRawPointer) {
    assert(isInRange, "what is written can be read")
    for (index, byte) in Self.magic.enumerated() { start.store(byte, at: index) }
    for (index, byte) in store.bytes.enumerated() { start.store(byte, at: 8 + index) }
    start.store(segment, at: 24)
    start.store(lsn: lsn, at: 32)
    start.store(sequence, at: 40)
    start.store(offset, at: 48)
    start.store(UInt32(0), at: 56)
    start.store(checksum(start, 60), at: 60)
  }

  static func decode(_ bytes: [UInt8], store: StoreID) -> DurableMark? {
    guard
      bytes.count == Self.bytes, bytes.starts(with: magic),
      checksum(bytes[..<60]) == bytes.integer(UInt32.self, at: 60),
      Array(bytes[8..<24]) == store.bytes
    else { return nil }
    let mark = DurableMark(
      store: store, segment: bytes.integer(at: 24), lsn: bytes.lsn(at: 32),
      sequence: bytes.integer(at: 40), offset: bytes.integer(at: 48))
    return mark.isInRange ? mark : nil
  }

  /// Whether a log counts so far.
  private var isInRange: Bool {
    segment <= Limits.maxCounter && lsn <= Limits.maxLSN && sequence <= Limits.maxCounter
      && 0...Int64(Limits.maxSegmentBytes) ~= offset
  }

  static func read(_ disk: any Disk, _ directory: String, store: StoreID)
    throws(EventLogError) -> DurableMark?
  {
    guard let bytes = try disk.contents(of: directory + "/" + fileName, atMost: 4096) else {
      return nil
    }
    return decode(bytes, store: store)
  }
}
