internal import LogSequence

/// The bytes of a record: a header of 64 bytes, the id, the payload, zeros up to 8 bytes.
/// Byte table: FileFormat.md.
enum RecordCodec {
  /// Bytes of a record on disk.
  @inline(__always)
  static func length(id: Int, payload: Int) -> Int {
    roundUp(Limits.recordHeaderBytes + id + payload, to: 8)
  }

  /// Writes a record of `length` bytes; the payload is two pieces in a row. Gives its checksum.
  @inline(__always)
  static func encode(
    _ header: RecordHeader, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer, length: Int, at start: UnsafeMutableRawPointer
  ) -> UInt32 {
    assert(
      length == Self.length(id: id.count, payload: payload.count + more.count),
      "the caller knows its length")
    start.store(UInt64(0), at: length - 8)  // the padding; overwritten where it is not
    start.store(lsn: header.lsn, at: 8)
    start.store(header.time, at: 16)
    start.store(header.hash.high, at: 24)
    start.store(header.hash.low, at: 32)
    // Whole words: the checksum loads them next, and a load waits for pieces to reach the cache.
    start.store(
      UInt64(header.kind) | UInt64(header.status) << 8 | UInt64(header.previousStatus) << 16
        | UInt64(header.flags.rawValue) << 24
        | UInt64(UInt16(truncatingIfNeeded: id.count)) << 32 | UInt64(header.attempt) << 48,
      at: 40)
    start.store(UInt64(UInt32(truncatingIfNeeded: payload.count + more.count)), at: 48)
    start.store(lsn: header.previousLSN, at: 56)
    var end = append(id, at: start + Limits.recordHeaderBytes)
    end = append(payload, at: end)
    _ = append(more, at: end)
    let sum = checksum(start + 8, length - 8, seed: UInt32(truncatingIfNeeded: header.lsn.rawValue))
    start.store(UInt64(UInt32(truncatingIfNeeded: length)) | UInt64(sum) << 32, at: 0)
    return sum
  }

  @inline(__always)
  private static func append(
    _ piece: UnsafeRawBufferPointer, at end: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    guard let base = piece.baseAddress, piece.count > 0 else { return end }
    end.copyMemory(from: base, byteCount: piece.count)
    return end + piece.count
  }

  /// The record at `start`, of which `available` bytes are there, or nil when its lengths
  /// contradict each other. The checksum is `isIntact`'s business.
  @inline(__always)
  static func decode(_ start: UnsafeRawPointer, available: Int) -> RecordView? {
    guard available >= Limits.recordHeaderBytes else { return nil }
    let total = Int(start.integer(UInt32.self, at: 0))
    let idCount = Int(start.integer(UInt16.self, at: 44))
    let payloadCount = Int(start.integer(UInt32.self, at: 48))
    guard
      total <= available, total <= Limits.maxRecordBytes,
      total == length(id: idCount, payload: payloadCount)
    else { return nil }
    let body = start + Limits.recordHeaderBytes
    return RecordView(
      header: header(start),
      id: UnsafeRawBufferPointer(start: body, count: idCount),
      payload: UnsafeRawBufferPointer(start: body + idCount, count: payloadCount))
  }

  @inline(__always)
  static func header(_ start: UnsafeRawPointer) -> RecordHeader {
    RecordHeader(
      lsn: start.lsn(at: 8),
      kind: start.integer(at: 40),
      status: start.integer(at: 41),
      previousStatus: start.integer(at: 42),
      flags: RecordFlags(rawValue: start.integer(at: 43)),
      attempt: start.integer(at: 46),
      time: start.integer(at: 16),
      hash: EventHash(high: start.integer(at: 24), low: start.integer(at: 32)),
      previousLSN: start.lsn(at: 56))
  }

  /// Whether the record's own checksum holds; seeded with the LSN, so that bytes of another
  /// record at this place do not pass.
  static func isIntact(_ start: UnsafeRawPointer, lsn: LSN) -> Bool {
    let length = Int(start.integer(UInt32.self, at: 0))
    let sum = checksum(start + 8, length - 8, seed: UInt32(truncatingIfNeeded: lsn.rawValue))
    return sum == start.integer(at: 4)
  }
}
