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
      assert(start == count, "each entry is in a bucket")
    }
    join(&sorted)
    assert(zip(sorted, sorted.dropFirst()).allSatisfy { $0.hash < $1.hash }, "in order, once each")
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
