internal import LogSequence

/// The first 4096 bytes of a table or of the checkpoint. Byte table: FileFormat.md.
struct TableHeader: Equatable {
  static let magic: [UInt8] = [0x89, 0x45, 0x56, 0x54, 0x42, 0x4C, 0x0D, 0x0A]
  static let version: UInt16 = 1
  static let bytes = 4096
  private static let newestAt = 1024

  enum Kind: UInt8 {
    /// Every event with a record in the range, with a filter.
    case table = 1
    /// The open events at the end of the range, and no filter.
    case checkpoint = 2
  }

  var kind: Kind
  var store: StoreID
  /// The tier it was written for, of no meaning to a reader; earlier programs counted merges.
  var level: UInt8
  var range: SegmentRange
  /// Of the newest record in the range that is no event's, by its kind; 0 for none.
  var newestOfKind = [LSN](repeating: 0, count: 256)
  var entries = 0
  var pages = 0
  var filterBlocks = 0
  var fencesChecksum: UInt32 = 0
  var filterChecksum: UInt32 = 0

  var fencesOffset: Int64 { Int64(Self.bytes + pages * Table.pageBytes) }
  var filterOffset: Int64 {
    fencesOffset + Int64(roundUp(pages * 8, to: Limits.blockBytes))
  }
  var fileBytes: Int64 { filterOffset + Int64(filterBlocks * BlockedFilter.blockBytes) }

  func encoded() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.bytes)
    bytes.replaceSubrange(0..<8, with: Self.magic)
    bytes.store(Self.version, at: 8)
    bytes.store(kind.rawValue, at: 10)
    bytes.store(level, at: 11)
    bytes.store(UInt32(Self.bytes), at: 12)
    bytes.replaceSubrange(16..<32, with: store.bytes)
    bytes.store(range.first, at: 32)
    bytes.store(range.last, at: 40)
    bytes.store(lsn: range.firstLSN, at: 48)
    bytes.store(lsn: range.end.lsn, at: 56)
    bytes.store(range.end.sequence, at: 64)
    bytes.store(range.end.chain, at: 72)
    bytes.store(UInt64(entries), at: 80)
    bytes.store(UInt64(pages), at: 88)
    bytes.store(UInt64(filterBlocks), at: 96)
    bytes.store(fencesChecksum, at: 104)
    bytes.store(filterChecksum, at: 108)
    for (kind, lsn) in newestOfKind.enumerated() {
      bytes.store(lsn: lsn, at: Self.newestAt + kind * 8)
    }
    bytes.store(checksum(bytes[..<4092]), at: 4092)
    return bytes
  }

  /// Nil when the bytes are not the whole header of such a file of this store.
  static func decode(_ bytes: [UInt8], store: StoreID) -> TableHeader? {
    guard
      bytes.count == Self.bytes, bytes.starts(with: magic),
      bytes.integer(UInt16.self, at: 8) == version,
      checksum(bytes[..<4092]) == bytes.integer(UInt32.self, at: 4092),
      Array(bytes[16..<32]) == store.bytes, let kind = Kind(rawValue: bytes[10])
    else { return nil }
    let range = SegmentRange(
      first: bytes.integer(at: 32), last: bytes.integer(at: 40),
      firstLSN: bytes.lsn(at: 48),
      end: ChainPoint(
        lsn: bytes.lsn(at: 56), sequence: bytes.integer(at: 64),
        chain: bytes.integer(at: 72)))
    var header = TableHeader(kind: kind, store: store, level: bytes[11], range: range)
    let counts = [80, 88, 96].map { bytes.integer(UInt64.self, at: $0) }
    guard counts.allSatisfy({ $0 < 1 << 40 }) else { return nil }
    header.entries = Int(counts[0])
    header.pages = Int(counts[1])
    header.filterBlocks = Int(counts[2])
    header.fencesChecksum = bytes.integer(at: 104)
    header.filterChecksum = bytes.integer(at: 108)
    for kind in 0..<256 { header.newestOfKind[kind] = bytes.lsn(at: newestAt + kind * 8) }
    return header.isPlausible ? header : nil
  }

  /// Whether its numbers fit each other: memory is taken by them. How many bytes they say the file
  /// has is compared when it is opened.
  private var isPlausible: Bool {
    range.isInRange && entries <= pages * Table.entriesPerPage
      && (kind == .table) == (filterBlocks > 0)
      && newestOfKind.allSatisfy { $0 <= range.end.lsn }
  }
}

/// Segments in a row, and where the log stood after them: what a derived file was made from.
/// The chain value tells one history from another.
struct SegmentRange: Equatable, Sendable {
  var first: UInt64
  var last: UInt64
  var firstLSN: LSN
  var end: ChainPoint

  init(first: UInt64, last: UInt64, firstLSN: LSN, end: ChainPoint) {
    self.first = first
    self.last = last
    self.firstLSN = firstLSN
    self.end = end
  }

  /// Whether a log counts so far, and the end lies behind the beginning.
  var isInRange: Bool {
    first <= last && last <= Limits.maxCounter && 1...Limits.maxLSN.next ~= firstLSN
      && firstLSN.previous...Limits.maxLSN ~= end.lsn && end.sequence <= Limits.maxCounter
  }

  /// One sealed segment.
  init?(_ segment: Manifest.Segment) {
    guard let end = segment.end else { return nil }
    self.init(
      first: segment.id, last: segment.id, firstLSN: segment.baseLSN, end: end.point)
  }
}
