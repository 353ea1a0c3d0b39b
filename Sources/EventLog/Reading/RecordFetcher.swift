internal import LogSequence

/// Reads single records and ranges of durable records by LSN, through the page cache. Every record
/// handed out was verified by its own checksum and LSN.
final class RecordFetcher {
  private let map: SegmentMap
  private let files: SegmentFiles
  private let window = UnsafeMutableRawBufferPointer.allocate(
    byteCount: RecordFetcher.windowBytes, alignment: Limits.blockBytes)
  /// What the window holds: `windowCount` bytes of `windowSegment` from `windowOffset`.
  private var windowCount = 0
  private var windowOffset: Int64 = 0
  private var windowFile: DiskFile?

  private static let windowBytes = 256 << 10
  private static let pointReadBytes = 8 << 10
  /// Walking over so many records costs less than looking a place up.
  private static let walkedRecords = 64

  /// Told of a file of positions that is damaged.
  private let onDamage: (String) -> Void
  /// Segments whose positions cannot be found again: they are damaged themselves.
  private var unmapped: Set<UInt64> = []

  init(_ map: SegmentMap, _ files: SegmentFiles, onDamage: @escaping (String) -> Void = { _ in }) {
    self.map = map
    self.files = files
    self.onDamage = onDamage
  }

  deinit { window.deallocate() }

  /// Appends the bytes of record `lsn`, which must be durable, to `block`. False when it is older
  /// than the log, or was lost before the log was salvaged.
  func fetch(_ lsn: LSN, into block: inout [UInt8]) throws(EventLogError) -> Bool {
    guard lsn > 0, let start = map.start(of: lsn), var walk = try walk(start, lsn) else {
      return false
    }
    forget()
    let length = try find(lsn, &walk, reading: Self.pointReadBytes)
    return try copy(walk, length, lsn, into: &block)
  }

  /// The records of `lsns`, which ascend, in a log that nobody writes. The views are valid in the
  /// call.
  func forEach(
    _ lsns: [LSN], _ body: (RecordView) throws(EventLogError) -> Void
  ) throws(EventLogError) {
    var place: (walk: Walk, lsn: LSN, endLSN: LSN)?
    var copied: [UInt8] = []
    for lsn in lsns {
      let isNear =
        place.map { known in
          lsn >= known.lsn && lsn < known.endLSN
            && known.lsn.distance(to: lsn) <= Self.walkedRecords
        } ?? false
      if !isNear {
        place = nil
        if let start = map.start(of: lsn), let walk = try walk(start, lsn) {
          place = (walk, lsn, start.endLSN)
        }
      }
      guard let known = place else {
        throw .damaged(files.folder, nil, "record \(lsn), the newest of its event, is gone")
      }
      var walk = known.walk
      let length = try find(
        lsn, &walk, reading: isNear ? Self.windowBytes : Self.pointReadBytes)
      if let start = inWindow(walk, length + Limits.spareBytes) {
        guard let view = Self.intact(start, length, lsn) else { throw damaged(walk, lsn) }
        try body(view)
      } else {
        copied.removeAll(keepingCapacity: true)
        if try copy(walk, length, lsn, into: &copied) {
          try RecordBlock(copied, count: 1).forEach(body)
        }
      }
      walk.offset += Int64(length)
      place = (walk, lsn.next, known.endLSN)
    }
  }

  /// Records from `first` to `last` (durable), whole ones, until `limit` bytes are passed.
  func fetch(
    from first: LSN, through last: LSN, limit: Int, into block: inout [UInt8]
  ) throws(EventLogError) -> Int {
    var lsn = max(first, map.firstLSN)
    var count = 0
    forget()
    while lsn <= last {
      guard let start = map.start(of: lsn), var walk = try walk(start, lsn) else { return count }
      while lsn <= last, lsn < start.endLSN {
        let length = try find(lsn, &walk, reading: Self.windowBytes)
        if count > 0, block.count + length > limit { return count }
        if try copy(walk, length, lsn, into: &block) { count += 1 }
        walk.offset += Int64(length)
        lsn = lsn.next
      }
    }
    return count
  }

  /// The newest record of an event among those from `first` to `last`, read one after the other.
  func newest(
    _ hash: EventHash, from first: LSN, through last: LSN
  ) throws(EventLogError) -> LSN? {
    var found: LSN?
    var lsn = max(first, map.firstLSN)
    var block: [UInt8] = []
    while lsn <= last {
      block.removeAll(keepingCapacity: true)
      let count = try fetch(from: lsn, through: last, limit: 1 << 20, into: &block)
      if count == 0 { break }
      RecordBlock(block, count: count).forEach { record in
        lsn = record.header.lsn.next
        if record.header.hash == hash, record.header.flags.contains(.event) {
          found = record.header.lsn
        }
      }
    }
    return found
  }

  private struct Walk {
    let file: DiskFile
    var offset: Int64
  }

  /// The beginning of the search; nil when retention removed the segment meanwhile.
  private func walk(_ start: SegmentMap.Start, _ lsn: LSN) throws(EventLogError) -> Walk? {
    let file: DiskFile
    do throws(EventLogError) {
      file = try files.file(start.segment)
    } catch {
      if SystemError(error.systemError) == .absent, map.start(of: lsn) == nil { return nil }
      throw error
    }
    guard let positions = start.positions, positions.knows(lsn) else {
      return Walk(file: file, offset: start.offset)
    }
    if let table = files.positions(start.segment),
      let offset = positions.offset(of: lsn, in: table)
    {
      return Walk(file: file, offset: offset)
    }
    return Walk(file: file, offset: findPositions(positions, start, file, lsn))
  }

