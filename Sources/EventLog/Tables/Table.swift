/// An immutable file of entries in the order of their hashes, in checksummed pages, with the first
/// hash of each page and a filter in memory (2 bytes an event, and 8 a page of 127).
///
/// Derived from sealed segments: it may be removed or damaged, and is made again.
final class Table: @unchecked Sendable {
  // Sendable because it is immutable: positional reads of an immutable file.
  static let pageBytes = 4096
  static let pageHeaderBytes = 16
  static let entriesPerPage = (pageBytes - pageHeaderBytes) / TableEntry.bytes

  let header: TableHeader
  let file: DiskFile
  let fences: [UInt64]
  let filter: BlockedFilter?

  var range: SegmentRange { header.range }
  var memoryBytes: Int { fences.count * 8 + (filter?.bytes ?? 0) }

  init(_ header: TableHeader, _ file: DiskFile, fences: [UInt64], filter: BlockedFilter?) {
    self.header = header
    self.file = file
    self.fences = fences
    self.filter = filter
  }

  deinit { file.closeQuietly() }

  /// The table in a file; nil when there is none or it is not whole. Its pages are verified when
  /// they are read. Without its filter it answers the same, and cannot be asked in vain cheaply.
  static func load(
    _ disk: any Disk, _ path: String, store: StoreID, hasFilter: Bool = true
  ) -> Table? {
    guard let file = try? DiskFile(disk, path, .read) else { return nil }
    guard let table = try? load(file, store, hasFilter) else {
      file.closeQuietly()
      return nil
    }
    return table
  }

  private static func load(
    _ file: DiskFile, _ store: StoreID, _ hasFilter: Bool
  ) throws(EventLogError) -> Table? {
    var bytes = [UInt8](repeating: 0, count: TableHeader.bytes)
    let count = try bytes.withMutableBytes { (buffer) throws(EventLogError) in
      try file.read(into: buffer, at: 0)
    }
    guard
      count == bytes.count, let header = TableHeader.decode(bytes, store: store),
      try file.size() == header.fileBytes
    else { return nil }
    var fences = [UInt64](repeating: 0, count: header.pages)
    var isWhole = true
    if header.pages > 0 {
      var raw = [UInt8](repeating: 0, count: header.pages * 8)
      let got = try raw.withMutableBytes { (buffer) throws(EventLogError) in
        try file.read(into: buffer, at: header.fencesOffset)
      }
      isWhole = got == raw.count && checksum(raw[...]) == header.fencesChecksum
      for page in fences.indices { fences[page] = raw.integer(at: page * 8) }
    }
    var filter: BlockedFilter?
    if isWhole, hasFilter, header.filterBlocks > 0 {
      let loaded = BlockedFilter(blocks: header.filterBlocks)
      let memory = UnsafeMutableRawBufferPointer(start: loaded.memory, count: loaded.bytes)
      let got = try file.read(into: memory, at: header.filterOffset)
      isWhole =
        got == loaded.bytes && checksum(loaded.memory, loaded.bytes) == header.filterChecksum
      filter = loaded
    }
    return isWhole ? Table(header, file, fences: fences, filter: filter) : nil
  }

  /// The event's entry; nil when no record of it is in the range. Reads one page, seldom two.
  func find(_ hash: EventHash) throws(EventLogError) -> TableEntry? {
    var page = page(of: hash)
    var bytes = [UInt8](repeating: 0, count: Self.pageBytes)
    while page < fences.count, fences[page] <= hash.high {
      let found = try bytes.withMutableBytes { (buffer) throws(EventLogError) -> TableEntry? in
        let count = try readPages(into: buffer, from: page)
        guard count == 1, let base = buffer.baseAddress else { throw damaged(page) }
        return Self.find(hash, inPage: UnsafeRawPointer(base))
      }
      if let found { return try checked(found, page) }
      page += 1
    }
    return nil
  }

  /// The page to begin at: the event's entry is in this one, or in one of those behind it that
  /// begin with the same bits.
  func page(of hash: EventHash) -> Int { max(0, firstPage(notBefore: hash.high) - 1) }

  /// The number of the first page that begins at or behind `high`.
  private func firstPage(notBefore high: UInt64) -> Int {
    var low = 0
    var end = fences.count
    while low < end {
      let middle = (low + end) / 2
      if fences[middle] < high { low = middle + 1 } else { end = middle }
    }
    return low
  }

  static func find(_ hash: EventHash, inPage page: UnsafeRawPointer) -> TableEntry? {
    var low = 0
    var end = Int(page.integer(UInt16.self, at: 4))
    while low < end {
      let middle = (low + end) / 2
      let entry = TableEntry(at: page + pageHeaderBytes + middle * TableEntry.bytes)
      if entry.hash == hash { return entry }
      if entry.hash < hash { low = middle + 1 } else { end = middle }
    }
    return nil
  }

  /// Whole verified pages from `page` on into `buffer`; how many.
  func readPages(into buffer: UnsafeMutableRawBufferPointer, from page: Int)
    throws(EventLogError) -> Int
  {
    let wanted = min(buffer.count / Self.pageBytes, header.pages - page)
    guard wanted > 0, let base = buffer.baseAddress else { return 0 }
    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(wanted * Self.pageBytes)])
    let offset = Int64(TableHeader.bytes + page * Self.pageBytes)
    guard try file.read(into: part, at: offset) == part.count else { throw damaged(page) }
    for index in 0..<wanted {
      let start = UnsafeRawPointer(base + index * Self.pageBytes)
      let sum = Self.pageSum(page + index, at: start)
      guard
        start.integer(UInt32.self, at: 0) == sum,
        start.integer(UInt16.self, at: 4) <= Self.entriesPerPage
      else { throw damaged(page + index) }
    }
    return wanted
  }

  static func pageSum(_ page: Int, at start: UnsafeRawPointer) -> UInt32 {
    start.checksum(from: 4, to: pageBytes, seed: UInt32(truncatingIfNeeded: page))
  }

  /// An entry that names a record behind the table's end would send a reader out of the log.
  func checked(_ entry: TableEntry, _ page: Int) throws(EventLogError) -> TableEntry {
    guard entry.value.lsn <= range.end.lsn, entry.base <= range.end.lsn else {
      throw damaged(page, "page \(page) names a record that is not in the table's segments")
    }
    return entry
  }

  /// A table that is made of entries in no order finds none of them.
  func disordered(_ page: Int) -> EventLogError {
    damaged(page, "an entry on page \(page) does not stand behind the one before")
  }

  private func damaged(_ page: Int, _ found: String? = nil) -> EventLogError {
    .derived(
      file.path, Int64(TableHeader.bytes + page * Self.pageBytes),
      found ?? "the checksum of page \(page) does not hold")
  }
}
