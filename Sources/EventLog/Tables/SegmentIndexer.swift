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
    try scanner.walk(to: end, file: file.path) { (frame) throws(EventLogError) in
      lastFrame = frame.offset
      var walk = RecordWalk(frame, file: file.path)
      while let record = try walk.next() { note(record.view.header, record.offset) }
      records += frame.header.recordCount
    }
    entries = collector.finish()
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
