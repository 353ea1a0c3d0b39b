internal import LogSequence

extension SegmentWriter {
  /// Seals the active segment and goes on in a new one. Every step is durable before the next:
  /// a crash in between leaves either the old segment active, or a listed new one.
  func roll() throws(EventLogError) {
    assert(!manifest.isClosed && manifest.segments.last?.id == header.id, "it is the last segment")
    let old = file
    try lock.check(manifest)
    do throws(EventLogError) {
      let made = try Self.makeSegment(
        options: options, paths: paths, preparer: preparer, store: store, id: header.id + 1,
        after: point, epoch: manifest.epoch)
      (header, file) = (made.header, try ActiveFile(made.file))
    } catch {
      throw lock.reason(for: error)
    }
    assert(header.id > (manifest.segments.last?.id ?? 0), "ids of segments only grow")
    assert(header.baseLSN == point.lsn.next, "a segment begins behind the one before")
    var next = manifest
    next.seal(at: Manifest.End(offset: offset, point: point))
    assert(offset >= Int64(Limits.segmentHeaderBytes), "a segment ends behind its header")
    next.add(header)
    assert(next.segments.dropLast().allSatisfy { $0.end != nil }, "one segment is active")
    try replaceManifest(next)
    date(by: 0)
    offset = Int64(Limits.segmentHeaderBytes)
    preparer.noteActive(offset)
    map.add(id: header.id, baseLSN: header.baseLSN)
    try old.close()
    preparer.want()
    noteSealed()
  }

  /// The segment before the active one has just been sealed.
  func noteSealed() { sealed.append(manifest.segments[manifest.segments.count - 2]) }

  /// The segments that were sealed since the last call.
  func takeSealed() -> [Manifest.Segment] {
    guard !sealed.isEmpty else { return [] }
    defer { sealed = [] }
    return sealed
  }

  /// Turns the spare into segment `id`: opened, named, and only then its header written. The name
  /// is given to one writer alone, so that two of them never write one file.
  static func makeSegment(
    options: EventLogOptions, paths: StorePaths, preparer: SparePreparer, store: StoreID,
    id: UInt64, after point: ChainPoint, epoch: UInt64
  ) throws(EventLogError) -> (header: SegmentHeader, file: DiskFile) {
    try preparer.take()
    let salt = try randomBytes(8)
    let header = SegmentHeader(
      version: options.segmentVersion, store: store, id: id, baseLSN: point.lsn.next,
      baseSequence: point.sequence + 1,
      epoch: epoch, created: options.wallClock(), salt: salt.integer(at: 0),
      previousChain: point.chain, fileBytes: Int64(options.segmentBytes))
    let spare = try DiskFile(options.disk, paths.spare, .write)
    let file = DiskFile(spare, renamedTo: paths.segment(id))
    do throws(EventLogError) {
      try options.disk.renameNewDurably(
        paths.spare, to: file.path, in: paths.segments, breaks: options.breaks)
      try header.encoded().withBytes { (bytes) throws(EventLogError) in
        try file.write(bytes, at: 0)
      }
      try file.syncAll()
    } catch {
      file.closeQuietly()
      throw error
    }
    return (header, file)
  }
}

extension Manifest {
  /// Seals the last segment.
  mutating func seal(at end: End) {
    precondition(!segments.isEmpty, "the active segment is in the manifest")
    segments[segments.count - 1].end = end
    generation += 1
  }

  mutating func add(_ header: SegmentHeader) {
    segments.append(
      Segment(
        id: header.id, baseLSN: header.baseLSN, baseSequence: header.baseSequence,
        epoch: header.epoch, end: nil))
  }
}
