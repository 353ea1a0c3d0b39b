/// Records of segments that are not indexed yet whose event was final in an indexed one: what the
/// tables say of these events is not the newest. Few: late delivery logs and redrives.
struct ReopenedEvents {
  private var list: [(lsn: UInt64, previous: UInt64)] = []

  mutating func add(lsn: UInt64, previous: UInt64) { list.append((lsn, previous)) }

  /// The tables know up to `lsn` now.
  mutating func forget(through lsn: UInt64) {
    if let first = list.first, first.lsn <= lsn { list.removeAll { $0.lsn <= lsn } }
  }

  /// Whether an event whose newest record in the tables is at or before `lsn` has a newer one.
  func touches(through lsn: UInt64) -> Bool { list.contains { $0.previous <= lsn } }
}
