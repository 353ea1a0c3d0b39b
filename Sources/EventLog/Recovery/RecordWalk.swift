internal import LogSequence

/// The records of a valid frame, in order. That a frame's checksum holds says that it was written
/// so, not that it makes sense: what contradicts itself is damage.
struct RecordWalk {
  /// Valid as long as the frame.
  struct Record {
    let view: RecordView
    /// In the segment.
    let offset: Int64
  }

  private let frame: SegmentScanner.Frame
  private let file: String
  private var at: UnsafeRawPointer?
  private var available: Int
  private var left: Int
  private var lsn: LSN

  /// - Parameter file: the segment's, for the error.
  @inline(__always)
  init(_ frame: SegmentScanner.Frame, file: String) {
    self.frame = frame
    self.file = file
    at = frame.payload.baseAddress
    available = frame.payload.count
    left = frame.header.recordCount
    lsn = frame.header.firstLSN
  }

  /// The next record; nil behind the last one.
  ///
  /// - Throws: `damaged` when there is no such record, or more behind the last one.
  @inline(__always)
  mutating func next() throws(EventLogError) -> Record? {
    guard left > 0, let start = at else {
      guard available == 0 else {
        throw .damaged(
          file, frame.offset, "frame \(frame.header.sequence) is longer than its records")
      }
      return nil
    }
    let offset =
      frame.offset + Int64(Limits.frameHeaderBytes) + Int64(frame.payload.count - available)
    guard
      let view = RecordCodec.decode(start, available: available), view.header.lsn == lsn
    else { throw contradiction(lsn, offset) }
    let length = RecordCodec.length(id: view.id.count, payload: view.payload.count)
    at = start + length
    available -= length
    left -= 1
    lsn = lsn.next
    return Record(view: view, offset: offset)
  }

  /// A record whose bytes were written so, and that cannot be.
  func contradiction(_ lsn: LSN, _ offset: Int64) -> EventLogError {
    .damaged(file, offset, "record \(lsn) contradicts itself or the records before it")
  }
}

extension SegmentScanner {
  /// Walks a sealed segment whole, a frame after the other.
  ///
  /// - Throws: `damaged` when it does not end where its `end` says, in the frame that it names.
  mutating func walk(
    to end: Manifest.End, file: String, _ body: (Frame) throws(EventLogError) -> Void
  ) throws(EventLogError) {
    while offset < end.offset {
      switch try next(until: end.offset) {
      case .frame(let frame): try body(frame)
      case .end(let problem):
        throw .damaged(
          file, offset, "found \(problem.sentence); expected frame \(point.sequence + 1)")
      }
    }
    guard point == end.point else {
      throw .damaged(
        file, offset,
        """
        the last frame is \(point.sequence); the manifest ends the segment with frame \
        \(end.point.sequence)
        """)
    }
  }
}
