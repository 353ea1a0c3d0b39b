import Messages

/// The delivery logs of an event's present attempt whose `occurredAt` lay in the future when they
/// came. Each counts from its first arrival, so one that comes again has to be known, whatever was
/// recorded since: their own times and outcomes stand in every record of the event.
///
/// The newest four are kept. One that comes again after four others counts as new.
package struct FutureLogs: Sendable, Equatable {
  /// Whether the time that the event's status counts from is the arrival of one of them.
  package var decides = false
  /// Newest first; 0 for none. An entry is the log's own time in nanoseconds with its outcome's
  /// rank in the lowest two bits: a time that is less than four nanoseconds away is the same.
  private var entries = SIMD4<Int64>.zero

  static let most = 4

  package init() {}

  package var count: Int {
    entries[0] == 0 ? 0 : (0..<Self.most).count(where: { entries[$0] != 0 })
  }

  mutating func add(_ occurredAt: Timestamp, _ outcome: Status) {
    entries = SIMD4(Self.entry(occurredAt, outcome), entries[0], entries[1], entries[2])
  }

  func contains(_ occurredAt: Timestamp, _ outcome: Status) -> Bool {
    guard entries[0] != 0 else { return false }
    let entry = Self.entry(occurredAt, outcome)
    return (0..<Self.most).contains { entries[$0] == entry }
  }

  private static func entry(_ occurredAt: Timestamp, _ outcome: Status) -> Int64 {
    occurredAt.nanoseconds & ~3 | Int64(outcome.logRank)
  }
}

/// In a record: the entries as they are, newest first, eight bytes each.
extension FutureLogs {
  static let mostBytes = most * 8

  /// Nil when there are more of them than this program keeps: a newer one wrote the record.
  init?(_ bytes: UnsafeRawBufferPointer, decides: Bool) {
    assert(bytes.count % 8 == 0, "entries have eight bytes")
    guard bytes.count <= Self.mostBytes else { return nil }
    self.decides = decides
    for index in 0..<bytes.count / 8 {
      entries[index] = Int64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: Int64.self))
    }
  }

  func write(to bytes: inout [UInt8]) {
    for index in 0..<count {
      withUnsafeBytes(of: entries[index].littleEndian) { bytes.append(contentsOf: $0) }
    }
  }
}
