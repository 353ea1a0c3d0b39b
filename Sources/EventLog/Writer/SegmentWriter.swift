/// Writes frames to the active segment and goes on to the next one; at most one frame is ever
/// un-synced. Used by one thread at a time: the opener's, then the sync thread, then the closer's.
/// After an error it must not be used again.
final class SegmentWriter {
  let options: EventLogOptions
  let paths: StorePaths
  let store: StoreID
  var manifest: Manifest
  var header: SegmentHeader
  var file: DiskFile
  /// Where the next frame begins.
  var offset: Int64
  var point: ChainPoint
  let map: SegmentMap
  let preparer: SparePreparer
  private let mark: DiskFile
  private let markBuffer = UnsafeMutableRawPointer.allocate(
    byteCount: DurableMark.bytes, alignment: 64)
  private let empty = FrameBuffer(payload: 0)

  var segmentID: UInt64 { header.id }

  init(
    options: EventLogOptions, paths: StorePaths, manifest: Manifest, header: SegmentHeader,
    file: DiskFile, offset: Int64, point: ChainPoint, map: SegmentMap, preparer: SparePreparer
  ) throws(EventLogError) {
    self.options = options
    self.paths = paths
    store = manifest.store
    self.manifest = manifest
    self.header = header
    self.file = file
    self.offset = offset
    self.point = point
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
    precondition(buffer.firstLSN == point.lsn + 1, "LSNs have no gaps")
    try write(buffer, .data)
  }

  /// Writes a frame without records. On return it is durable.
  func writeEmpty(_ kind: FrameHeader.Kind) throws(EventLogError) { try write(empty, kind) }

  private func write(_ buffer: FrameBuffer, _ kind: FrameHeader.Kind) throws(EventLogError) {
    var frame = FrameHeader(
      kind: kind, payloadBytes: buffer.payloadBytes, recordCount: buffer.recordCount,
      firstLSN: point.lsn + 1, sequence: point.sequence + 1, epoch: manifest.epoch,
      time: wallNanoseconds(), previousChain: point.chain, payloadChecksum: 0)
    if offset + Int64(frame.totalBytes) > header.fileBytes { try roll() }
    precondition(
      offset + Int64(frame.totalBytes) <= header.fileBytes,
      "a fresh segment has room for the largest frame")
    let bytes = buffer.seal(&frame, salt: header.frameSalt, at: offset)
    try file.write(bytes, at: offset)
    try file.syncData()
    noteMarks(buffer)
    offset += Int64(frame.totalBytes)
    point = ChainPoint(
      lsn: point.lsn + UInt64(buffer.recordCount), sequence: frame.sequence, chain: frame.chain)
    try writeMark()
  }

  /// Tells readers where the records of the frame at `offset` are.
  private func noteMarks(_ buffer: FrameBuffer) {
    guard !buffer.marks.isEmpty else { return }
    let start = UInt32((offset + Int64(Limits.frameHeaderBytes)) / 8)
    map.append(buffer.marks.map { $0 + start })
  }

  private func writeMark() throws(EventLogError) {
    DurableMark(
      store: store, segment: header.id, lsn: point.lsn, sequence: point.sequence, offset: offset
    ).encode(at: markBuffer)
    try mark.write(
      UnsafeRawBufferPointer(start: markBuffer, count: DurableMark.bytes), at: 0)
  }

  /// Marks the store as closed: the next opening goes on in the same segment.
  func close() throws(EventLogError) {
    manifest.isClosed = true
    manifest.generation += 1
    manifest.segments[manifest.segments.count - 1].end = Manifest.End(
      offset: offset, point: point)
    try options.disk.replaceFile(Manifest.fileName, in: paths.root, with: manifest.encoded())
    try file.close()
  }
}
