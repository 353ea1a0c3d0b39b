internal import LogSequence

/// The store's own time, which retention goes by. It runs with a steady clock while the log is
/// open, and goes on by the time that the log was closed, for which there is only the wall clock's
/// word. So a wall clock that is wrong, or set, moves it by no more than is believed of a time that
/// the log was closed; nothing depends on what it is, only on how much of it has passed.
///
/// Pure: the readings of the clocks are handed to it, and it says what is to be reported. What the
/// wall clock says is judged at each of them, from the opening until it is settled: so a clock that
/// is wrong at the start and set then comes right by itself.
struct StoreTime: Equatable {
  /// One look at the clocks.
  struct Reading: Equatable {
    /// Unix nanoseconds; any number.
    var wall: Int64
    /// Nanoseconds of a clock that nobody sets and that runs while the machine sleeps.
    var steady: UInt64
  }

  /// What a file keeps.
  struct Saved: Equatable, Sendable {
    /// The store's time, ns.
    var now: Int64
    /// The wall clock then, unix ns.
    var wall: Int64
    /// By how much the wall clock has gone on more than the store's time. More than 0: that waits
    /// for a confirmation. Less: so much of the next time closed was counted already.
    var gap: Int64 = 0
    /// Whether a gap waits for its confirmation, how long the clock has stood so, and the last
    /// record that is known to be from before that time.
    var isWaiting = false
    var stood: Int64 = 0
    var boundary: LSN = 0
    /// The last record.
    var lastLSN: LSN = 0
    var retentionSeconds: Int64
    var samples = AgeSamples()
  }

  /// The store's time at the last look, ns.
  private(set) var now: Int64
  private(set) var samples: AgeSamples
  /// As in `Saved`. While it is not settled: what the log was closed for, by the wall clock.
  private(set) var gap: Int64
  /// Whether the time that the log was closed is counted, or given up.
  private(set) var isSettled = false
  let limits: ClockLimits
  private var last: Reading
  private var stood: Int64
  private var boundary: LSN
  private let retentionSeconds: Int64
  /// What was counted too much before, or 0: that is no clock that has gone back.
  private let owed: Int64
  /// What was said last of a time that is not settled.
  private var said = Said.nothing
  private let believesAll: Bool
  private let countsSteps: Bool

  private enum Said { case nothing, waiting, behind }

  init(_ saved: Saved, at reading: Reading, breaks: Breaks = []) {
    now = saved.now
    samples = saved.samples
    limits = ClockLimits(retentionSeconds: saved.retentionSeconds)
    retentionSeconds = saved.retentionSeconds
    let closed = reading.wall.less(saved.wall)
    gap = saved.gap.plus(closed)
    owed = min(saved.gap, 0)
    // What came after the file was written may be younger than the log was closed for.
    boundary = saved.isWaiting ? saved.boundary : saved.lastLSN
    // A restart does not begin the wait anew.
    stood = saved.isWaiting && 0...limits.believed ~= closed ? saved.stood : 0
    last = reading
    believesAll = breaks.has(.believeWallClock)
    countsSteps = breaks.has(.countClockSteps)
  }

  /// Whether a gap waits for its confirmation.
  var isWaiting: Bool { !isSettled && gap > limits.believed }

  /// When the record was written, by the store's time.
  func age(of lsn: LSN) -> Int64 { samples.time(of: lsn).map { max(0, now.less($0)) } ?? 0 }

  /// The next look: the log is at `lsn`. The first one is at the opening's reading.
  mutating func look(_ lsn: LSN, at reading: Reading) -> [ClockNotice] {
    let passed = reading.steady > last.steady ? Int64(clamping: reading.steady - last.steady) : 0
    let step = reading.wall.less(last.wall).less(passed)
    last = reading
    assert(passed >= 0, "the steady clock does not go back")
    now = now.plus(passed)
    gap = gap.plus(step)
    let isSet = step.magnitude > limits.tolerance
    let notices = isSettled ? stepped(step, isSet) : judge(passed, isSet)
    // What is from before the time closed stays apart while that is not counted.
    samples.note(
      lsn, at: now, interval: limits.sampling, boundary: isSettled ? 0 : boundary)
    return notices
  }

