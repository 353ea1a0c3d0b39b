/// Brings the entries of a segment into the order of their hashes, one for each event.
enum EntrySorter {
  /// Sorts by counting the top 16 bits, then within those few that share them; then joins the
  /// entries of each event.
  static func sortAndJoin(_ entries: [TableEntry]) -> [TableEntry] {
    guard entries.count > 1 else { return entries }
    var ends = [Int](repeating: 0, count: 1 << 16)
    for entry in entries { ends[bucket(entry)] += 1 }
    var sum = 0
    for index in ends.indices {
      let count = ends[index]
      ends[index] = sum
      sum += count
    }
    var sorted = [TableEntry](unsafeUninitializedCapacity: entries.count) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      for entry in entries {
        let bucket = bucket(entry)
        (base + ends[bucket]).initialize(to: entry)
        ends[bucket] += 1
      }
      var start = 0
      for end in ends {
        sort(UnsafeMutableBufferPointer(rebasing: buffer[start..<end]))
        start = end
      }
      count = entries.count
    }
    join(&sorted)
    return sorted
  }

  @inline(__always)
  private static func bucket(_ entry: TableEntry) -> Int { Int(entry.hash.high >> 48) }

  /// Insertion for a few, which is the rule.
  private static func sort(_ all: UnsafeMutableBufferPointer<TableEntry>) {
    var part = all
    if part.count > 64 { return part.sort { $0.hash < $1.hash } }
    guard part.count > 1 else { return }
    for index in 1..<part.count {
      let entry = part[index]
      var at = index
      while at > 0, entry.hash < part[at - 1].hash {
        part[at] = part[at - 1]
        at -= 1
      }
      part[at] = entry
    }
  }

  private static func join(_ entries: inout [TableEntry]) {
    var last = 0
    for index in 1..<entries.count {
      if entries[index].hash == entries[last].hash {
        entries[last].absorb(entries[index])
      } else {
        last += 1
        entries[last] = entries[index]
      }
    }
    entries.removeLast(entries.count - last - 1)
  }
}

/// Gathers entries in any order and keeps one for each event, in the order of the hashes. Its
/// memory is in proportion to the events and not to their records: a full buffer is joined with
/// what there is.
struct EntryCollector {
  private var fresh: [TableEntry] = []
  private var joined: [TableEntry] = []

  private static let freshEntries = 1 << 16

  mutating func add(_ entry: TableEntry) {
    if fresh.count == Self.freshEntries { join() }
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
        buffer.initializeElement(at: count, to: entry)
        count += 1
      }
    }
  }
}
