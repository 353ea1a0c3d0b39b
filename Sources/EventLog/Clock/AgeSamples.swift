internal import LogSequence

/// When records were written, by the store's time: a few samples of how far the log was when.
///
/// A record is as old as the first sample at or behind it, so a sample that is missing makes
/// records younger, never older.
struct AgeSamples: Equatable, Sendable {
  struct Sample: Equatable, Sendable {
    /// Every record up to here was written by then.
    var lsn: LSN
    /// The store's time, ns.
    var time: Int64
  }

  /// Rising in both.
  private(set) var list: [Sample] = []

  init() {}

  /// Nil when they do not rise.
  init?(_ list: [Sample]) {
    guard
      list.count <= Limits.ageSamples,
      zip(list, list.dropFirst()).allSatisfy({ $0.lsn < $1.lsn && $0.time <= $1.time })
    else { return nil }
    self.list = list
  }

  /// The log is at `lsn`. Samples that are closer than `interval` ns become one, but for those up
  /// to `boundary`.
  mutating func note(_ lsn: LSN, at time: Int64, interval: Int64, boundary: LSN = 0) {
    guard lsn > list.last?.lsn ?? 0 else { return }
    let time = max(time, list.last?.time ?? time)
    if list.count >= 2, list[list.count - 1].lsn > boundary,
      time.less(list[list.count - 2].time) < interval
    {
      list.removeLast()
    }
    assert((list.last?.lsn ?? 0) < lsn, "samples stand in LSN order")
    assert((list.last?.time ?? time) <= time, "time does not go back")
    list.append(Sample(lsn: lsn, time: time))
    if list.count > Limits.ageSamples { thin() }
  }

  private mutating func thin() {
    let half = list.count / 2
    let older = list[..<half].enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    list = older + list[half...]
  }

  /// The last record of those that were written before `time`; 0 when none is known to be.
  func last(before time: Int64) -> LSN { list.last { $0.time < time }?.lsn ?? 0 }

  /// When the record was written, or a little later; nil when no sample is behind it.
  func time(of lsn: LSN) -> Int64? { list.first { $0.lsn >= lsn }?.time }

  /// Those behind `lsn` were taken so much later than was known.
  mutating func delay(after lsn: LSN, by nanoseconds: Int64) {
    for index in list.indices where list[index].lsn > lsn {
      list[index].time = list[index].time.plus(nanoseconds)
    }
  }

  /// The log begins behind this record now.
  mutating func forget(through lsn: LSN) { list.removeAll { $0.lsn <= lsn } }
}

extension AgeSamples {
  /// Of a store that has none: by the times in its records, which some clock said. They only say
  /// how long it took from one segment to the next, `believed` at most.
  ///
  /// - Parameters:
  ///   - newest: of each segment in order: its last record, and the newest time in it.
  ///   - now: what the last of them gets, by the store's time.
  ///   - wall: later times are not believed at all.
  init(_ newest: [Sample], now: Int64, wall: Int64, believed: Int64) {
    var latest: Int64?
    let times = newest.map { segment -> Int64? in
      if 0...max(0, wall) ~= segment.time { latest = max(latest ?? segment.time, segment.time) }
      return latest
    }
    var time = now
    var samples: [Sample] = []
    for (index, segment) in newest.enumerated().reversed() {
      if index + 1 < newest.count, let own = times[index], let next = times[index + 1] {
        time = time.less(min(next.less(own), believed))
      }
      if segment.lsn > 0, segment.lsn < samples.last?.lsn ?? .max {
        samples.append(Sample(lsn: segment.lsn, time: time))
      }
    }
    list = samples.reversed()
    while list.count > Limits.ageSamples { thin() }
  }
}

extension Int64 {
  /// The sum, or what is nearest to it: numbers of files and of clocks may be any.
  func plus(_ other: Int64) -> Int64 {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? (other > 0 ? .max : .min) : sum
  }

  /// The difference, or what is nearest to it.
  func less(_ other: Int64) -> Int64 {
    let (difference, isOver) = subtractingReportingOverflow(other)
    return isOver ? (other < 0 ? .max : .min) : difference
  }
}
