internal import LogSequence

/// Every event with its whole history, in bounded memory: records of one event lie scattered over
/// the log, so they are first dealt out by the hash of their id into parts that fit in memory.
///
/// Cost: a log that fits the budget is read once. A larger one is read once, its event records are
/// written once to files in `scratch` (without names, so that none is left behind) and read back
/// once: twice its bytes of reading, once of writing, and as much disk space as it has records.
/// Events come part by part, within a part in the order of their first records.
package struct EventGrouping {
  private let reader: EventLogReader
  private let scratch: String
  private let budgetBytes: Int

  /// Parts are open files while they are written.
  private static let maxParts = 256

  /// - Parameters:
  ///   - scratch: an existing directory for the files of a log that exceeds the budget.
  ///   - budgetBytes: about the memory that one part takes; the log of 256 such parts takes more.
  package init(_ reader: EventLogReader, scratch: String, budgetBytes: Int = 256 << 20) {
    precondition(budgetBytes > 0, "a part holds records")
    self.reader = reader
    self.scratch = scratch
    self.budgetBytes = budgetBytes
  }

  /// - Parameters:
  ///   - progress: records read so far of the snapshot's, told in the first pass.
  ///   - body: all records of one event, oldest first, as far back as the log goes.
  package func forEach(
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in },
    _ body: (RecordBlock) throws -> Void
  ) throws {
    let count = partCount()
    if count == 1 {
      var part: [UInt8] = []
      try deal(progress) { _, bytes in part += bytes }
      try Self.emit(part, body)
      return
    }
    var parts: [PartFile] = []
    for _ in 0..<count { parts.append(try PartFile(in: scratch)) }
    defer { for part in parts { part.close() } }
    try deal(progress) { hash, bytes in
      try parts[Int(truncatingIfNeeded: hash.low % UInt64(count))].add(bytes)
    }
    for part in parts { try Self.emit(try part.contents(), body) }
  }

  private func partCount() -> Int {
    let manifest = reader.snapshot.manifest
    // How far the active segment is used; without a mark as much as it can hold.
    let mark = try? DurableMark.read(reader.disk, reader.paths.root, store: manifest.store)
    var bytes: Int64 = 0
    for segment in manifest.segments {
      if let end = segment.end {
        bytes += end.offset
      } else if let mark, mark.segment == segment.id {
        bytes += mark.offset
      } else if let file = try? DiskFile(reader.disk, reader.paths.segment(segment.id), .read) {
        bytes += (try? file.size()) ?? 0
        file.closeQuietly()
      }
    }
    // A quarter more: hashes deal evenly, histories differ in length.
    let parts = (Int(bytes) + Int(bytes) / 4) / budgetBytes + 1
    return min(parts, Self.maxParts)
  }

  private func deal(
    _ progress: (UInt64, UInt64) -> Void,
    _ take: (EventHash, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let total = reader.durableLSN.rawValue
    try reader.forEachRecord { record in
      let done = record.header.lsn.rawValue
      if done % 4096 == 0 { progress(done, total) }
      guard record.header.flags.isOfEvent else { return }
      try take(record.header.hash, record.bytes)
    }
    progress(total, total)
  }

  private struct Entry {
    let hash: EventHash
    let lsn: LSN
    let offset: Int
    let length: Int
  }

  private static func emit(_ part: [UInt8], _ body: (RecordBlock) throws -> Void) throws {
    var entries = try entries(part)
    entries.sort {
      ($0.hash.high, $0.hash.low, $0.lsn) < ($1.hash.high, $1.hash.low, $1.lsn)
    }
    var groups: [Range<Int>] = []
    var start = 0
    for index in entries.indices.dropFirst() where entries[index].hash != entries[start].hash {
      groups.append(start..<index)
      start = index
    }
    if !entries.isEmpty { groups.append(start..<entries.count) }
    groups.sort { entries[$0.lowerBound].lsn < entries[$1.lowerBound].lsn }
    for group in groups {
      var block: [UInt8] = []
      for entry in entries[group] { block += part[entry.offset..<entry.offset + entry.length] }
      try body(RecordBlock(block, count: group.count))
    }
  }

  private static func entries(_ part: [UInt8]) throws(EventLogError) -> [Entry] {
    try part.withBytes { (bytes) throws(EventLogError) -> [Entry] in
      var entries: [Entry] = []
      var offset = 0
      guard let base = bytes.baseAddress else { return entries }
      while offset < bytes.count {
        let available = bytes.count - offset
        guard
          let view = RecordCodec.decode(base + offset, available: available),
          RecordCodec.isIntact(base + offset, lsn: view.header.lsn)
        else {
          throw EventLogError(
            .readFailed, "a file of the export did not come back as it was written",
            advice: "Look at the disk that holds it, or choose another folder.")
        }
        let length = RecordCodec.length(id: view.id.count, payload: view.payload.count)
        entries.append(
          Entry(
            hash: view.header.hash, lsn: view.header.lsn, offset: offset, length: length))
        offset += length
      }
      return entries
    }
  }
}

/// Bytes gathered in a file, written in large pieces.
private final class PartFile {
  private let file: DiskFile
  private var buffer: [UInt8] = []
  private var written: Int64 = 0

  private static let bufferBytes = 256 << 10

  /// The file loses its name at once: however the process ends, nothing of it is left.
  init(in folder: String) throws(EventLogError) {
    let name = StoreID(bytes: try randomBytes(16)).text
    file = try DiskFile(
      LinuxDisk(), "\(folder)/meddela-export-\(name)", .replace, creating: true)
    do throws(EventLogError) {
      try file.disk.removeIfPresent(file.path)
    } catch {
      file.closeQuietly()
      throw error
    }
  }

  func add(_ bytes: UnsafeRawBufferPointer) throws(EventLogError) {
    buffer += bytes
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  func contents() throws(EventLogError) -> [UInt8] {
    try flush()
    var bytes = [UInt8](repeating: 0, count: Int(written))
    let count = try bytes.withMutableBytes { (all) throws(EventLogError) in
      try file.read(into: all, at: 0)
    }
    return Array(bytes[..<count])
  }

  func close() { file.closeQuietly() }

  private func flush() throws(EventLogError) {
    try buffer.withBytes { (bytes) throws(EventLogError) in
      try file.write(bytes, at: written)
    }
    written += Int64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }
}

extension RecordView {
  /// The record as it stands in the log: header, id, payload, padding.
  package var bytes: UnsafeRawBufferPointer {
    guard let id = id.baseAddress else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(
      start: id - Limits.recordHeaderBytes,
      count: RecordCodec.length(id: self.id.count, payload: payload.count))
  }
}
