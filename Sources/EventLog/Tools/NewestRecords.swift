internal import LogSequence

/// The newest record of every event, in LSN order, with one bit of memory for each record.
///
/// A record is its event's newest when no later one names it as `previousLSN`. So a first pass
/// marks what is superseded, a second hands out the rest. Memory is bounded: a log of more than
/// `windowRecords` records is walked window by window, each pass from the window's start.
package struct NewestRecords {
  private let reader: EventLogReader
  private let windowRecords: Int

  /// 2^30 bits are 128 MiB.
  package init(_ reader: EventLogReader, windowRecords: Int = 1 << 30) {
    precondition(windowRecords > 0, "a window holds records")
    self.reader = reader
    self.windowRecords = windowRecords
  }

  /// - Parameters:
  ///   - progress: records walked so far, and how many that will be in all.
  ///   - body: views are valid in the call; what it throws ends the walk.
  package func forEach(
    progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in },
    _ body: (RecordView) throws -> Void
  ) throws {
    let last = reader.durableLSN
    var first = reader.firstLSN
    let total = plannedRecords(from: first, through: last)
    var done: UInt64 = 0
    func step() {
      done += 1
      if done % 4096 == 0 { progress(done, total) }
    }
    while first <= last {
      let end =
        first.distance(to: last) < windowRecords
        ? last : first.advanced(by: windowRecords - 1)
      var superseded = Bitmap(count: first.distance(to: end) + 1)
      var isAtEnd = true
      try reader.forEachRecord(from: first) { record in
        isAtEnd = false
        step()
        let previous = record.header.previousLSN
        if record.header.flags.contains(.event), first...end ~= previous {
          superseded.set(first.distance(to: previous))
        }
      }
      if isAtEnd { break }
      do {
        try reader.forEachRecord(from: first) { record in
          guard record.header.lsn <= end else { throw WindowEnd() }
          step()
          guard
            record.header.flags.isOfEvent,
            !superseded.isSet(first.distance(to: record.header.lsn))
          else { return }
          try body(record)
        }
      } catch is WindowEnd {}
      first = end.next
    }
    progress(total, total)
  }

  private struct WindowEnd: Error {}

  /// In numbers with a point: of a log that is said to go to the last LSN there is, the sum fits no
  /// integer.
  private func plannedRecords(from first: LSN, through last: LSN) -> UInt64 {
    guard first <= last else { return 0 }
    let (records, window) = (Double(first.distance(to: last) + 1), Double(windowRecords))
    let windows = (records / window).rounded(.up)
    let planned = records + windows * records - window * windows * (windows - 1) / 2
    return UInt64(min(planned, Double(Limits.maxCounter)))
  }
}

/// Bits, all clear at first.
struct Bitmap {
  private var words: [UInt64]

  init(count: Int) { words = [UInt64](repeating: 0, count: (count + 63) / 64) }

  @inline(__always)
  mutating func set(_ index: Int) { words[index >> 6] |= 1 << UInt64(index & 63) }

  @inline(__always)
  func isSet(_ index: Int) -> Bool { words[index >> 6] >> UInt64(index & 63) & 1 == 1 }
}
