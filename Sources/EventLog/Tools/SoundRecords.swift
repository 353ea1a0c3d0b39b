internal import LogSequence

/// Every record of a segment that is vouched for, in the order of their LSNs, whatever else in it
/// is damaged: from whole frames, and from others record by record.
///
/// In a frame that is not whole a record counts when its own checksum holds and it stands where the
/// frame or the record before it says. Behind a place that cannot be read a record counts only when
/// it is an event's and its hash, whose key is the store's secret, is its id's: what a body holds
/// does not pass for a record.
struct SoundRecords {
  private let file: DamagedFile
  private let identity: StoreIdentity
  private let salt: FrameSalt?
  /// Bytes of the segment that frames may take.
  private let end: Int64
  /// The next LSN that may come, and the last.
  private var next: LSN
  private let last: LSN
  private var isStopped = false

  /// - Parameters:
  ///   - file: taken over.
  ///   - end: where frames end at the latest.
  ///   - lsns: those that the segment may have.
  init(_ file: DiskFile, _ identity: StoreIdentity, end: Int64, lsns: ClosedRange<LSN>) {
    self.file = DamagedFile(file)
    self.identity = identity
    self.end = end
    next = lsns.lowerBound
    last = lsns.upperBound
    let header = self.file.copy(at: 0, Limits.segmentHeaderBytes)
    let segment = try? SegmentHeader.decode(header, file: file.path)
    salt = segment?.store == identity.store ? segment?.frameSalt : nil
  }

  /// A record, valid in the call, and where in the file it stands; false ends the walk.
  typealias Body = (RecordView, Int64) throws -> Bool

  mutating func forEach(_ body: Body) throws {
    var offset = Int64(Limits.segmentHeaderBytes)
    while offset < end, !isStopped {
      let bytes = file.bytes(at: offset, Limits.frameHeaderBytes)
      guard bytes.count == Limits.frameHeaderBytes else { return }
      if let header = frame(bytes) {
        try take(header, at: offset, body)
        offset += Int64(header.totalBytes)
      } else if isZero(bytes) {
        offset += Int64(Limits.frameAlignment)
      } else {
        let stop = nextFrame(behind: offset)
        if next <= last { try search(offset, stop, next...last, begins: false, body) }
        offset = stop
      }
    }
  }

  /// Whether the segment's header can be read, and with it which bytes are a frame.
  var canSeeFrames: Bool { salt != nil }

  /// The end of the last whole frame: what stands behind it was never acknowledged. Only for a
  /// segment whose header can be read.
  func endOfWholeFrames() -> Int64 {
    var offset = Int64(Limits.segmentHeaderBytes)
    var found = offset
    while offset < end {
      let bytes = file.bytes(at: offset, Limits.frameHeaderBytes)
      guard bytes.count == Limits.frameHeaderBytes else { break }
      guard let header = frame(bytes) else {
        offset += Int64(Limits.frameAlignment)
        continue
      }
      if isWhole(header, at: offset) { found = offset + Int64(header.totalBytes) }
      offset += Int64(header.totalBytes)
    }
    return found
  }

  private func frame(_ bytes: UnsafeRawBufferPointer) -> FrameHeader? {
    guard
      let salt, bytes.count == Limits.frameHeaderBytes, let start = bytes.baseAddress,
      start.integer(UInt32.self, at: 0) == FrameHeader.magic,
      let header = FrameHeader.decode(start, salt: salt), header.isInRange
    else { return nil }
    return header
  }

  private func payload(_ header: FrameHeader, at offset: Int64) -> UnsafeRawBufferPointer {
    file.bytes(at: offset + Int64(Limits.frameHeaderBytes), header.payloadBytes)
  }

  private func isWhole(_ header: FrameHeader, at offset: Int64) -> Bool {
    let payload = payload(header, at: offset)
    guard let salt, payload.count == header.payloadBytes, let start = payload.baseAddress else {
      return header.payloadBytes == 0
    }
    return checksum(start, payload.count, seed: salt.payload(sequence: header.sequence))
      == header.payloadChecksum
  }

  /// The records of a frame whose header can be believed.
  private mutating func take(_ header: FrameHeader, at offset: Int64, _ body: Body) throws {
    guard header.recordCount > 0 else { return }
    let lsns = header.firstLSN...header.firstLSN.advanced(by: header.recordCount).previous
    guard next <= last, lsns.upperBound >= next, lsns.lowerBound <= last else { return }
    let start = offset + Int64(Limits.frameHeaderBytes)
    let stop = min(end, start + Int64(header.payloadBytes))
    try search(
      start, stop, max(next, lsns.lowerBound)...min(last, lsns.upperBound), begins: true,
      body)
  }

  private func nextFrame(behind offset: Int64) -> Int64 {
    var at = offset + Int64(Limits.frameAlignment)
    while at < end {
      let bytes = file.bytes(at: at, Limits.frameHeaderBytes)
      if bytes.count < Limits.frameHeaderBytes || frame(bytes) != nil { return min(at, end) }
      at += Int64(Limits.frameAlignment)
    }
    return end
  }

  /// Looks for records from `start` to `stop`. `begins`: one stands at `start`.
  private mutating func search(
    _ start: Int64, _ stop: Int64, _ lsns: ClosedRange<LSN>, begins: Bool, _ body: Body
  ) throws {
    var at = start
    var beginning = begins ? start : -1
    while at + Int64(Limits.recordHeaderBytes) <= stop, !isStopped, next <= lsns.upperBound {
      let bytes = file.bytes(at: at, Int(min(Int64(Limits.maxRecordBytes), stop - at)))
      guard let start = bytes.baseAddress else { return }
      let view = RecordCodec.decode(start, available: bytes.count)
      let length = view.map { RecordCodec.length(id: $0.id.count, payload: $0.payload.count) } ?? 8
      let allowed = max(next, lsns.lowerBound)...lsns.upperBound
      guard
        let view, allowed ~= view.header.lsn, isSound(view, start, isBeginning: at == beginning)
      else {
        // Where a damaged record says that the next one begins, one may begin.
        if at == beginning { beginning = view == nil ? -1 : at + Int64(length) }
        at += 8
        continue
      }
      next = view.header.lsn.next
      isStopped = try !body(view, at)
      at += Int64(length)
      beginning = at
    }
  }

  private func isSound(
    _ view: RecordView, _ start: UnsafeRawPointer, isBeginning: Bool
  ) -> Bool {
    let header = view.header
    guard RecordCodec.isIntact(start, lsn: header.lsn), header.previousLSN < header.lsn else {
      return false
    }
    guard header.flags.contains(.event) else { return isBeginning }
    return SipHash.hash(view.id, key: identity.key) == header.hash
  }
}
