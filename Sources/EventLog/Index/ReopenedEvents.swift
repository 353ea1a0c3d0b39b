/// Records that tables do not know yet whose event has a record before them in a table: what the
/// tables say of these events is not the newest. Owner's thread only.
struct ReopenedEvents {
  private var list: [(lsn: UInt64, previous: UInt64)] = []
  /// What tables covered, and the first LSN that was appended when that was known here: from that
  /// one on no record of an event up to there was missed.
  private var watched: [(covered: UInt64, from: UInt64)] = []

  /// A record that continues an event; `covered`: what tables are known to cover.
  @inline(__always)
  mutating func note(lsn: UInt64, previous: UInt64, covered: UInt64) {
    if previous > 0, previous <= covered { list.append((lsn, previous)) }
  }

  /// Tables are known to cover more; `next` is appended next.
  mutating func see(covered: UInt64, next: UInt64) {
    if let first = list.first, first.lsn <= covered { list.removeAll { $0.lsn <= covered } }
    watched.append((covered, next))
    // Of those that tables have caught up with, the last says most.
    while watched.count > 1, watched[1].from <= covered + 1 { watched.removeFirst() }
  }

  /// Whether it is sure that no event whose newest record in the tables is at or before `lsn` has
  /// a newer one, given what they cover.
  func isUntouched(through lsn: UInt64, covered: UInt64) -> Bool {
    watched.contains { $0.covered >= lsn && $0.from <= covered + 1 }
      && !list.contains { $0.previous <= lsn }
  }
}
