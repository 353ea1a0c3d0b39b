/// Entries in the order of their hashes, one at a time.
protocol EntrySource: AnyObject {
  /// Nil at the end.
  var current: TableEntry? { get }
  func advance() throws(EventLogError)
}

/// The entries of a table, read in big pieces.
final class TableCursor: EntrySource {
  private(set) var current: TableEntry?
  private let table: Table
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: TableCursor.bufferPages * Table.pageBytes, alignment: Limits.blockBytes)
  private var nextPage = 0
  private var pages = 0
  private var page = 0
  private var entry = 0
  private var entriesInPage = 0

  private static let bufferPages = 32

  init(_ table: Table) throws(EventLogError) {
    self.table = table
    try advance()
  }

  deinit { buffer.deallocate() }

  func advance() throws(EventLogError) {
    while entry == entriesInPage {
      if page + 1 < pages {
        page += 1
      } else {
        pages = try table.readPages(into: buffer, from: nextPage)
        guard pages > 0 else {
          current = nil
          return
        }
        nextPage += pages
        page = 0
      }
      entry = 0
      entriesInPage = Int(pageStart.integer(UInt16.self, at: 4))
    }
    current = TableEntry(at: pageStart + Table.pageHeaderBytes + entry * TableEntry.bytes)
    entry += 1
  }

  private var pageStart: UnsafeRawPointer {
    guard let base = buffer.baseAddress else { preconditionFailure("the buffer has bytes") }
    return UnsafeRawPointer(base + page * Table.pageBytes)
  }
}

/// Entries in memory.
final class ArrayCursor: EntrySource {
  private let entries: [TableEntry]
  private var next = 0

  /// `entries` in order.
  init(_ entries: [TableEntry]) { self.entries = entries }

  var current: TableEntry? { next < entries.count ? entries[next] : nil }

  func advance() { next += 1 }
}

/// Several sources as one: of an event that is in more than one, what they say together.
struct EntryMerge {
  private let sources: [any EntrySource]

  init(_ sources: [any EntrySource]) { self.sources = sources }

  mutating func next() throws(EventLogError) -> TableEntry? {
    var least: TableEntry?
    for source in sources {
      guard let entry = source.current else { continue }
      if let other = least, !(entry.hash < other.hash) { continue }
      least = entry
    }
    guard var merged = least else { return nil }
    for source in sources {
      guard let entry = source.current, entry.hash == merged.hash else { continue }
      merged.absorb(entry)
      try source.advance()
    }
    return merged
  }
}