  private mutating func stepped(_ step: Int64, _ isSet: Bool) -> [ClockNotice] {
    guard isSet else { return [] }
    if countsSteps, step > 0 { now = now.plus(step) }
    return [.stepped(seconds: Self.seconds(step))]
  }

  private mutating func judge(_ passed: Int64, _ isSet: Bool) -> [ClockNotice] {
    stood = isSet ? 0 : stood.plus(passed)
    if gap > limits.believed, !believesAll {
      guard stood < limits.confirmation else {
        return [.confirmed(closedSeconds: count(), byPerson: false)]
      }
      defer { said = .waiting }
      guard said != .waiting || isSet else { return [] }
      return [
        .waiting(
          closedSeconds: Self.seconds(gap),
          confirmedInSeconds: Self.seconds(limits.confirmation.less(stood)))
      ]
    }
    if gap < owed.less(limits.tolerance) {
      if stood >= limits.confirmation { isSettled = true }
      defer { said = .behind }
      guard said != .behind || isSet else { return [] }
      return [.behind(seconds: Self.seconds(Int64(0).less(gap)))]
    }
    let wasSaid = said != .nothing
    let closed = gap > 0 ? count() : 0
    isSettled = true
    return wasSaid ? [.mended(closedSeconds: closed)] : []
  }

  /// The log was closed for the gap: what was written since is as much younger. How long, seconds.
  private mutating func count() -> Int64 {
    assert(gap > 0 && !isSettled, "time closed is counted once")
    let closed = gap
    now = now.plus(closed)
    samples.delay(after: boundary, by: closed)
    gap = 0
    isSettled = true
    return Self.seconds(closed)
  }

  /// A person says that the wall clock is right, having seen this gap (ns).
  mutating func confirm(_ seen: Int64) -> ClockNotice? {
    // What is no more than that would be believed without.
    let isSame = gap.less(seen).magnitude <= limits.believed
    if isWaiting {
      guard isSame else { return .refused(confirmedSeconds: Self.seconds(seen)) }
      return .confirmed(closedSeconds: count(), byPerson: true)
    }
    guard gap < 0 else { return nil }
    guard isSame else { return .refused(confirmedSeconds: Self.seconds(seen)) }
    defer {
      gap = 0
      isSettled = true
    }
    return .accepted(seconds: Self.seconds(Int64(0).less(gap)))
  }

  /// The log begins behind this record now.
  mutating func forget(through lsn: LSN) { samples.forget(through: lsn) }

  func saved(lastLSN: LSN) -> Saved {
    Saved(
      // A clock that was set forward while the log was open says nothing of the time closed.
      now: now, wall: last.wall, gap: isSettled ? min(gap, 0) : gap, isWaiting: isWaiting,
      stood: isWaiting ? stood : 0, boundary: isWaiting ? boundary : 0, lastLSN: lastLSN,
      retentionSeconds: retentionSeconds, samples: samples)
  }

  private static func seconds(_ nanoseconds: Int64) -> Int64 { nanoseconds / 1_000_000_000 }
}

extension StoreTime.Saved {
  /// Of a store without the file: by the times in its records.
  ///
  /// - Parameter newest: of each segment in order: its last record, and the newest time in it.
  static func made(
    of newest: [AgeSamples.Sample], wall: Int64, retentionSeconds: Int64
  ) -> StoreTime.Saved {
    let limits = ClockLimits(retentionSeconds: retentionSeconds)
    // The newest time that the clock does not contradict.
    let latest = newest.map(\.time).filter { 0...max(0, wall) ~= $0 }.max()
    let now = latest.flatMap { $0 > 0 ? $0 : nil } ?? wall
    return StoreTime.Saved(
      now: now, wall: now, lastLSN: newest.last?.lsn ?? 0, retentionSeconds: retentionSeconds,
      samples: AgeSamples(newest, now: now, wall: wall, believed: limits.believed))
  }
}
