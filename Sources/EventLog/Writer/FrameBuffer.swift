internal import CSystemCalls
internal import Glibc
internal import LogSequence

/// A frame being filled: room for the header, then records. Belongs to one thread at a time: the
/// engine's in mid-turn, else whoever holds the committer's lock, then the sync thread.
final class FrameBuffer {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var capacity: Int
  private(set) var payloadBytes = 0
  private(set) var recordCount = 0
  private(set) var firstLSN: LSN = 0
  /// Payload offsets in words of the records whose LSN is a multiple of the stride.
  private(set) var marks: [UInt32] = []
  /// CRC32C of the records so far.
  private var sum: UInt32 = 0

  var isEmpty: Bool { recordCount == 0 }
  var isStandard: Bool { capacity == Self.standardCapacity }
  var lastLSN: LSN { firstLSN.advanced(by: recordCount).previous }

  static let standardCapacity = capacity(payload: Limits.frameTargetBytes)

  /// `payload`: bytes of the longest payload it must take.
  init(payload: Int = Limits.frameTargetBytes) {
    capacity = Self.capacity(payload: payload)
    base = .allocate(byteCount: capacity, alignment: Limits.blockBytes)
    marks.reserveCapacity(64)
  }

  deinit { base.deallocate() }

  func removeAll() {
    payloadBytes = 0
    recordCount = 0
    sum = 0
    marks.removeAll(keepingCapacity: true)
  }

  /// Whether a record of `length` bytes still belongs into this frame.
  @inline(__always)
  func takes(_ length: Int, target: Int) -> Bool {
    payloadBytes + length <= target || (isEmpty && fits(length))
  }

  func fits(_ length: Int) -> Bool { Self.capacity(payload: payloadBytes + length) <= capacity }

  @inline(__always)
  func append(
    _ header: RecordHeader, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
    _ more: UnsafeRawBufferPointer, length: Int
  ) {
    assert(fits(length), "the frame has room for the record")
    assert(isEmpty || header.lsn == lastLSN.next, "LSNs have no gaps")
    let start = base + Limits.frameHeaderBytes + payloadBytes
    fetchAhead(start)
    let own = RecordCodec.encode(
      header, id: id, payload: payload, more, length: length, at: start)
    if recordCount == 0 { firstLSN = header.lsn }
    if header.lsn.isAtStride { marks.append(UInt32(payloadBytes / 8)) }
    recordCount += 1
    payloadBytes += length
    // The record's own checksum, begun with its LSN, is of all but its first eight bytes.
    sum = checksum(
      checksum(start, 8, seed: sum) ^ UInt32(truncatingIfNeeded: header.lsn.rawValue),
      followedBy: own, ofBytes: length - 8)
  }

  /// Fetches what the next records but a few will be written over: the sync thread read it last, on
  /// another core.
  @inline(__always)
  private func fetchAhead(_ start: UnsafeMutableRawPointer) {
    for line in 0..<4 { csystem_prefetch(start + Self.aheadBytes + line * 64) }
  }

  private static let aheadBytes = 1024

  /// Writes the header, clears the padding, and gives the bytes of the frame, with zeros up to the
  /// end of a block when it begins at `offset`: only then has the kernel no need to read the block
  /// from the disk first.
  func seal(
    _ header: inout FrameHeader, salt: FrameSalt, at offset: Int64
  ) -> UnsafeRawBufferPointer {
    header.payloadChecksum = checksum(
      salt.payload(sequence: header.sequence), followedBy: sum, ofBytes: payloadBytes)
    assert(header.payloadBytes == payloadBytes, "the header is this frame's")
    assert(header.recordCount == recordCount, "the header is this frame's")
    let end = Limits.frameHeaderBytes + payloadBytes
    let position = Int(offset) % Limits.blockBytes
    let written = roundUp(position + header.totalBytes, to: Limits.blockBytes) - position
    assert(written >= end && written <= capacity, "padding stays in the buffer")
    memset(base + end, 0, written - end)
    header.encode(at: base, salt: salt)
    return UnsafeRawBufferPointer(start: base, count: written)
  }

  private static func capacity(payload: Int) -> Int {
    roundUp(Limits.frameHeaderBytes + payload + Limits.frameAlignment, to: Limits.blockBytes)
      + Limits.blockBytes
  }
}
