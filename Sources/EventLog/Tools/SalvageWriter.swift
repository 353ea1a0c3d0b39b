internal import LogSequence

/// Writes the new store of a salvage, as the service would write it.
final class SalvageWriter {
  let lineage: UInt64
  private let lock: StoreLock
  private var isLocked = true
  private let writer: SegmentWriter
  private let buffer = FrameBuffer(payload: Limits.maxFramePayloadBytes)
  private let target: Int
  private let maxRecordBytes: Int
  private let empty = UnsafeRawBufferPointer(start: nil, count: 0)
  private var nextLSN: LSN
  private var time: Int64 = 0

  /// - Parameter isWhole: nothing is lost, so that any program can read what is written.
  init(
    _ disk: any Disk, _ paths: StorePaths, _ source: SalvageSource, isWhole: Bool
  ) throws(EventLogError) {
    var options = EventLogOptions(path: paths.root)
    options.disk = disk
    options.segmentBytes = Self.segmentBytes(source)
    if !isWhole { options.segmentVersion = SegmentHeader.salvagedVersion }
    let preparer = SparePreparer(options, paths, ready: SpareFile.Ready(), onSpace: { _ in })
    let old = source.manifest
    guard let first = old.segments.first else {
      throw .damaged(source.paths.manifest, 52, "the manifest lists no segment")
    }
    let (header, file) = try SegmentWriter.makeSegment(
      options: options, paths: paths, preparer: preparer, store: old.store, id: first.id,
      after: old.origin, epoch: old.epoch + 1)
    lock = try StoreLock.take(disk, paths)
    try lock.begin()
    lineage = min(old.lineage + 1, Limits.maxCounter)
    var manifest = Manifest(
      store: old.store, generation: old.generation, epoch: old.epoch + 1, isClosed: false,
      lineage: lineage, origin: old.origin, segments: [])
    manifest.add(header)
    try disk.replaceFile(Manifest.fileName, in: paths.root, with: manifest.encoded())
    let map = SegmentMap()
    map.add(id: header.id, baseLSN: header.baseLSN)
    writer = try SegmentWriter(
      options: options, paths: paths, lock: lock, manifest: manifest, header: header,
      file: try ActiveFile(file), offset: Int64(Limits.segmentHeaderBytes), point: old.origin,
      map: map, preparer: preparer)
    maxRecordBytes = Limits.maxRecordBytes(segmentBytes: options.segmentBytes)
    target = min(Limits.frameTargetBytes, maxRecordBytes)
    nextLSN = old.origin.lsn.next
  }

  deinit { unlock() }

  private func unlock() {
    if isLocked { lock.closeQuietly() }
    isLocked = false
  }

  /// As large as the largest file of the store, whatever a header says.
  private static func segmentBytes(_ source: SalvageSource) -> Int {
    roundUp(max(Limits.minSegmentBytes, Int(source.largestFile)), to: Limits.blockBytes)
  }

  func add(_ header: RecordHeader, _ record: RecordView) throws(EventLogError) {
    time = header.time
    try append(header, id: record.id, payload: record.payload)
  }

  /// Stands in for lost records.
  func fill(_ lsns: ClosedRange<LSN>?) throws(EventLogError) {
    guard let lsns else { return }
    for lsn in lsns {
      try append(
        RecordHeader(lsn: lsn, kind: 0, flags: .lost, time: time), id: empty, payload: empty)
    }
  }

  private func append(
    _ header: RecordHeader, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(EventLogError) {
    guard header.lsn == nextLSN else {
      throw EventLogError(
        .writeFailed, "record \(header.lsn) comes where record \(nextLSN) belongs",
        file: writer.paths.root)
    }
    let length = RecordCodec.length(id: id.count, payload: payload.count)
    guard length <= maxRecordBytes else {
      throw EventLogError(
        .writeFailed, "record \(header.lsn) of \(length) bytes fits into no segment",
        file: writer.paths.root)
    }
    if !buffer.takes(length, target: target) { try flush() }
    buffer.append(header, id: id, payload: payload, empty, length: length)
    nextLSN = nextLSN.next
  }

  private func flush() throws(EventLogError) {
    guard !buffer.isEmpty else { return }
    try writer.write(buffer)
    buffer.removeAll()
  }

  /// Closes the store; its last record.
  func finish() throws(EventLogError) -> LSN {
    try flush()
    try writer.close()
    unlock()
    return writer.point.lsn
  }
}
