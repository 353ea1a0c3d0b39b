internal import LogSequence

/// Where the records of one sealed segment stand: the file offset of every eighth, in checksummed
/// blocks, behind a header that says what the scan of the segment found. Derived from the
/// segment. Byte table: FileFormat.md.
struct PositionTable: Equatable {
  static let magic: [UInt8] = [0x89, 0x45, 0x56, 0x50, 0x4F, 0x53, 0x0D, 0x0A]
  static let version: UInt16 = 1
  static let headerBytes = 4096
  static let blockBytes = 4096
  static let offsetsPerBlock = (blockBytes - 8) / 4

  var store: StoreID
  var range: SegmentRange
  /// How many offsets follow.
  var count: Int
  /// File offset of the segment's last frame, 0 when it has none.
  var lastFrame: Int64
  /// The latest time of a record, or 0; unix ns.
  var latest: Int64

  /// Of the first record whose offset is kept.
  var firstStride: UInt64 { range.firstLSN.strideAtOrAfter }

  /// The whole file.
  func encoded(_ offsets: [UInt32]) -> [UInt8] {
    assert(offsets.count == count, "each position is there")
    assert(zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 }, "in the order of the records")
    let blocks = (offsets.count + Self.offsetsPerBlock - 1) / Self.offsetsPerBlock
    var bytes = [UInt8](repeating: 0, count: Self.headerBytes + blocks * Self.blockBytes)
    bytes.replaceSubrange(0..<8, with: Self.magic)
    bytes.store(Self.version, at: 8)
    bytes.replaceSubrange(16..<32, with: store.bytes)
    bytes.store(range.first, at: 32)
    bytes.store(lsn: range.firstLSN, at: 40)
    bytes.store(lsn: range.end.lsn, at: 48)
    bytes.store(range.end.sequence, at: 56)
    bytes.store(range.end.chain, at: 64)
    bytes.store(UInt64(offsets.count), at: 72)
    bytes.store(lastFrame, at: 80)
    bytes.store(latest, at: 88)
    bytes.store(checksum(bytes[..<4092]), at: 4092)
    for (index, offset) in offsets.enumerated() {
      let block = index / Self.offsetsPerBlock
      let at = Self.headerBytes + block * Self.blockBytes + 8
      bytes.store(offset, at: at + index % Self.offsetsPerBlock * 4)
    }
    for block in 0..<blocks {
      let start = Self.headerBytes + block * Self.blockBytes
      let sum = bytes.withBytes { all -> UInt32 in
        guard let base = all.baseAddress else { return 0 }
        return (base + start).checksum(from: 4, to: Self.blockBytes, seed: UInt32(block))
      }
      bytes.store(sum, at: start)
    }
    return bytes
  }

  /// Nil when the file is missing, not whole, or of another history than `segment`.
  static func load(
    _ disk: any Disk, _ path: String, store: StoreID, _ range: SegmentRange
  ) -> PositionTable? {
    guard let file = try? DiskFile(disk, path, .read) else { return nil }
    defer { file.closeQuietly() }
    var bytes = [UInt8](repeating: 0, count: headerBytes)
    let got = try? bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: 0)
    }
    guard
      got == headerBytes, bytes.starts(with: magic),
      bytes.integer(UInt16.self, at: 8) == version,
      checksum(bytes[..<4092]) == bytes.integer(UInt32.self, at: 4092),
      Array(bytes[16..<32]) == store.bytes
    else { return nil }
    let end = ChainPoint(
      lsn: bytes.lsn(at: 48), sequence: bytes.integer(at: 56), chain: bytes.integer(at: 64))
    let found = SegmentRange(
      first: bytes.integer(at: 32), last: bytes.integer(at: 32),
      firstLSN: bytes.lsn(at: 40), end: end)
    let count = bytes.integer(UInt64.self, at: 72)
    guard found == range, count < 1 << 40 else { return nil }
    let table = PositionTable(
      store: store, range: found, count: Int(count), lastFrame: bytes.integer(at: 80),
      latest: bytes.integer(at: 88))
    return table.isPlausible ? table : nil
  }

  /// Whether there is one offset for every record whose number is a multiple of the stride, and
  /// the last frame lies in a segment.
  private var isPlausible: Bool {
    range.isInRange && UInt64(count) + firstStride == range.end.lsn.stride + 1
      && 0...Int64(Limits.maxSegmentBytes) ~= lastFrame
  }

  /// Whether there is an offset at or before `lsn`; else the segment's first frame is where to
  /// begin.
  func knows(_ lsn: LSN) -> Bool { lsn.stride >= firstStride && count > 0 }

  /// The file offset at which to begin looking for `lsn`; nil when the file, which should, does
  /// not say.
  func offset(of lsn: LSN, in file: DiskFile) -> Int64? {
    guard knows(lsn) else { return nil }
    let stride = lsn.stride
    let index = min(Int(stride - firstStride), count - 1)
    let block = index / Self.offsetsPerBlock
    var bytes = [UInt8](repeating: 0, count: Self.blockBytes)
    let got = try? bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: Int64(Self.headerBytes + block * Self.blockBytes))
    }
    let sum = bytes.withBytes { all -> UInt32 in
      all.baseAddress?.checksum(from: 4, to: Self.blockBytes, seed: UInt32(block)) ?? 0
    }
    guard got == Self.blockBytes, sum == bytes.integer(UInt32.self, at: 0) else { return nil }
    return Int64(bytes.integer(UInt32.self, at: 8 + index % Self.offsetsPerBlock * 4)) * 8
  }
}
