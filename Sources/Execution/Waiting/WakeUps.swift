import LogSequence
import Messages

/// When which event is to be looked at again.
///
/// Moments follow the wall clock: schedules and expirations. Durations follow the monotonic one:
/// the waits between tries, and giving up. What is durable is wall time in both cases, and is
/// judged again when the clock was set. `deploy/handbook/clocks.md` has the whole table.
struct WakeUps {
  private var moments = TimerQueue()
  private var durations = RetryQueue()
  /// In nanoseconds. The next try never takes longer, whatever an earlier life took the time for.
  private let longestPause: Int64

  init(longestPauseSeconds: Int64) {
    longestPause = longestPauseSeconds * 1_000_000_000
  }

  var count: Int { moments.count + durations.count }
  var nextMoment: Timestamp? { moments.next }
  var nextDuration: MonotonicTime? { durations.next }

  /// How long it is until something is due, in nanoseconds; 0 when it is.
  func remaining(_ wait: EventState.Wait, until dueAt: Timestamp, at now: Timestamp) -> Int64 {
    let left = dueAt.isNone ? 0 : max(0, dueAt.nanoseconds - now.nanoseconds)
    return switch wait {
    case .schedule: left
    case .retry: min(left, longestPause)
    case .turn: 0
    }
  }

  /// Wakes an event when it is due or expires, whichever is first.
  ///
  /// - Parameters:
  ///   - lsn: of the event's newest record.
  ///   - clock: the monotonic time now, but in an engine that is broken on purpose.
  mutating func add(
    _ key: EventKey, lsn: LSN, wait: EventState.Wait, dueAt: Timestamp, expiration: Timestamp,
    at now: Timestamp, clock: MonotonicTime
  ) {
    let expires = !expiration.isNone && expiration < dueAt
    if wait == .schedule || expires {
      moments.add(TimerQueue.Timer(due: expires ? expiration : dueAt, key: key, lsn: lsn))
    }
    if wait != .schedule {
      let at = clock + TimeSpan(nanoseconds: UInt64(remaining(wait, until: dueAt, at: now)))
      durations.add(RetryQueue.Retry(at: at, key: key, lsn: lsn))
    }
  }

  /// Wakes an event at a moment.
  mutating func add(_ timer: TimerQueue.Timer) { moments.add(timer) }

  mutating func popMoment(at now: Timestamp) -> TimerQueue.Timer? { moments.popDue(at: now) }

  mutating func popDuration(at now: MonotonicTime) -> RetryQueue.Retry? {
    durations.popDue(at: now)
  }
}
