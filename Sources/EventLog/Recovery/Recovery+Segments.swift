extension Recovery {
  /// Where the active segment ends.
  struct Active {
    let header: SegmentHeader
    let offset: Int64
    let point: ChainPoint
    let verdict: TailJudge.Verdict
  }

  /// Reads the segments that are not indexed, in order.
  mutating func readSegments(
    _ manifest: Manifest, _ keeper: TableKeeper, _ replay: Replay
  ) throws(EventLogError) -> Active {
    let mark = try DurableMark.read(options.disk, paths.root, store: manifest.store)
    let window = ScanWindow(readsAhead: true)
    var point = keeper.indexed.last?.positions.range.end ?? manifest.origin
    report.wasClosed = manifest.isClosed
    report.segments = manifest.segments.count
    for segment in keeper.pending {
      point = try readSealed(segment, manifest, window, point, replay)
    }
    guard let last = manifest.segments.last else {
      throw .damaged(paths.manifest, 52, "the manifest lists no segment")
    }
    return try readActive(last, manifest, window, point, replay, mark)
  }

  private mutating func readSealed(
    _ segment: Manifest.Segment, _ manifest: Manifest, _ window: ScanWindow,
    _ point: ChainPoint, _ replay: Replay
  ) throws(EventLogError) -> ChainPoint {
    let path = paths.segment(segment.id)
    let file = try Self.open(options.disk, path, .read, segment)
    defer { file.closeQuietly() }
    options.disk.announceSequentialRead(file.descriptor)
    window.use(file)
    defer { window.leave() }
    let header = try SegmentHeader.read(window, file, segment, manifest.store, after: point)
    guard let end = segment.end else {
      throw .damaged(paths.manifest, nil, "a segment before the last one is not sealed")
    }
    var scanner = SegmentScanner(
      header, window: window, after: point, maxEpoch: manifest.epoch, breaks: options.breaks)
    replay.map.add(id: segment.id, baseLSN: segment.baseLSN)
    try scanner.walk(to: end, file: path) { (frame) throws(EventLogError) in
      try replay.take(frame, file: path)
    }
    report.bytes += scanner.offset
    return scanner.point
  }

  private mutating func readActive(
    _ segment: Manifest.Segment, _ manifest: Manifest, _ window: ScanWindow,
    _ point: ChainPoint, _ replay: Replay, _ mark: DurableMark?
  ) throws(EventLogError) -> Active {
    let path = paths.segment(segment.id)
    let file = try openDirectly(path, segment)
    defer { file.closeQuietly() }
    window.use(file)
    defer { window.leave() }
    let header = try SegmentHeader.read(window, file, segment, manifest.store, after: point)
    let size = try TailJudge.size(of: file, header)
    var scanner = SegmentScanner(
      header, window: window, after: point, maxEpoch: manifest.epoch, breaks: options.breaks)
    replay.map.add(id: segment.id, baseLSN: segment.baseLSN)
    while true {
      switch try scanner.next(until: header.fileBytes) {
      case .frame(let frame): try replay.take(frame, file: path)
      case .end(let problem):
        let verdict =
          options.breaks.has(.truncateOnDamage)
          ? .torn(end: scanner.offset + 64)
          : try TailJudge(
            scanner: scanner, file: path, problem: problem, fileBytes: size,
            closedEnd: segment.end, mark: mark
          ).verdict()
        report.bytes += scanner.offset
        return Active(
          header: header, offset: scanner.offset, point: scanner.point, verdict: verdict)
      }
    }
  }

  /// Around the page cache, which may hold bytes that a failed sync never brought to the disk;
  /// where the file system cannot, after asking the kernel to forget them.
  private mutating func openDirectly(
    _ path: String, _ segment: Manifest.Segment
  ) throws(EventLogError) -> DiskFile {
    do throws(EventLogError) {
      return try Self.open(options.disk, path, .readDirect, segment)
    } catch {
      guard SystemError(error.systemError) == .invalid else { throw error }
      report.readDirectly = false
      let file = try Self.open(options.disk, path, .read, segment)
      options.disk.dropCache(file.descriptor)
      return file
    }
  }
}

extension SegmentHeader {
  /// The header of a listed segment, checked against the manifest and the chain.
  static func read(
    _ window: ScanWindow, _ file: DiskFile, _ segment: Manifest.Segment, _ store: StoreID,
    after point: ChainPoint
  ) throws(EventLogError) -> SegmentHeader {
    let bytes = try window.bytes(at: 0, Limits.segmentHeaderBytes)
    return try check(Array(bytes), file, segment, store, after: point)
  }

  /// The header of a listed segment out of its bytes, checked against the manifest and the chain.
  static func check(
    _ bytes: [UInt8], _ file: DiskFile, _ segment: Manifest.Segment, _ store: StoreID,
    after point: ChainPoint
  ) throws(EventLogError) -> SegmentHeader {
    let header = try decode(bytes, file: file.path)
    guard header.store == store else {
      throw .damaged(
        file.path, 16, "the segment belongs to store \(header.store.text); expected \(store.text)")
    }
    guard
      header.id == segment.id, header.baseLSN == segment.baseLSN,
      header.baseSequence == segment.baseSequence, header.epoch == segment.epoch
    else {
      throw .damaged(
        file.path, 32,
        """
        the segment is \(hexadecimal(header.id)) from record \(header.baseLSN); expected \
        \(hexadecimal(segment.id)) from record \(segment.baseLSN)
        """)
    }
    guard header.previousChain == point.chain, header.baseSequence == point.sequence + 1 else {
      throw .damaged(file.path, 80, "the segment does not follow the one before it")
    }
    return header
  }
}
