internal import LogSequence

/// Checks one segment, byte by byte, independently of the scanner's own chain logic: a second
/// implementation of what recovery concludes.
struct SegmentVerifier {
  let disk: any Disk
  let file: String
  let segment: Manifest.Segment
  let identity: StoreIdentity
  let maxEpoch: UInt64
  /// The last frame that is known to be durable; nil when the end itself is damaged.
  let through: UInt64?
  private var outcome = Outcome()
  private var point = ChainPoint.beginning
  private var epoch: UInt64 = 0

  struct Outcome {
    var frames = 0
    var records = 0
    var bytes: Int64 = 0
    var lastLSN: LSN = 0
    var findings: [StoreFinding] = []
    var isMissing = false
    var wasStopped = false
  }

  init(
    disk: any Disk, file: String, segment: Manifest.Segment, identity: StoreIdentity,
    maxEpoch: UInt64, through: UInt64?
  ) {
    self.disk = disk
    self.file = file
    self.segment = segment
    self.identity = identity
    self.maxEpoch = maxEpoch
    self.through = through
  }

  /// - Parameter progress: told how many bytes of the segment are checked; false ends the run.
  mutating func run(
    after start: ChainPoint, _ progress: (Int64) -> Bool
  ) throws(EventLogError) -> Outcome {
    point = start
    epoch = segment.epoch
    do throws(EventLogError) {
      let opened = try open()
      defer { opened.closeQuietly() }
      try walk(opened, progress)
    } catch {
      // A bad block is damage too, and the other segments may be well.
      guard error.code == .damaged || error.code == .readFailed else { throw error }
      if SystemError(error.systemError) == .absent { outcome.isMissing = true }
      if error.offset == nil, error.sentence.contains("is missing") { outcome.isMissing = true }
      outcome.findings.append(StoreFinding(error))
    }
    return outcome
  }

  /// Sealed segments around the page cache: what counts is what is on the disk. The active one
  /// through the cache, so that no read of ours forces the writer's pages out.
  private func open() throws(EventLogError) -> DiskFile {
    guard segment.end != nil else { return try Recovery.open(disk, file, .read, segment) }
    do throws(EventLogError) {
      return try Recovery.open(disk, file, .readDirect, segment)
    } catch {
      guard SystemError(error.systemError) == .invalid else { throw error }
      return try Recovery.open(disk, file, .read, segment)
    }
  }

  private mutating func walk(
    _ opened: DiskFile, _ progress: (Int64) -> Bool
  ) throws(EventLogError) {
    let window = ScanWindow()
    window.use(opened)
    let header = try SegmentHeader.read(window, opened, segment, identity.store, after: point)
    let size = try opened.size()
    let end = segment.end?.offset ?? header.fileBytes
    if size < end {
      found(size, "the file has \(size) bytes; expected at least \(end)")
    }
    let scanner = SegmentScanner(header, window: window, after: point, maxEpoch: maxEpoch)
    var offset = Int64(Limits.segmentHeaderBytes)
    while offset < end, point.sequence < lastSequence {
      switch try scanner.look(at: offset, until: end) {
      case .valid(let frame):
        accept(frame)
        offset += Int64(frame.header.totalBytes)
      case .invalid(let problem):
        // Beyond what is known to be durable an incomplete frame is no damage.
        guard through != nil || segment.end != nil else { return }
        offset = try resume(scanner, offset, end, problem)
      }
      outcome.bytes = min(offset, end)
      outcome.wasStopped = !progress(outcome.bytes)
      if outcome.wasStopped { return }
    }
    guard let expected = segment.end else { return }
    if outcome.findings.isEmpty, point != expected.point || offset != expected.offset {
      found(
        offset,
        """
        the last frame is \(point.sequence); the manifest ends the segment with frame \
        \(expected.point.sequence) at byte \(expected.offset)
        """)
    }
  }

  private var lastSequence: UInt64 {
    min(segment.end?.point.sequence ?? .max, through ?? .max)
  }

