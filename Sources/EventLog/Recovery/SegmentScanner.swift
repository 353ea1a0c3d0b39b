internal import LogSequence

/// Walks the frames of one segment and stops at the first that is not the next valid one.
struct SegmentScanner {
  let header: SegmentHeader
  let window: ScanWindow
  /// No frame may be of a later epoch.
  let maxEpoch: UInt64
  private(set) var offset = Int64(Limits.segmentHeaderBytes)
  private(set) var point: ChainPoint
  private var epoch: UInt64
  private let breaks: Breaks

  /// A valid frame; the payload is valid until the next step.
  struct Frame {
    let header: FrameHeader
    let offset: Int64
    let payload: UnsafeRawBufferPointer
  }

  enum Step {
    case frame(Frame)
    /// No frame at `offset`, or not the next one.
    case end(FrameProblem)
  }

  init(
    _ header: SegmentHeader, window: ScanWindow, after point: ChainPoint, maxEpoch: UInt64,
    breaks: Breaks = []
  ) {
    self.breaks = breaks
    self.header = header
    self.window = window
    self.point = point
    self.maxEpoch = maxEpoch
    epoch = header.epoch
  }

  /// The frame at `offset` if it is valid and the next in the chain and ends at `end` or before.
  mutating func next(until end: Int64) throws(EventLogError) -> Step {
    switch try look(at: offset, until: end) {
    case .invalid(let problem): return .end(problem)
    case .valid(let frame):
      let header = frame.header
      if header.sequence != point.sequence + 1 { return .end(.sequence(header.sequence)) }
      if header.previousChain != point.chain, !breaks.has(.skipChainCheck) {
        return .end(.chain)
      }
      if header.firstLSN != point.lsn.next { return .end(.lsn(header.firstLSN)) }
      if header.epoch < epoch || header.epoch > maxEpoch { return .end(.epoch(header.epoch)) }
      epoch = header.epoch
      offset += Int64(header.totalBytes)
      point = ChainPoint(
        lsn: point.lsn.advanced(by: header.recordCount), sequence: header.sequence,
        chain: header.chain)
      return .frame(frame)
    }
  }

  enum Look {
    case valid(Frame)
    case invalid(FrameProblem)
  }

  /// Whether any valid frame of this segment is at `at`, wherever in the chain it belongs.
  func look(at: Int64, until end: Int64) throws(EventLogError) -> Look {
    guard at + Int64(Limits.frameHeaderBytes) <= end else { return .invalid(.endOfFile) }
    let bytes = try window.bytes(at: at, Limits.frameHeaderBytes)
    guard bytes.count == Limits.frameHeaderBytes, let start = bytes.baseAddress else {
      return .invalid(.endOfFile)
    }
    if start.integer(UInt32.self, at: 0) != FrameHeader.magic {
      return .invalid(isZero(bytes) ? .zeros : .magic)
    }
    guard let header = FrameHeader.decode(start, salt: self.header.frameSalt) else {
      return .invalid(.headerChecksum)
    }
    guard header.isInRange else { return .invalid(.numbers) }
    guard at + Int64(header.totalBytes) <= end else { return .invalid(.tooLong(header)) }
    let frame = try window.bytes(at: at, header.totalBytes)
    guard frame.count == header.totalBytes, let first = frame.baseAddress else {
      return .invalid(.tooLong(header))
    }
    let sum = checksum(
      first + Limits.frameHeaderBytes, header.payloadBytes,
      seed: self.header.frameSalt.payload(sequence: header.sequence))
    guard sum == header.payloadChecksum else { return .invalid(.payload(header)) }
    let end = Limits.frameHeaderBytes + header.payloadBytes
    guard isZero(UnsafeRawBufferPointer(rebasing: frame[end...])) else {
      return .invalid(.padding(header))
    }
    return .valid(
      Frame(
        header: header, offset: at,
        payload: UnsafeRawBufferPointer(rebasing: frame[Limits.frameHeaderBytes..<end])))
  }
}

extension SegmentScanner {
  /// Whether a whole frame stands behind the end of a sealed segment: of a writer that had lost the
  /// store and did not know it yet. Such a segment stays as it is.
  static func hasStray(_ file: DiskFile, at offset: Int64) -> Bool {
    let window = ScanWindow()
    window.use(file)
    defer { window.leave() }
    guard
      let bytes = try? window.bytes(at: 0, Limits.segmentHeaderBytes),
      let header = try? SegmentHeader.decode(Array(bytes), file: file.path)
    else { return false }
    let scanner = SegmentScanner(header, window: window, after: .beginning, maxEpoch: .max)
    guard case .valid = try? scanner.look(at: offset, until: header.fileBytes) else { return false }
    return true
  }
}

/// Why there is no next frame.
enum FrameProblem: Equatable {
  case zeros
  case endOfFile
  case magic
  case headerChecksum
  /// A header that its checksum vouches for, and no log can have written.
  case numbers
  case tooLong(FrameHeader)
  case payload(FrameHeader)
  case padding(FrameHeader)
  case sequence(UInt64)
  case chain
  case lsn(LSN)
  case epoch(UInt64)

  /// A header that its own checksum vouches for, on a frame that is not whole.
  var header: FrameHeader? {
    switch self {
    case .tooLong(let header), .payload(let header), .padding(let header): header
    default: nil
    }
  }

  var sentence: String {
    switch self {
    case .zeros: "zeros where a frame should be"
    case .endOfFile: "the file ends where a frame should be"
    case .magic: "bytes that are no frame"
    case .headerChecksum: "a frame header whose checksum does not hold"
    case .numbers: "a frame header with numbers that no log counts to"
    case .tooLong(let header): "frame \(header.sequence), which is longer than the file"
    case .payload(let header): "frame \(header.sequence), whose checksum does not hold"
    case .padding(let header): "frame \(header.sequence), whose padding is not zero"
    case .sequence(let found): "frame \(found) out of its order"
    case .chain: "a frame that does not follow the one before it"
    case .lsn(let found): "a frame that begins with record \(found), out of order"
    case .epoch(let found): "a frame of epoch \(found), which the manifest does not allow"
    }
  }
}
