/// Looks up hashes that ascend, as those of another table do. Where they stand close together the
/// pages are read in big pieces, each once; where they do not, one page is read for each.
final class TableSeeker {
  private let table: Table
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: TableSeeker.bufferPages * Table.pageBytes, alignment: Limits.blockBytes)
  private var first = 0
  private var count = 0
  /// Reads of the file so far.
  private(set) var reads = 0

  static let bufferPages = 32

  init(_ table: Table) { self.table = table }

  deinit { buffer.deallocate() }

  /// False only if the table has no record of the event.
  func mayFind(_ hash: EventHash) -> Bool {
    guard let filter = table.filter else { return true }
    return BlockedFilter.mayContain(filter.memory, filter.blocks, hash)
  }

  /// The event's entry; nil when no record of it is in the range. `hash` is not below the one
  /// before.
  func find(_ hash: EventHash) throws(EventLogError) -> TableEntry? {
    var page = table.page(of: hash)
    while page < table.fences.count, table.fences[page] <= hash.high {
      if let found = Table.find(hash, inPage: try start(of: page)) { return found }
      page += 1
    }
    return nil
  }

  private func start(of page: Int) throws(EventLogError) -> UnsafeRawPointer {
    assert(page >= 0 && page < table.header.pages, "the page is in the table")
    if page < first || page >= first + count {
      // Near to the last one: those between are likely to be asked for, too.
      let isNear = count > 0 && page >= first && page < first + count + Self.bufferPages
      let bytes = (isNear ? Self.bufferPages : 1) * Table.pageBytes
      count = 0
      count = try table.readPages(
        into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes]), from: page)
      first = page
      reads += 1
    }
    guard count > 0, let base = buffer.baseAddress else {
      preconditionFailure("a page that has a fence is there")
    }
    return UnsafeRawPointer(base + (page - first) * Table.pageBytes)
  }
}
