import DequeModule
import Messages

// Moments follow the wall clock: schedules and expirations. Durations follow the monotonic one:
// the waits between tries, giving up, log timeouts. What is durable is wall time in both cases, and
// is judged again when the clock was set. `deploy/handbook/clocks.md` has the whole table.
extension ShardEngine {
  /// The wall clock was put forward by so many nanoseconds since the last input, or back.
  func clockWasSet(by nanoseconds: Int64) {
    counters.clockJumps += 1
    logWatch.clockWasSet(by: nanoseconds)
    events.updateEach { $0.state.clockWasSet(by: nanoseconds) }
  }

  /// How long it is until something is due, in nanoseconds; 0 when it is. The next try never takes
  /// longer than the longest pause, whatever an earlier life took the time for.
  func remaining(_ wait: EventState.Wait, until dueAt: Timestamp) -> Int64 {
    let left = dueAt.isNone ? 0 : max(0, dueAt.nanoseconds - now.wall.nanoseconds)
    return switch wait {
    case .schedule: left
    case .retry: min(left, settings.retryMaxSeconds * 1_000_000_000)
    case .turn: 0
    }
  }

  /// Wakes the event when it is due or expires, whichever is first.
  func addTimer(_ event: Int32) {
    let state = events[event].state
    addTimer(
      events[event].key, lsn: events[event].lastLSN, wait: state.wait, dueAt: state.dueAt,
      expiration: state.expiration)
    // When it is due it waits for its turn.
    if deliveryQueues.index(blaming: events[event].key) != nil { timers.add(endTimer(event)) }
  }

  func addTimer(
    _ key: EventKey, lsn: UInt64, wait: EventState.Wait, dueAt: Timestamp, expiration: Timestamp
  ) {
    let expires = !expiration.isNone && expiration < dueAt
    if wait == .schedule || expires {
      timers.add(TimerQueue.Timer(due: expires ? expiration : dueAt, key: key, lsn: lsn))
    }
    if wait != .schedule {
      let clock =
        isBroken(.waitsByTheWallClock) ? UInt64(now.wall.nanoseconds) : now.monotonic
      let at = clock &+ UInt64(remaining(wait, until: dueAt))
      retries.add(RetryQueue.Retry(at: at, key: key, lsn: lsn))
    }
  }
}