  private mutating func accept(_ frame: SegmentScanner.Frame) {
    let header = frame.header
    if header.sequence != point.sequence + 1 {
      found(
        frame.offset, "found frame \(header.sequence); expected frame \(point.sequence + 1)")
    } else if header.previousChain != point.chain {
      found(frame.offset, "frame \(header.sequence) does not follow the one before it")
    } else if header.firstLSN != point.lsn.next {
      found(
        frame.offset,
        "the frame begins with record \(header.firstLSN); expected \(point.lsn.next)")
    } else if header.epoch < epoch || header.epoch > maxEpoch {
      found(frame.offset, "the frame is of epoch \(header.epoch), which cannot be here")
    }
    checkRecords(frame)
    epoch = header.epoch
    point = ChainPoint(
      lsn: header.firstLSN.advanced(by: header.recordCount).previous, sequence: header.sequence,
      chain: header.chain)
    outcome.frames += 1
    outcome.records += header.recordCount
    outcome.lastLSN = point.lsn
  }

  private mutating func checkRecords(_ frame: SegmentScanner.Frame) {
    guard var at = frame.payload.baseAddress else { return }
    var available = frame.payload.count
    for index in 0..<frame.header.recordCount {
      let lsn = frame.header.firstLSN.advanced(by: index)
      let offset =
        frame.offset + Int64(Limits.frameHeaderBytes + frame.payload.count - available)
      guard let view = RecordCodec.decode(at, available: available) else {
        found(offset, "the lengths of record \(lsn) contradict each other", lsn...lsn)
        return
      }
      if let problem = problem(of: view, at, lsn) { found(offset, problem, lsn...lsn) }
      let length = RecordCodec.length(id: view.id.count, payload: view.payload.count)
      at += length
      available -= length
    }
    if available != 0 {
      found(frame.offset, "frame \(frame.header.sequence) is longer than its records")
    }
  }

  private func problem(of view: RecordView, _ start: UnsafeRawPointer, _ lsn: LSN) -> String? {
    let header = view.header
    if header.lsn != lsn { return "found record \(header.lsn); expected record \(lsn)" }
    if !RecordCodec.isIntact(start, lsn: lsn) {
      return "the checksum of record \(lsn) does not hold"
    }
    if header.previousLSN >= lsn {
      return "record \(lsn) names record \(header.previousLSN) as the one before it"
    }
    if header.flags.contains(.event), SipHash.hash(view.id, key: identity.key) != header.hash {
      return "the hash in record \(lsn) is not its id's"
    }
    return nil
  }

  /// Looks for the next whole frame behind damage, so that what follows is checked too.
  private mutating func resume(
    _ scanner: SegmentScanner, _ damaged: Int64, _ end: Int64, _ problem: FrameProblem
  ) throws(EventLogError) -> Int64 {
    var offset = damaged + Int64(Limits.frameAlignment)
    while offset < end {
      if case .valid(let frame) = try scanner.look(at: offset, until: end),
        frame.header.sequence > point.sequence
      {
        let next = frame.header.firstLSN
        found(
          damaged,
          "found \(problem.sentence); the next whole frame is \(frame.header.sequence) at "
            + "byte \(offset)",
          next > point.lsn.next ? point.lsn.next...next.previous : nil)
        point = ChainPoint(
          lsn: next.previous, sequence: frame.header.sequence - 1, chain: frame.header.previousChain
        )
        return offset
      }
      offset += Int64(Limits.frameAlignment)
    }
    let last = segment.end?.point.lsn ?? point.lsn
    found(
      damaged,
      "found \(problem.sentence) instead of frame \(point.sequence + 1), and no whole frame "
        + "behind it",
      last > point.lsn ? point.lsn.next...last : nil)
    if let expected = segment.end?.point { point = expected }
    return end
  }

  private mutating func found(
    _ offset: Int64, _ sentence: String, _ lost: ClosedRange<LSN>? = nil
  ) {
    // One bad block can break very many records: the first hundred say enough.
    guard outcome.findings.count < 100 else { return }
    outcome.findings.append(
      StoreFinding(file: file, offset: offset, found: sentence, lostRecords: lost))
  }
}
