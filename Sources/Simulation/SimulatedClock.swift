import Execution
import Messages

/// The clocks of a simulated shard: time is a number, and the wall clock is set and drifts.
struct SimulatedClock {
  /// The time that passes, and the monotonic clock.
  private(set) var nanoseconds: Int64 = 1_800_000_000_000_000_000
  private let start: Int64 = 1_800_000_000_000_000_000
  /// By how much the wall clock has been set forward.
  private(set) var offset: Int64 = 0
  /// In parts per million.
  private let drift: Int64
  private var jumps: Int
  /// Of its own, so that a run without jumps is the same one.
  private var random: SeededRandom
  /// When a clock that was set wrongly is put right, and by how much.
  private var correction: (at: Int64, by: Int64)?
  /// Since when it has been set forward by how much, oldest first.
  private var settings: [(since: Int64, offset: Int64)] = []
  /// The latest time that the wall clock has shown.
  private(set) var latestWall = Timestamp(nanoseconds: 0)

  private static let day: Int64 = 86_400_000_000_000
  private static let hour: Int64 = 3_600_000_000_000

  init(seed: UInt64, jumps: Int, drift: Int64) {
    random = SeededRandom(seed: seed ^ 0xC10C)
    self.jumps = jumps
    self.drift = drift
  }

  /// By how much the wall clock is ahead.
  var ahead: Int64 { offset + (nanoseconds - start) / 1_000_000 * drift }

  var now: Instant {
    Instant(
      wall: Timestamp(nanoseconds: nanoseconds + ahead),
      monotonic: MonotonicTime(nanoseconds: UInt64(nanoseconds)))
  }

  mutating func pass(_ time: Int64) {
    nanoseconds += time
    if let due = correction, due.at <= nanoseconds {
      set(forward: due.by)
      correction = nil
    }
    if jumps > 0, random.chance(1) { jump() }
    latestWall = max(latestWall, now.wall)
  }

  mutating func set(forward time: Int64) {
    offset += time
    if settings.last?.since == nanoseconds { settings.removeLast() }
    settings.append((nanoseconds, offset))
  }

  /// When the wall clock showed a time last, and what it would have shown then had nobody put it
  /// back since `birth`.
  func moment(of wall: Timestamp, since birth: Int64) -> (nanoseconds: Int64, latest: Timestamp) {
    let all = [(since: start, offset: 0)] + settings
    var place = all.count - 1
    var moment = nanoseconds
    var end = nanoseconds
    while place >= 0 {
      let gone = Double(wall.nanoseconds - all[place].offset - start)
      moment = start + Int64(gone / (1 + Double(drift) / 1e6))
      // The drift is in steps, see `ahead`.
      if (all[place].since - 1_000...end + 1_000).contains(moment) { break }
      end = all[place].since
      place -= 1
    }
    guard place >= 0 else { return (nanoseconds, wall) }
    // By its place among the settings: the moment itself is not exact.
    let first = all.lastIndex { $0.since <= birth } ?? 0
    let highest = all[min(first, place)...place].map(\.offset).max() ?? all[place].offset
    let back = highest - all[place].offset
    return (min(moment, nanoseconds), Timestamp(nanoseconds: wall.nanoseconds + back))
  }

  private mutating func jump() {
    jumps -= 1
    if correction == nil, random.chance(50) {
      set(forward: Self.day)
      correction = (nanoseconds + 1_500_000_000, -Self.day)
    } else {
      set(forward: -Self.hour)
    }
  }
}
