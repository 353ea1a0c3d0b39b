internal import LogSequence

/// What the bytes after the last valid frame of the active segment mean. The decision table is in
/// FileFormat.md.
struct TailJudge {
  let scanner: SegmentScanner
  let file: String
  /// Why the scan stopped.
  let problem: FrameProblem
  let fileBytes: Int64
  /// How the store was closed, nil when it was not.
  let closedEnd: Manifest.End?
  let mark: DurableMark?

  enum Verdict: Equatable {
    case clean
    /// A frame that was never acknowledged, cut short by a crash: bytes up to `end`.
    case torn(end: Int64)
  }

  /// How long the file of the last segment is, which is as long as it was made.
  static func size(
    of file: DiskFile, _ header: SegmentHeader
  ) throws(EventLogError) -> Int64 {
    let size = try file.size()
    guard size >= header.fileBytes else {
      throw .damaged(
        file.path, size,
        "the file has \(size) bytes; the segment was made with \(header.fileBytes)")
    }
    return size
  }

  private var start: Int64 { scanner.offset }
  private var expected: UInt64 { scanner.point.sequence + 1 }

  func verdict() throws(EventLogError) -> Verdict {
    if let mark, mark.sequence > scanner.point.sequence {
      throw .damaged(
        file, start,
        "found \(problem.sentence); frame \(mark.sequence) was durable, so frame \(expected) was")
    }
    switch problem {
    case .numbers, .sequence, .chain, .lsn, .epoch:
      throw .damaged(file, start, "found \(problem.sentence); expected frame \(expected)")
    default: break
    }
    let extent = try examine()
    if let closedEnd {
      guard closedEnd.offset == start, closedEnd.point == scanner.point, extent == nil else {
        throw .damaged(
          file, start,
          """
          found \(problem.sentence); the store was closed after frame \
          \(closedEnd.point.sequence) at byte \(closedEnd.offset)
          """)
      }
      return .clean
    }
    guard let extent else { return .clean }
    guard extent <= start + tornLimit else {
      throw .damaged(
        file, start,
        "found \(problem.sentence), and bytes up to \(extent), more than one frame that was cut")
    }
    return .torn(end: extent)
  }

  /// The most that one frame can have left behind.
  private var tornLimit: Int64 {
    if let header = problem.header { return Int64(header.totalBytes) }
    return Int64(Limits.maxFrameBytes)
  }

  /// The end of the last byte that is not zero, nil when all are. A frame header of this segment
  /// anywhere behind proves that the frame at `start` was durable: at most one is un-synced.
  ///
  /// What a manifest that is older than the segment would not know of begins at `start`: of a
  /// store that was closed no more is looked at than the longest frame takes.
  private func examine() throws(EventLogError) -> Int64? {
    let end = closedEnd == nil ? fileBytes : min(fileBytes, start + Int64(Limits.maxFrameBytes))
    var last: Int64?
    var at = start
    while at < end {
      let count = Int(min(Int64(Limits.scanWindowBytes / 4), end - at))
      let bytes = try scanner.window.bytes(at: at, count)
      guard bytes.count == count else {
        throw .damaged(file, at, "the file ends before byte \(fileBytes)")
      }
      if let found = lastNonZero(bytes) {
        last = at + Int64(found) + 1
        try lookForFrames(bytes, at: at)
      }
      at += Int64(count)
    }
    return last
  }

  private func lookForFrames(_ bytes: UnsafeRawBufferPointer, at: Int64) throws(EventLogError) {
    guard let base = bytes.baseAddress else { return }
    var offset = 0
    while offset + Limits.frameHeaderBytes <= bytes.count {
      let place = at + Int64(offset)
      if base.integer(UInt32.self, at: offset) == FrameHeader.magic,
        let header = FrameHeader.decode(base + offset, salt: scanner.header.frameSalt),
        !isTheCutFrame(header, place)
      {
        throw .damaged(
          file, start,
          """
          found \(problem.sentence), and frame \(header.sequence) behind it at byte \(place); \
          expected frame \(expected)
          """)
      }
      offset += Limits.frameAlignment
    }
  }

  /// The header of the one frame that may be incomplete here.
  private func isTheCutFrame(_ header: FrameHeader, _ place: Int64) -> Bool {
    place == start && header == problem.header && header.sequence == expected
      && header.previousChain == scanner.point.chain
      && header.firstLSN == scanner.point.lsn.next
  }
}
