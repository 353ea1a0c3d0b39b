import DequeModule
import Messages

// A batch lane with a rate: it acts behind acceptance. An event that must wait for its turn is
// durable and acknowledged as pending, so nothing of it waits at the broker.
extension ShardEngine {
  /// Events of a limited batch lane that wait for their turn.
  package var pacedEvents: Int { pacedBacklog.count }

  /// Whether a batch event may be delivered right now; it must be then.
  func takesTurnNow() -> Bool {
    guard pacedBacklog.isEmpty, pace.mayTake(at: now.monotonic) else { return false }
    pace.take(at: now.monotonic)
    return true
  }

  /// Whether what is due in a lane may go out right now; it must go then.
  func takesTurn(_ lane: Lane) -> Bool {
    lane == .realtime || !pace.isLimited || takesTurnNow()
  }

  /// Puts an event, whose newest record says when it was due, behind those that wait.
  func waitForTurn(_ event: Int32) {
    pacedBacklog.append((events[event].key, events[event].lastLSN))
    let state = events[event].state
    guard !state.expiration.isNone else { return }
    timers.add(
      TimerQueue.Timer(
        due: state.expiration, key: events[event].key, lsn: events[event].lastLSN))
  }

  /// Lets the next one go whose turn has come; false when there is none.
  func releasePaced() -> Bool {
    guard let first = pacedBacklog.first, first.lsn <= durableLSN else { return false }
    if lookup.isNewest(first.lsn, of: first.key) {
      guard pace.mayTake(at: now.monotonic) else { return false }
      pace.take(at: now.monotonic)
      begin(.paced, first.key, lsn: first.lsn)
    }
    // Or something else has come of it since.
    pacedBacklog.removeFirst()
    return true
  }
}
