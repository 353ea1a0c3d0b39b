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

/// What the calm producer saw, in one round or several.
struct CalmOutcome: Sendable {
  private var rounds: [[Double]]
  /// Of all events those whose delivery never came: they count with the time that was waited.
  private(set) var missing: Int

  init(milliseconds: [Double], missing: Int) {
    rounds = [milliseconds]
    self.missing = missing
  }

  mutating func add(_ other: CalmOutcome) {
    rounds += other.rounds
    missing += other.missing
  }

  var count: Int { rounds.reduce(0) { $0 + $1.count } }
  /// Of the rounds' the median: one moment at which the disk stood still is a row's p99, for some
  /// hundred events.
  var p50: Double { Measurement.median(rounds.map { Measurement.percentile($0, 0.5) }) }
  var p99: Double { Measurement.median(rounds.map { Measurement.percentile($0, 0.99) }) }
  /// Of all rounds.
  var worst: Double { rounds.joined().max() ?? 0 }
}
