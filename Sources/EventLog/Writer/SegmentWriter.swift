internal import LogSequence

/// Writes frames to the active segment and goes on to the next one; at most one frame is ever
/// un-synced. Used by one thread at a time: the opener's, then the sync thread, then the closer's.
/// After an error it must not be used again.
final class SegmentWriter {
  let options: EventLogOptions
  let paths: StorePaths
  let lock: StoreLock
  let store: StoreID
  var manifest: Manifest
  var header: SegmentHeader
  var file: ActiveFile
  /// When the active segment was begun, by the steady clock, ns.
  var begunAt: Int64
  /// Where the next frame begins.
  var offset: Int64
  var point: ChainPoint
  let map: SegmentMap
  let preparer: SparePreparer
  /// Segments that will not change any more, and nobody has taken yet.
  var sealed: [Manifest.Segment] = []
  /// Bytes of frames.
  let written = AtomicCounter()
  private let mark: DiskFile
  private let markBuffer = UnsafeMutableRawPointer.allocate(
    byteCount: DurableMark.bytes, alignment: 64)
  private let empty = FrameBuffer(payload: 0)

  /// What the disk took in a second when the last large frame was written.
  private var bytesPerSecond = 0.0
  /// The last record that may be said to be durable.
  private(set) var acknowledgedLSN: LSN
  /// A frame was written and not synced: only ever with `twoFramesInFlight`.
  private var hasUnsynced = false

  init(
    options: EventLogOptions, paths: StorePaths, lock: StoreLock, manifest: Manifest,
    header: SegmentHeader, file: ActiveFile, offset: Int64, point: ChainPoint, map: SegmentMap,
    preparer: SparePreparer
  ) throws(EventLogError) {
    self.options = options
    self.paths = paths
    self.lock = lock
    store = manifest.store
    self.manifest = manifest
    self.header = header
    self.file = file
    begunAt = Int64(clamping: options.steadyClock())
    self.offset = offset
    self.point = point
    acknowledgedLSN = point.lsn
    self.map = map
    self.preparer = preparer
    mark = try DiskFile(options.disk, paths.durable, .writeOrCreate, creating: true)
  }

  deinit {
    markBuffer.deallocate()
    mark.closeQuietly()
  }

  /// Writes the buffer's records as one frame. On return it is durable.
  func write(_ buffer: FrameBuffer) throws(EventLogError) {
    precondition(buffer.firstLSN == point.lsn.next, "LSNs have no gaps")
    try write(buffer, .data)
  }

  /// Writes a frame without records. On return it is durable.
  func writeEmpty(_ kind: FrameHeader.Kind) throws(EventLogError) { try write(empty, kind) }

  private func write(_ buffer: FrameBuffer, _ kind: FrameHeader.Kind) throws(EventLogError) {
    var frame = makeFrame(buffer, kind)
    if offset + Int64(frame.totalBytes) > header.fileBytes || isOld(kind) {
      try roll()
      frame = makeFrame(buffer, kind)
    }
    precondition(
      offset + Int64(frame.totalBytes) <= header.fileBytes,
      "a fresh segment has room for the largest frame")
    assert(offset % Int64(Limits.frameAlignment) == 0, "frames begin at a multiple of 64")
    assert(frame.sequence > point.sequence, "frames count from the one before")
    let bytes = buffer.seal(&frame, salt: header.frameSalt, at: offset)
    if options.breaks.has(.acknowledgeBeforeSync) {
      acknowledgedLSN = point.lsn.advanced(by: buffer.recordCount)
    }
    let begun = monotonicNanoseconds()
    try file.write(bytes, at: offset, directly: goesDirectly(buffer))
    written.add(bytes.count)
    try sync()
    // Whoever takes the store says so before it reads how far it goes: what is durable by now and
    // not taken yet is in what it reads, and only that may be acknowledged.
    try lock.check()
    if fillsBlocks(buffer) {
      bytesPerSecond = Double(bytes.count) * 1e9 / Double(monotonicNanoseconds() - begun + 1)
    }
    noteMarks(buffer)
    offset += Int64(frame.totalBytes)
    preparer.noteActive(offset)
    point = ChainPoint(
      lsn: point.lsn.advanced(by: buffer.recordCount), sequence: frame.sequence, chain: frame.chain)
    if hasUnsynced { return }
    assert(acknowledgedLSN <= point.lsn, "what is durable stays so")
    acknowledgedLSN = point.lsn
    try writeMark()
  }

