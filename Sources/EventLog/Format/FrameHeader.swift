internal import LogSequence

/// The 64 bytes before every frame's payload. Byte table: FileFormat.md.
struct FrameHeader: Equatable {
  /// "EFRM", read as a little-endian integer: larger than any record's length, never zero.
  static let magic: UInt32 = 0x4D52_4645
  static let version: UInt8 = 1

  enum Kind: UInt8 {
    case data = 1
    /// Nothing but a successor: proves that the frame before it was durable.
    case confirm = 2
    /// The first frame a writer writes after opening the store.
    case epoch = 3
  }

  var kind: Kind
  var payloadBytes: Int
  var recordCount: Int
  /// LSN of the first record; of the next record where there is none.
  var firstLSN: LSN
  var sequence: UInt64
  var epoch: UInt64
  var time: Int64
  var previousChain: UInt32
  var payloadChecksum: UInt32
  /// Zeros behind the padding to a multiple of the frame alignment, up to the end of a block.
  var blockPadding = 0
  /// The header's own checksum, which is the chain value that the next frame carries.
  var chain: UInt32 = 0

  /// Bytes of the frame on disk, with header and padding.
  var totalBytes: Int {
    roundUp(Limits.frameHeaderBytes + payloadBytes, to: Limits.frameAlignment) + blockPadding
  }

  /// Whether its numbers are such as a log counts to, so that what is counted on from them does not
  /// overflow. A checksum that holds does not say so.
  var isInRange: Bool {
    1...Limits.maxLSN.next ~= firstLSN && recordCount <= payloadBytes / Limits.recordHeaderBytes
      && recordCount <= firstLSN.distance(to: Limits.maxLSN.next)
      && 1...Limits.maxCounter ~= sequence && epoch <= Limits.maxCounter
  }

  /// Lets the frame, which begins at `offset`, end where a block ends.
  mutating func fillBlock(at offset: Int64) {
    blockPadding = 0
    assert(offset >= 0, "a place in a file")
    let end = Int(offset) + totalBytes
    blockPadding = roundUp(end, to: Limits.blockBytes) - end
  }

  /// Writes the header before the payload and keeps its checksum as `chain`.
  mutating func encode(at start: UnsafeMutableRawPointer, salt: FrameSalt) {
    assert(isInRange && blockPadding < Limits.blockBytes, "what is written can be read")
    start.store(Self.magic, at: 0)
    start.store(Self.version, at: 4)
    start.store(kind.rawValue, at: 5)
    start.store(UInt16(0), at: 6)
    start.store(UInt32(payloadBytes), at: 8)
    start.store(UInt32(recordCount), at: 12)
    start.store(lsn: firstLSN, at: 16)
    start.store(sequence, at: 24)
    start.store(epoch, at: 32)
    start.store(time, at: 40)
    start.store(previousChain, at: 48)
    start.store(payloadChecksum, at: 52)
    start.store(UInt32(blockPadding), at: 56)
    chain = checksum(start, 60, seed: salt.header)
    start.store(chain, at: 60)
  }

  /// The header at `start`, or nil when it is not one of this segment. Nothing in it may be
  /// believed before this checksum held, and nothing counted with before `isInRange`.
  static func decode(_ start: UnsafeRawPointer, salt: FrameSalt) -> FrameHeader? {
    guard
      start.integer(UInt32.self, at: 0) == magic,
      start.integer(UInt32.self, at: 60) == checksum(start, 60, seed: salt.header),
      start.integer(UInt8.self, at: 4) == version,
      let kind = Kind(rawValue: start.integer(at: 5)),
      start.integer(UInt16.self, at: 6) == 0
    else { return nil }
    let payload = Int(start.integer(UInt32.self, at: 8))
    let padding = Int(start.integer(UInt32.self, at: 56))
    guard
      payload <= Limits.maxFramePayloadBytes, padding < Limits.blockBytes,
      padding % Limits.frameAlignment == 0
    else { return nil }
    return FrameHeader(
      kind: kind, payloadBytes: payload,
      recordCount: Int(start.integer(UInt32.self, at: 12)),
      firstLSN: start.lsn(at: 16), sequence: start.integer(at: 24),
      epoch: start.integer(at: 32), time: start.integer(at: 40),
      previousChain: start.integer(at: 48), payloadChecksum: start.integer(at: 52),
      blockPadding: padding, chain: start.integer(at: 60))
  }
}

/// Random per segment: bytes of another segment, of another store, or an image of a frame inside
/// a payload do not pass as a frame of this one.
struct FrameSalt: Equatable {
  let salt: UInt64
  let segment: UInt64

  var header: UInt32 { UInt32(truncatingIfNeeded: (salt >> 32) ^ segment) }

  func payload(sequence: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: salt ^ sequence) }
}
