internal import LogSequence

/// What a table says of one event: the newest of its records in the table's range of LSNs.
/// 32 bytes on disk and in memory. Byte table: FileFormat.md.
struct TableEntry: Equatable {
  static let bytes = 32

  /// The whole hash of the id: at 128 bits it stands for the event.
  var hash: EventHash
  /// LSN, status and flags of the newest record in the range.
  var value: IndexValue
  /// LSN of the newest record in the range that needs no record before it (`isBase`); 0 when
  /// there is none.
  var base: LSN

  init(_ header: RecordHeader) {
    hash = header.hash
    value = IndexValue(header)
    base = header.isBase ? header.lsn : 0
  }

  init(at start: UnsafeRawPointer) {
    hash = EventHash(high: start.integer(at: 0), low: start.integer(at: 8))
    value = IndexValue(word: start.integer(at: 16))
    base = start.lsn(at: 24)
  }

  @inline(__always)
  func encode(at start: UnsafeMutableRawPointer) {
    start.store(hash.high, at: 0)
    start.store(hash.low, at: 8)
    start.store(value.word, at: 16)
    start.store(lsn: base, at: 24)
  }

  var isOpen: Bool { !value.flags.contains(.final) }

  /// What is known of the event once `other`, of the same event, is known too.
  @inline(__always)
  mutating func absorb(_ other: TableEntry) {
    assert(other.hash == hash, "both are of one event")
    if other.value.lsn > value.lsn { value = other.value }
    base = max(base, other.base)
  }
}

extension EventHash {
  /// The order of entries in a table.
  @inline(__always)
  static func < (a: EventHash, b: EventHash) -> Bool {
    a.high != b.high ? a.high < b.high : a.low < b.low
  }
}

extension RecordHeader {
  /// Whether what came before this record of its event is not needed any more.
  @inline(__always)
  var isBase: Bool { previousLSN == 0 || flags.contains(.base) }
}
