internal import CSystemCalls
internal import LogSequence

/// The tables over all indexed segments, oldest first. Immutable: a merge makes a new set.
final class TableSet: @unchecked Sendable {
  // Sendable because it is immutable once made.
  let tables: [Table]
  /// The last LSN of the last segment that the tables cover.
  let coveredLSN: LSN
  private let filters: UnsafeMutablePointer<Filter>

  private struct Filter {
    let memory: UnsafeMutableRawPointer
    let blocks: Int
  }

  init(_ tables: [Table], coveredLSN: LSN) {
    self.tables = tables
    self.coveredLSN = coveredLSN
    filters = .allocate(capacity: max(1, tables.count))
    // The newest first: what comes again has mostly come lately.
    for (index, table) in tables.reversed().enumerated() {
      guard let filter = table.filter else { preconditionFailure("a table has a filter") }
      (filters + index).initialize(to: Filter(memory: filter.memory, blocks: filter.blocks))
    }
  }

  deinit { filters.deallocate() }

  /// Bytes of memory held by filters and fences.
  var memoryBytes: Int { tables.reduce(0) { $0 + $1.memoryBytes } }

  /// False only if no indexed segment has a record of the event.
  @inline(__always)
  func mayContain(_ hash: EventHash) -> Bool {
    for index in 0..<tables.count
    where BlockedFilter.mayContain(filters[index].memory, filters[index].blocks, hash) {
      return true
    }
    return false
  }

  /// Brings what `mayContain` looks at into the cache.
  @inline(__always)
  func prefetch(_ hash: EventHash) {
    for index in 0..<tables.count {
      csystem_prefetch(BlockedFilter.block(filters[index].memory, filters[index].blocks, hash))
    }
  }

  /// The tables whose filter lets the event pass, newest first.
  func suspects(_ hash: EventHash) -> [Table] {
    (0..<tables.count).compactMap { index in
      let filter = filters[index]
      return BlockedFilter.mayContain(filter.memory, filter.blocks, hash)
        ? tables[tables.count - 1 - index] : nil
    }
  }
}
