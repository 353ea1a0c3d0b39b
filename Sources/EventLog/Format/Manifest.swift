internal import LogSequence

/// The file MANIFEST: which segments there are, where the sealed ones end, and the writer's epoch.
/// Replaced whole (temporary file, fsync, rename, fsync of the directory). Byte table:
/// FileFormat.md.
struct Manifest: Equatable, Sendable {
  static let magic: [UInt8] = [0x89, 0x45, 0x56, 0x4D, 0x41, 0x4E, 0x0D, 0x0A]
  static let version: UInt16 = 1
  static let fileName = "MANIFEST"
  static let headerBytes = 96
  static let entryBytes = 64
  static let lineageOffset = 80
  static let maxBytes = 64 << 20

  var store: StoreID
  /// +1 with every replacement.
  var generation: UInt64
  /// +1 with every opening by a writer.
  var epoch: UInt64
  /// Whether the last writer closed the store; the last segment's end is then known exactly.
  var isClosed: Bool
  /// Which history of the store this is: 0, and higher for every restore and adoption. Bytes that
  /// a manifest of before has as zeros.
  var lineage: UInt64 = 0
  /// Where the log stood before the first segment listed: after the segments that retention
  /// removed, or at the beginning.
  var origin: ChainPoint
  /// In order; all but the last are sealed.
  var segments: [Segment]

  struct Segment: Equatable, Sendable {
    var id: UInt64
    var baseLSN: LSN
    var baseSequence: UInt64
    var epoch: UInt64
    /// Where the frames end, and with what: of a sealed segment, and of the last one of a
    /// closed store.
    var end: End?
  }

  struct End: Equatable, Sendable {
    /// File offset after the last frame.
    var offset: Int64
    var point: ChainPoint

    /// Whether a segment can be that long.
    var isInFile: Bool {
      Int64(Limits.segmentHeaderBytes)...Int64(Limits.maxSegmentBytes) ~= offset
    }
  }

  func encoded() -> [UInt8] {
    let total = Self.headerBytes + segments.count * Self.entryBytes + 4
    var bytes = [UInt8](repeating: 0, count: total)
    bytes.replaceSubrange(0..<8, with: Self.magic)
    bytes.store(Self.version, at: 8)
    bytes.store(UInt32(total), at: 12)
    bytes.replaceSubrange(16..<32, with: store.bytes)
    bytes.store(generation, at: 32)
    bytes.store(epoch, at: 40)
    bytes.store(UInt32(isClosed ? 1 : 0), at: 48)
    bytes.store(UInt32(segments.count), at: 52)
    bytes.store(lsn: origin.lsn, at: 56)
    bytes.store(origin.sequence, at: 64)
    bytes.store(origin.chain, at: 72)
    bytes.store(lineage, at: Self.lineageOffset)
    for (index, segment) in segments.enumerated() {
      segment.encode(into: &bytes, at: Self.headerBytes + index * Self.entryBytes)
    }
    bytes.store(checksum(bytes[..<(total - 4)]), at: total - 4)
    return bytes
  }
}

/// A place between two frames: what came last.
struct ChainPoint: Equatable, Sendable {
  /// LSN of the last record, 0 before the first.
  var lsn: LSN
  /// Sequence of the last frame, 0 before the first.
  var sequence: UInt64
  /// Chain value of the last frame.
  var chain: UInt32

  static let beginning = ChainPoint(lsn: 0, sequence: 0, chain: 0)
}
