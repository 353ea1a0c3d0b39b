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

  /// Puts an event, whose newest record says when it was due, behind those that wait.
  func waitForTurn(_ event: Int32) {
    pacedBacklog.append((events[event].key, events[event].lastLSN))
    let state = events[event].state
    guard !state.expiration.isNone else { return }
    timers.add(
      TimerQueue.Timer(
        due: state.expiration, key: events[event].key, lsn: events[event].lastLSN))
  }

  func releasePaced() {
    guard !pacedBacklog.isEmpty, isRecovered, !isDraining else { return }
    while events.count < EngineLimits.activeEvents, let first = pacedBacklog.first {
      guard first.lsn <= durableLSN else { return }
      // Something else has come of it since.
      guard lookup.isNewest(first.lsn, of: first.key) else {
        pacedBacklog.removeFirst()
        continue
      }
      guard pace.mayTake(at: now.monotonic) else { return }
      pacedBacklog.removeFirst()
      pace.take(at: now.monotonic)
      give(.paced, to: first.key, lsn: first.lsn)
    }
  }
}
