internal import LogSequence

/// Reads a sealed segment whole, verifies it, and says what the derived files of it hold.
struct SegmentIndexer {
  /// In order, one for each event.
  var entries: [TableEntry] = []
  var positions: [UInt32] = []
  var newestOfKind = [LSN](repeating: 0, count: 256)
  var lastFrame: Int64 = 0
  var latest: Int64 = 0
  var records = 0
  private var collector = EntryCollector()

  /// `file` was opened for reading; `point` is where the log stood before the segment.
  init(
    _ segment: Manifest.Segment, _ file: DiskFile, store: StoreID, after point: ChainPoint,
    maxEpoch: UInt64, breaks: Breaks = []
  ) throws(EventLogError) {
    let window = ScanWindow()
    file.disk.announceSequentialRead(file.descriptor)
    window.use(file)
    let header = try SegmentHeader.read(window, file, segment, store, after: point)
    guard let end = segment.end else {
      throw .damaged(file.path, nil, "a segment before the last one is not sealed")
    }
    var scanner = SegmentScanner(
      header, window: window, after: point, maxEpoch: maxEpoch, breaks: breaks)
    while scanner.offset < end.offset {
      let offset = scanner.offset
      switch try scanner.next(until: end.offset) {
      case .frame(let frame):
        lastFrame = offset
        try take(frame, file: file.path)
      case .end(let problem):
        throw .damaged(
          file.path, scanner.offset,
          "found \(problem.sentence); expected frame \(scanner.point.sequence + 1)")
      }
    }
    guard scanner.point == end.point else {
      throw .damaged(
        file.path, scanner.offset,
        """
        the last frame is \(scanner.point.sequence); the manifest ends the segment with frame \
        \(end.point.sequence)
        """)
    }
    entries = collector.finish()
  }

  private mutating func take(
    _ frame: SegmentScanner.Frame, file: String
  ) throws(EventLogError) {
    guard var at = frame.payload.baseAddress else { return }
    var available = frame.payload.count
    var offset = frame.offset + Int64(Limits.frameHeaderBytes)
    for index in 0..<frame.header.recordCount {
      let lsn = frame.header.firstLSN.advanced(by: index)
      guard
        let view = RecordCodec.decode(at, available: available), view.header.lsn == lsn
      else {
        throw .damaged(file, offset, "record \(lsn) contradicts itself or the records before it")
      }
      note(view.header, offset)
      let length = RecordCodec.length(id: view.id.count, payload: view.payload.count)
      at += length
      available -= length
      offset += Int64(length)
    }
    guard available == 0 else {
      throw .damaged(
        file, frame.offset, "frame \(frame.header.sequence) is longer than its records")
    }
    records += frame.header.recordCount
  }

  @inline(__always)
  private mutating func note(_ header: RecordHeader, _ offset: Int64) {
    if header.lsn.isAtStride {
      positions.append(UInt32(truncatingIfNeeded: offset / 8))
    }
    latest = max(latest, header.time)
    if header.flags.contains(.event) {
      collector.add(TableEntry(header))
    } else if !header.flags.contains(.lost) {
      newestOfKind[Int(header.kind)] = header.lsn
    }
  }
}