  private func makeFrame(_ buffer: FrameBuffer, _ kind: FrameHeader.Kind) -> FrameHeader {
    var frame = FrameHeader(
      kind: kind, payloadBytes: buffer.payloadBytes, recordCount: buffer.recordCount,
      firstLSN: point.lsn.next, sequence: point.sequence + 1, epoch: manifest.epoch,
      time: wallNanoseconds(), previousChain: point.chain, payloadChecksum: 0)
    if fillsBlocks(buffer) { frame.fillBlock(at: offset) }
    return frame
  }

  /// Whether a frame ends where a block does: the next one can go around the page cache then.
  private func fillsBlocks(_ buffer: FrameBuffer) -> Bool {
    buffer.payloadBytes >= options.directFrameBytes && file.canWriteDirectly
      && header.mayFillBlocks
  }

  /// Whole blocks to a fast disk.
  private func goesDirectly(_ buffer: FrameBuffer) -> Bool {
    fillsBlocks(buffer) && offset % Int64(Limits.blockBytes) == 0
      && bytesPerSecond >= options.directBytesPerSecond
  }

  /// A segment with records is sealed early when retention wants it so.
  private func isOld(_ kind: FrameHeader.Kind) -> Bool {
    guard
      kind == .data, let limit = options.segmentNanoseconds, point.lsn >= header.baseLSN
    else { return false }
    return now.less(begunAt) > limit
  }

  /// Of the steady clock.
  private var now: Int64 { Int64(clamping: options.steadyClock()) }

  /// The active segment was begun so long ago (ns), before the log was opened.
  func date(by age: Int64) { begunAt = now.less(age) }

  /// Makes the frame durable that was just written.
  private func sync() throws(EventLogError) {
    if options.breaks.has(.skipDataSync) { return }
    if options.breaks.has(.twoFramesInFlight) {
      hasUnsynced.toggle()
      if hasUnsynced { return }
    }
    do throws(EventLogError) {
      try file.syncData()
    } catch {
      guard options.breaks.has(.retryFailedSync) else { throw error }
      try file.syncData()
    }
  }

  /// Tells readers where the records of the frame at `offset` are.
  private func noteMarks(_ buffer: FrameBuffer) {
    guard !buffer.marks.isEmpty else { return }
    assert(header.fileBytes / 8 <= Int64(UInt32.max), "a place in a segment has 32 bits")
    let start = UInt32((offset + Int64(Limits.frameHeaderBytes)) / 8)
    map.append(buffer.marks.map { $0 + start })
  }

  private func writeMark() throws(EventLogError) {
    DurableMark(
      store: store, segment: header.id, lsn: point.lsn, sequence: point.sequence, offset: offset
    ).encode(at: markBuffer)
    do throws(EventLogError) {
      try mark.write(
        UnsafeRawBufferPointer(start: markBuffer, count: DurableMark.bytes), at: 0)
    } catch {
      // Where each write takes a new block a full disk has none. A mark may lag.
      guard SystemError(error.systemError).isLackOfSpace else { throw error }
    }
  }

  /// Replaces the manifest, as soon as there is room: nothing was written to a listed file; to try
  /// again is safe.
  func replaceManifest(_ next: Manifest) throws(EventLogError) {
    try preparer.makingRoom { () throws(EventLogError) in
      try lock.replaceManifest(manifest, with: next)
    }
    assert(next.generation > manifest.generation, "each manifest is newer than the one before")
    assert(next.epoch == manifest.epoch, "an epoch has one writer")
    manifest = next
    preparer.noteManifest(segments: next.segments.count)
  }

  /// Marks the store as closed: the next opening goes on in the same segment.
  func close() throws(EventLogError) {
    var next = manifest
    assert(acknowledgedLSN == point.lsn, "all that was written is durable")
    next.isClosed = true
    next.seal(at: Manifest.End(offset: offset, point: point))
    try replaceManifest(next)
    try file.close()
  }
}
