internal import CSystemCalls
internal import LogSequence

/// The newest record of every event, by the 64-bit fingerprint of its id, in about 20 to 24 bytes
/// an event.
///
/// 1024 sub-tables by the fingerprint's top bits, each open addressing with slots in fingerprint
/// order, grown in place by a fifth at 0.8 load: one growth goes through one sub-table in order,
/// some 0.1 ms at 10 M events, so no insertion stops the loop for milliseconds. Two ids may share
/// a fingerprint: `previous` tells their slots apart on update, and a reader compares the id in
/// the record.
final class EventIndex {
  static let tableBits: UInt64 = 10

  private(set) var count = 0
  private let tables: UnsafeMutablePointer<IndexTable>

  /// Address space of all tables side by side; nil where there is none to be had at once.
  private let space: UnsafeMutableRawPointer?
  /// Of each table: one that outgrows it, at 50 M events in all, moves to its own.
  private static let reservedPages = 256

  init() {
    space = csystem_reserve(Self.spaceBytes)
    tables = .allocate(capacity: Self.parts)
    for part in 0..<Self.parts {
      let start = space.map { $0 + part * Self.reservedPages * IndexTable.pageBytes }
      (tables + part).initialize(
        to: IndexTable(in: start, reservedPages: Self.reservedPages))
    }
  }

  deinit {
    for part in 0..<Self.parts { tables[part].free() }
    tables.deallocate()
    if let space { csystem_unmap(space, Self.spaceBytes) }
  }

  private static let spaceBytes = parts * reservedPages * IndexTable.pageBytes

  /// Bytes of memory held.
  var bytes: Int {
    var sum = Self.parts * MemoryLayout<IndexTable>.stride
    for part in 0..<Self.parts { sum += tables[part].bytes }
    return sum
  }

  /// Takes in events of one part, none of which is there yet. They may come in the order of
  /// their fingerprints: into a table that grows, that would be as slow as the square of them.
  func add(_ events: [(fingerprint: UInt64, value: IndexValue)]) {
    guard let first = events.first else { return }
    tables[Self.part(first.fingerprint)].reserve(events.count)
    for event in events {
      precondition(Self.part(event.fingerprint) == Self.part(first.fingerprint), "one part")
      tables[Self.part(event.fingerprint)].insert(event.fingerprint, event.value)
    }
    count += events.count
  }

  /// Which sub-table a fingerprint belongs to.
  @inline(__always)
  static func part(_ fingerprint: UInt64) -> Int { Int(fingerprint >> (64 - tableBits)) }

  /// What the index knew of an event before.
  enum Known: Equatable {
    /// It is new.
    case new
    case open
    case final
    /// It has a record before, and no slot holds that one.
    case unknown

    /// Whether the event was final: one that memory does not know is.
    var wasFinal: Bool { self == .final || self == .unknown }
  }

  /// Makes `value` the newest record of an event. `previous` is the LSN of the record before it,
  /// 0 for a new event.
  @inline(__always)
  func update(_ fingerprint: UInt64, previous: LSN, to value: IndexValue) -> Known {
    assert(previous < value.lsn, "an event's records come in LSN order")
    let table = tables + Self.part(fingerprint)
    if previous > 0,
      let before = table.pointee.replace(fingerprint, previous: previous, with: value)
    {
      return before.flags.contains(.final) ? .final : .open
    }
    table.pointee.insert(fingerprint, value)
    count += 1
    return previous == 0 ? .new : .unknown
  }

  /// How many parts `removeFinal` takes.
  static let parts = 1 << Int(tableBits)

  /// Forgets final events of one part whose newest record is at or before `lsn`: tables know
  /// them.
  func removeFinal(through lsn: LSN, part: Int) {
    count -= tables[part].removeFinal(through: lsn)
    assert(count >= 0, "each event is counted once")
  }

  /// Announces a lookup or update. Of a big index nearly every slot is a miss of the cache and
  /// of the address translation, which a batch can overlap.
  @inline(__always)
  func prefetch(_ fingerprint: UInt64) {
    tables[Self.part(fingerprint)].prefetch(fingerprint)
  }

  /// The first candidate; a record whose id is another's may hide the one that is meant.
  func first(_ fingerprint: UInt64) -> IndexValue? {
    var found: IndexValue?
    tables[Self.part(fingerprint)].forEach(fingerprint) { value in
      found = value
      return false
    }
    return found
  }

  /// Every slot with this fingerprint.
  func candidates(_ fingerprint: UInt64) -> [IndexValue] {
    var found: [IndexValue] = []
    tables[Self.part(fingerprint)].forEach(fingerprint) { value in
      found.append(value)
      return true
    }
    return found
  }
}

/// LSN (48 bits), status and flags of an event's newest record, in one word. Zero is "no entry".
struct IndexValue: Equatable {
  let word: UInt64

  @inline(__always)
  init(_ header: RecordHeader) {
    assert(header.lsn <= Limits.maxLSN, "an LSN has 48 bits")
    word =
      header.lsn.rawValue | UInt64(header.status) << 48 | UInt64(header.flags.rawValue) << 56
  }

  @inline(__always)
  init(word: UInt64) { self.word = word }

  var location: EventLocation { EventLocation(lsn: lsn, status: status, flags: flags) }
  var lsn: LSN { LSN(word & Limits.maxLSN.rawValue) }
  var status: UInt8 { UInt8(truncatingIfNeeded: word >> 48) }
  var flags: RecordFlags { RecordFlags(rawValue: UInt8(truncatingIfNeeded: word >> 56)) }
}
