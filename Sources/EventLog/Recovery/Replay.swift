internal import LogSequence

/// Takes records in order, those of the segments that are not indexed: into the index, the segment
/// map, and the caller's hands.
final class Replay {
  let index: EventIndex
  let map: SegmentMap
  private(set) var records = 0
  /// The newest time in them, unix ns; any number.
  private(set) var latest: Int64 = 0
  /// Records of events that have one in an indexed segment.
  private(set) var reopened = ReopenedEvents()
  private let mask: UInt64
  private let coveredLSN: LSN
  private let body: (RecordView) throws -> Void
  private var marks: [UInt32] = []

  /// `coveredLSN`: what tables know up to; `index` holds the events that are open there.
  init(
    index: EventIndex, map: SegmentMap, mask: UInt64, coveredLSN: LSN,
    body: @escaping (RecordView) throws -> Void
  ) {
    self.index = index
    self.map = map
    self.mask = mask
    self.coveredLSN = coveredLSN
    reopened.see(covered: coveredLSN)
    self.body = body
  }

  /// The records of a valid frame; the pair to what `EventLog.append` asserts.
  func take(_ frame: SegmentScanner.Frame, file: String) throws(EventLogError) {
    var ahead = 0
    for _ in 0..<Self.prefetchedRecords { prefetch(frame.payload, &ahead) }
    var walk = RecordWalk(frame, file: file)
    while let record = try walk.next() {
      prefetch(frame.payload, &ahead)
      let view = record.view
      guard note(view, offset: record.offset) else {
        throw walk.contradiction(view.header.lsn, record.offset)
      }
      latest = max(latest, view.header.time)
      do {
        if !view.header.flags.contains(.lost) { try body(view) }
      } catch let error as EventLogError {
        throw error
      } catch {
        throw EventLogError(.replayRefused, "\(error)", file: file, offset: record.offset)
      }
    }
    records += frame.header.recordCount
    if !marks.isEmpty {
      map.append(marks)
      marks.removeAll(keepingCapacity: true)
    }
  }

  /// How many records the index is told of before their turn comes.
  private static let prefetchedRecords = 16

  /// Looks at the record at `ahead` for its fingerprint only; it is verified in its turn.
  @inline(__always)
  private func prefetch(_ payload: UnsafeRawBufferPointer, _ ahead: inout Int) {
    guard ahead + Limits.recordHeaderBytes <= payload.count, let base = payload.baseAddress
    else { return }
    index.prefetch((base + ahead).integer(UInt64.self, at: 24) & mask)
    ahead += max(8, Int((base + ahead).integer(UInt32.self, at: 0)))
  }

  @inline(__always)
  private func note(_ view: RecordView, offset: Int64) -> Bool {
    let header = view.header
    if header.lsn.isAtStride {
      marks.append(UInt32(truncatingIfNeeded: offset / 8))
    }
    guard header.flags.contains(.event) else { return true }
    let value = IndexValue(header)
    let known = index.update(
      header.hash.high & mask, previous: header.previousLSN, to: value)
    // The record before it is a final one of an indexed segment, or went with an older one.
    if known == .unknown, header.previousLSN > coveredLSN { return false }
    if known.wasFinal { reopened.note(value, of: header.hash) }
    return true
  }
}
