internal import LogSequence

/// The entries of a table in the order of their hashes, one at a time; read in big pieces.
final class TableCursor {
  /// Nil at the end.
  private(set) var current: TableEntry?
  private let table: Table
  private let lsn: LSN
  private var last: EventHash?
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: TableCursor.bufferPages * Table.pageBytes, alignment: Limits.blockBytes)
  private var nextPage = 0
  private var pages = 0
  private var page = 0
  private var entry = 0
  private var entriesInPage = 0

  private static let bufferPages = 32

  /// Of the events that have a record behind `lsn`.
  init(_ table: Table, after lsn: LSN = 0) throws(EventLogError) {
    self.table = table
    self.lsn = lsn
    try advance()
  }

  deinit { buffer.deallocate() }

  func advance() throws(EventLogError) {
    while true {
      while entry == entriesInPage {
        guard try turnPage() else {
          current = nil
          return
        }
      }
      let number = nextPage - pages + page
      let found = try table.checked(
        TableEntry(at: pageStart + Table.pageHeaderBytes + entry * TableEntry.bytes), number)
      if let last, !(last < found.hash) { throw table.disordered(number) }
      last = found.hash
      entry += 1
      if found.value.lsn > lsn {
        current = found
        return
      }
    }
  }

  private func turnPage() throws(EventLogError) -> Bool {
    if page + 1 < pages {
      page += 1
    } else {
      pages = try table.readPages(into: buffer, from: nextPage)
      guard pages > 0 else { return false }
      nextPage += pages
      page = 0
    }
    entry = 0
    entriesInPage = Int(pageStart.integer(UInt16.self, at: 4))
    return true
  }

  private var pageStart: UnsafeRawPointer {
    guard let base = buffer.baseAddress else { preconditionFailure("the buffer has bytes") }
    return UnsafeRawPointer(base + page * Table.pageBytes)
  }
}

/// Several tables as one: of an event that is in more than one, what they say together.
struct EntryMerge {
  private var cursors: [TableCursor]

  init(_ cursors: [TableCursor]) { self.cursors = cursors.filter { $0.current != nil } }

  mutating func next() throws(EventLogError) -> TableEntry? {
    guard var merged = cursors.first?.current else { return nil }
    for index in 1..<cursors.count {
      if let entry = cursors[index].current, entry.hash < merged.hash { merged = entry }
    }
    assert(cursors.allSatisfy { $0.current != nil }, "who is at the end is gone")
    var isAtEnd = false
    for index in cursors.indices {
      guard let entry = cursors[index].current, entry.hash == merged.hash else { continue }
      merged.absorb(entry)
      try cursors[index].advance()
      if cursors[index].current == nil { isAtEnd = true }
    }
    if isAtEnd { cursors.removeAll { $0.current == nil } }
    return merged
  }
}
