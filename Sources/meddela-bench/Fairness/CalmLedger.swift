internal import Synchronization

/// When each event of the calm producer was sent, and how long its delivery took.
final class CalmLedger: Sendable {
  private struct State {
    var sent: [String: ContinuousClock.Instant] = [:]
    var milliseconds: [Double] = []
    var unconfirmed = 0
  }

  private let state = Mutex(State())

  func sent(_ id: String, _ at: ContinuousClock.Instant) {
    state.withLock {
      $0.sent[id] = at
      $0.unconfirmed += 1
    }
  }

  /// The broker has the event.
  func confirmed() { state.withLock { $0.unconfirmed -= 1 } }

  /// Its delivery is there; one that comes again counts once.
  func received(_ id: String, _ at: ContinuousClock.Instant) {
    state.withLock { state in
      guard let sent = state.sent.removeValue(forKey: id) else { return }
      state.milliseconds.append((at - sent).inSeconds * 1000)
    }
  }

  var receivedCount: Int { state.withLock { $0.milliseconds.count } }
  var waitingCount: Int { state.withLock { $0.sent.count } }

  /// What took how long; of what is still waiting, how long it has waited.
  func close(at now: ContinuousClock.Instant) -> CalmOutcome {
    state.withLock { state in
      let waiting = state.sent.values.map { (now - $0).inSeconds * 1000 }
      return CalmOutcome(milliseconds: state.milliseconds + waiting, missing: waiting.count)
    }
  }
}

/// What the calm producer saw.
struct CalmOutcome: Sendable {
  var milliseconds: [Double]
  /// Of them those whose delivery never came: they count with the time that was waited.
  var missing: Int

  var p50: Double { Measurement.percentile(milliseconds, 0.5) }
  var p99: Double { Measurement.percentile(milliseconds, 0.99) }
  var worst: Double { milliseconds.max() ?? 0 }
}
