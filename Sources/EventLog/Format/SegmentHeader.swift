internal import LogSequence

/// The first 4096 bytes of a segment. Byte table: FileFormat.md.
struct SegmentHeader: Equatable {
  static let magic: [UInt8] = [0x89, 0x45, 0x56, 0x53, 0x45, 0x47, 0x0D, 0x0A]
  /// 1: no frame has block padding.
  static let oldestVersion: UInt16 = 1
  static let version: UInt16 = 2
  /// As 2, and records may stand for some that are lost.
  static let salvagedVersion: UInt16 = 3

  var version = Self.version
  var store: StoreID
  var id: UInt64
  /// LSN of the first record that may stand here.
  var baseLSN: LSN
  var baseSequence: UInt64
  var epoch: UInt64
  var created: Int64
  var salt: UInt64
  /// Chain value of the last frame of the segment before.
  var previousChain: UInt32
  /// Size of the file.
  var fileBytes: Int64

  /// Whether frames may end where a block ends.
  var mayFillBlocks: Bool { version > Self.oldestVersion }

  var frameSalt: FrameSalt { FrameSalt(salt: salt, segment: id) }

  func encoded() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Limits.segmentHeaderBytes)
    bytes.replaceSubrange(0..<8, with: Self.magic)
    bytes.store(version, at: 8)
    bytes.store(UInt16(0), at: 10)
    bytes.store(UInt32(Limits.segmentHeaderBytes), at: 12)
    bytes.replaceSubrange(16..<32, with: store.bytes)
    bytes.store(id, at: 32)
    bytes.store(lsn: baseLSN, at: 40)
    bytes.store(baseSequence, at: 48)
    bytes.store(epoch, at: 56)
    bytes.store(created, at: 64)
    bytes.store(salt, at: 72)
    bytes.store(previousChain, at: 80)
    bytes.store(fileBytes, at: 88)
    bytes.store(UInt32(Limits.frameAlignment), at: 96)
    bytes.store(checksum(bytes[..<4092]), at: 4092)
    return bytes
  }

  static func decode(_ bytes: [UInt8], file: String) throws(EventLogError) -> SegmentHeader {
    guard bytes.count == Limits.segmentHeaderBytes, bytes.starts(with: magic) else {
      throw .damaged(file, 0, "the file does not begin with a segment header")
    }
    guard checksum(bytes[..<4092]) == bytes.integer(UInt32.self, at: 4092) else {
      throw .damaged(file, 0, "the checksum of the segment header does not hold")
    }
    let version: UInt16 = bytes.integer(at: 8)
    try checkVersion(version, expected: oldestVersion...salvagedVersion, file: file)
    let fileBytes: Int64 = bytes.integer(at: 88)
    guard Int64(Limits.segmentHeaderBytes)...Int64(Limits.maxSegmentBytes) ~= fileBytes else {
      throw .damaged(file, 88, "the segment says that it has \(fileBytes) bytes")
    }
    return SegmentHeader(
      version: version,
      store: StoreID(bytes: Array(bytes[16..<32])), id: bytes.integer(at: 32),
      baseLSN: bytes.lsn(at: 40), baseSequence: bytes.integer(at: 48),
      epoch: bytes.integer(at: 56), created: bytes.integer(at: 64), salt: bytes.integer(at: 72),
      previousChain: bytes.integer(at: 80), fileBytes: fileBytes)
  }

  static func fileName(_ id: UInt64) -> String { hexadecimal(id) + ".log" }

  /// The number in a segment's file name, or nil when it is not one.
  static func id(fileName: String) -> UInt64? {
    guard fileName.utf8.count == 20, fileName.hasSuffix(".log") else { return nil }
    guard let id = UInt64(fileName.dropLast(4), radix: 16), self.fileName(id) == fileName else {
      return nil
    }
    return id
  }
}

/// Says which version was found and which is understood.
func checkVersion(
  _ found: UInt16, expected: ClosedRange<UInt16>, file: String
) throws(EventLogError) {
  let (oldest, newest) = (expected.lowerBound, expected.upperBound)
  guard expected.contains(found) else {
    throw EventLogError(
      .unsupportedFormat,
      "the format version is \(found); this program reads "
        + (oldest == newest ? "\(newest)" : "\(oldest) to \(newest)"),
      advice: found > newest
        ? "A newer program wrote this store: run that one." : "Restore a file of this version.",
      file: file, offset: 8)
  }
}
