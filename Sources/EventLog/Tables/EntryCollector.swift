/// Gathers entries in any order and keeps one for each event, in the order of the hashes. Its
/// memory is in proportion to the events and not to their records: a full buffer is joined with
/// what there is.
struct EntryCollector {
  private var fresh: [TableEntry] = []
  private var joined: [TableEntry] = []

  private static let freshEntries = 1 << 16

  mutating func add(_ entry: TableEntry) {
    if fresh.count >= max(Self.freshEntries, joined.count / 2) { join() }
    if fresh.isEmpty { fresh.reserveCapacity(Self.freshEntries) }
    fresh.append(entry)
  }

  /// What was gathered; leaves nothing behind.
  mutating func finish() -> [TableEntry] {
    join()
    defer { self = EntryCollector() }
    return joined
  }

  private mutating func join() {
    let sorted = EntrySorter.sortAndJoin(fresh)
    fresh.removeAll(keepingCapacity: true)
    joined = joined.isEmpty ? sorted : Self.merged(joined, sorted)
  }

  private static func merged(_ first: [TableEntry], _ second: [TableEntry]) -> [TableEntry] {
    [TableEntry](unsafeUninitializedCapacity: first.count + second.count) { buffer, count in
      var (a, b) = (0, 0)
      while a < first.count || b < second.count {
        let takesFirst = b == second.count || (a < first.count && !(second[b].hash < first[a].hash))
        var entry = takesFirst ? first[a] : second[b]
        if takesFirst {
          a += 1
          if b < second.count, second[b].hash == entry.hash {
            entry.absorb(second[b])
            b += 1
          }
        } else {
          b += 1
        }
        assert(count == 0 || buffer[count - 1].hash < entry.hash, "entries are in order, once each")
        buffer.initializeElement(at: count, to: entry)
        count += 1
      }
    }
  }
}