  /// The positions of a segment from the segment, once: its file is damaged. Where to begin looking
  /// for `lsn`.
  private func findPositions(
    _ positions: PositionTable, _ start: SegmentMap.Start, _ file: DiskFile, _ lsn: LSN
  ) -> Int64 {
    guard !unmapped.contains(start.segment) else { return start.offset }
    onDamage(files.path(ofPositions: start.segment))
    forget()
    var walk = Walk(file: file, offset: Int64(Limits.segmentHeaderBytes))
    var offsets: [UInt32] = []
    for index in 0..<positions.count {
      let next = LSN(atStride: positions.firstStride + UInt64(index))
      guard (try? find(next, &walk, reading: Self.windowBytes)) != nil else {
        unmapped.insert(start.segment)
        return start.offset
      }
      offsets.append(UInt32(truncatingIfNeeded: walk.offset / 8))
    }
    map.keepInMemory(start.segment, offsets)
    return map.start(of: lsn)?.offset ?? start.offset
  }

  /// Walks on to record `lsn`: over records before it, padding, and frame headers. Its length.
  private func find(
    _ lsn: LSN, _ walk: inout Walk, reading: Int
  ) throws(EventLogError) -> Int {
    while true {
      let start = try bytes(walk, 16, reading: reading)
      let word = start.integer(UInt32.self, at: 0)
      if word == FrameHeader.magic {
        walk.offset += Int64(Limits.frameHeaderBytes)
      } else if word == 0, walk.offset % Int64(Limits.blockBytes) != 0 {
        // Behind a frame come zeros up to a place where frames begin, or to the end of the block.
        let isBetween = walk.offset % Int64(Limits.frameAlignment) != 0
        walk.offset = Int64(
          roundUp(
            Int(walk.offset), to: isBetween ? Limits.frameAlignment : Limits.blockBytes))
      } else {
        let length = Int(word)
        let found = start.lsn(at: 8)
        guard
          length >= Limits.recordHeaderBytes, length <= Limits.maxRecordBytes, length % 8 == 0,
          found <= lsn
        else {
          throw .damaged(walk.file.path, walk.offset, "there is no record \(lsn) here")
        }
        if found == lsn { return length }
        walk.offset += Int64(length)
      }
    }
  }

  /// False, and nothing is appended, when what stands there is in the place of a lost record.
  private func copy(
    _ walk: Walk, _ length: Int, _ lsn: LSN, into block: inout [UInt8]
  ) throws(EventLogError) -> Bool {
    assert(length >= Limits.recordHeaderBytes && length % 8 == 0, "it was found as a record")
    let at = block.count
    if let start = inWindow(walk, length) {
      block += UnsafeRawBufferPointer(start: start, count: length)
    } else {
      block += repeatElement(0, count: length)
      let count = try block.withMutableBytes { (bytes) throws(EventLogError) in
        try walk.file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: bytes[at...]), at: walk.offset)
      }
      guard count == length else {
        throw .damaged(walk.file.path, walk.offset, "the file ends inside record \(lsn)")
      }
    }
    let flags = block.withBytes { bytes -> RecordFlags? in
      guard let start = bytes.baseAddress else { return nil }
      return Self.intact(start + at, length, lsn)?.header.flags
    }
    guard let flags else { throw damaged(walk, lsn) }
    if flags.contains(.lost) { block.removeLast(length) }
    return !flags.contains(.lost)
  }

  private static func intact(
    _ start: UnsafeRawPointer, _ length: Int, _ lsn: LSN
  ) -> RecordView? {
    guard
      let view = RecordCodec.decode(start, available: length), view.header.lsn == lsn,
      RecordCodec.isIntact(start, lsn: lsn)
    else { return nil }
    return view
  }

  private func damaged(_ walk: Walk, _ lsn: LSN) -> EventLogError {
    .damaged(walk.file.path, walk.offset, "the checksum of record \(lsn) does not hold")
  }

  private func bytes(
    _ walk: Walk, _ count: Int, reading: Int
  ) throws(EventLogError) -> UnsafeRawPointer {
    if let start = inWindow(walk, count) { return start }
    assert(count <= reading && reading <= window.count, "what is wanted fits what is read")
    let part = UnsafeMutableRawBufferPointer(rebasing: window[..<reading])
    windowFile = walk.file
    windowOffset = walk.offset
    windowCount = 0
    windowCount = try walk.file.read(into: part, at: walk.offset)
    guard let start = inWindow(walk, count) else {
      throw .damaged(walk.file.path, walk.offset, "the file ends before the last durable record")
    }
    return start
  }

  @inline(__always)
  private func inWindow(_ walk: Walk, _ count: Int) -> UnsafeRawPointer? {
    guard
      windowFile === walk.file, walk.offset >= windowOffset,
      walk.offset + Int64(count) <= windowOffset + Int64(windowCount),
      let base = window.baseAddress
    else { return nil }
    return UnsafeRawPointer(base + Int(walk.offset - windowOffset))
  }

  /// The segments up to this one are gone: nothing of them stays open.
  func forget(through id: UInt64) {
    forget()
    files.close(through: id)
  }

  /// The window may hold bytes from before a later frame was written.
  private func forget() { windowFile = nil }
}
