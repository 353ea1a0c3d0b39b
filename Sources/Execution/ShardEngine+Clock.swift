import Messages

// What waits for a time.
extension ShardEngine {
  /// The wall clock was put forward by so many nanoseconds since the last input, or back.
  func clockWasSet(by nanoseconds: Int64) {
    counters.clockJumps += 1
    logWatch.clockWasSet(by: nanoseconds)
    events.updateEach { $0.state.clockWasSet(by: nanoseconds) }
  }

  /// Wakes the event when it is due or expires, whichever is first.
  func addTimer(_ event: Int32) {
    let state = events[event].state
    addTimer(
      events[event].key, lsn: events[event].lastLSN, wait: state.wait, dueAt: state.dueAt,
      expiration: state.expiration)
    // When it is due it waits for its turn.
    if deliveryQueues.index(blaming: events[event].key) != nil { wakeUps.add(endTimer(event)) }
  }

  func addTimer(
    _ key: EventKey, lsn: UInt64, wait: EventState.Wait, dueAt: Timestamp, expiration: Timestamp
  ) {
    let clock =
      isBroken(.waitsByTheWallClock) ? UInt64(now.wall.nanoseconds) : now.monotonic
    wakeUps.add(
      key, lsn: lsn, wait: wait, dueAt: dueAt, expiration: expiration, at: now.wall, clock: clock)
  }

  /// Puts an event, whose newest record says when it was due, behind those that wait for their
  /// turn in the rate of their lane.
  func waitForTurn(_ event: Int32) {
    waitForTurn(
      events[event].key, lsn: events[event].lastLSN, expiration: events[event].state.expiration)
  }

  func waitForTurn(_ key: EventKey, lsn: UInt64, expiration: Timestamp) {
    pacing.wait(key, lsn: lsn)
    if !expiration.isNone { wakeUps.add(TimerQueue.Timer(due: expiration, key: key, lsn: lsn)) }
  }

  /// Whether what is due in a lane may go out right now; it must go then.
  func takesTurn(_ lane: Lane) -> Bool { pacing.takesTurn(lane, at: now.monotonic) }

  /// Lets the next event go whose turn has come; false when there is none.
  func releasePaced() -> Bool {
    let next = pacing.release(at: now.monotonic, durable: durableLSN) {
      lookup.isNewest($0, of: $1)
    }
    switch next {
    case .nobody: return false
    case .event(let event): begin(.paced, event.key, lsn: event.lsn)
    case .movedOn: break
    }
    pacing.didRelease()
    return true
  }
}
