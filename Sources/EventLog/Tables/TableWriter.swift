/// Writes a table or checkpoint: entries in order, into a temporary file that gets its name when
/// all of it is durable.
final class TableWriter {
  private let disk: any Disk
  private let file: DiskFile
  private let pace: (Int) throws(EventLogError) -> Void
  private var header: TableHeader
  private var fences: [UInt64] = []
  private let filter: BlockedFilter?
  private let buffer = UnsafeMutableRawPointer.allocate(
    byteCount: TableWriter.bufferPages * Table.pageBytes, alignment: Limits.blockBytes)
  private var bufferedPages = 0
  private var pageEntries = 0
  private var last: EventHash?
  private var offset = Int64(TableHeader.bytes)
  private var unsynced = 0
  private var isFinished = false

  private static let bufferPages = 64
  /// Synced this often, so that the next commit's sync never finds a pile of dirty pages.
  private static let syncBytes = 4 << 20

  /// `keys`: at least as many as will be added; sizes the filter of a table.
  /// `pace`: called after so many bytes were written; waits, or throws to give up.
  init(
    _ disk: any Disk, _ path: String, _ header: TableHeader, keys: Int,
    pace: @escaping (Int) throws(EventLogError) -> Void
  ) throws(EventLogError) {
    self.disk = disk
    self.header = header
    self.pace = pace
    filter =
      header.kind == .table ? BlockedFilter(blocks: BlockedFilter.blocks(keys: keys)) : nil
    file = try DiskFile(disk, path, .replace, creating: true)
  }

  deinit {
    buffer.deallocate()
    file.closeQuietly()
    // Given up: its blocks are wanted back, whatever it was that went wrong.
    if !isFinished { try? disk.remove(file.path) }
  }

  func add(_ entry: TableEntry) throws(EventLogError) {
    assert(!isFinished, "a table that has its name does not change")
    assert(last.map { $0 < entry.hash } ?? true, "entries come in order, once each")
    last = entry.hash
    if pageEntries == Table.entriesPerPage { try closePage() }
    if pageEntries == 0 { fences.append(entry.hash.high) }
    let page = buffer + bufferedPages * Table.pageBytes
    entry.encode(at: page + Table.pageHeaderBytes + pageEntries * TableEntry.bytes)
    filter?.insert(entry.hash)
    pageEntries += 1
    header.entries += 1
  }

  private func closePage() throws(EventLogError) {
    guard pageEntries > 0 else { return }
    let page = buffer + bufferedPages * Table.pageBytes
    let end = Table.pageHeaderBytes + pageEntries * TableEntry.bytes
    page.store(UInt16(pageEntries), at: 4)
    for at in stride(from: 6, to: Table.pageHeaderBytes, by: 2) { page.store(UInt16(0), at: at) }
    (page + end).initializeMemory(as: UInt8.self, repeating: 0, count: Table.pageBytes - end)
    page.store(Table.pageSum(header.pages, at: page), at: 0)
    header.pages += 1
    pageEntries = 0
    bufferedPages += 1
    if bufferedPages == Self.bufferPages { try flushPages() }
  }

  private func flushPages() throws(EventLogError) {
    assert(bufferedPages <= Self.bufferPages, "pages stay in the buffer")
    let count = bufferedPages * Table.pageBytes
    bufferedPages = 0
    try write(UnsafeRawBufferPointer(start: buffer, count: count))
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(EventLogError) {
    guard bytes.count > 0 else { return }
    assert(offset >= Int64(TableHeader.bytes), "the header comes last")
    try file.write(bytes, at: offset)
    offset += Int64(bytes.count)
    unsynced += bytes.count
    if unsynced >= Self.syncBytes {
      try file.syncData()
      unsynced = 0
    }
    try pace(bytes.count)
  }

  /// Makes the file durable under `path` and opens it.
  func finish(as path: String, in directory: String) throws(EventLogError) -> Table {
    try closePage()
    try flushPages()
    assert(fences.count == header.pages, "each page has a fence")
    var raw = [UInt8](repeating: 0, count: roundUp(fences.count * 8, to: Limits.blockBytes))
    for (page, fence) in fences.enumerated() { raw.store(fence, at: page * 8) }
    header.fencesChecksum = checksum(raw[..<(fences.count * 8)])
    try raw.withBytes { (bytes) throws(EventLogError) in try write(bytes) }
    if let filter {
      header.filterBlocks = filter.blocks
      header.filterChecksum = checksum(filter.memory, filter.bytes)
      let all = UnsafeRawBufferPointer(start: filter.memory, count: filter.bytes)
      for start in stride(from: 0, to: all.count, by: Self.syncBytes) {
        let end = min(start + Self.syncBytes, all.count)
        try write(UnsafeRawBufferPointer(rebasing: all[start..<end]))
      }
    }
    try header.encoded().withBytes { (bytes) throws(EventLogError) in
      try file.write(bytes, at: 0)
    }
    try file.syncAll()
    isFinished = true
    try disk.renameDurably(file.path, to: path, in: directory)
    return Table(header, try DiskFile(disk, path, .read), fences: fences, filter: filter)
  }
}
