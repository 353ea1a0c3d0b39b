import DequeModule
import LogSequence
import Messages

/// The rate of the batch lane's deliveries, and the events that wait for their turn in it.
///
/// It acts behind acceptance: an event that must wait is durable and acknowledged as pending, so
/// nothing of it waits at the broker. The rate is one delivery every so many nanoseconds, with a
/// short burst after a pause so that turns may be some time apart.
struct Pacing {
  /// An event whose newest record says when it was due.
  struct Waiting: Equatable {
    var key: EventKey
    var lsn: LSN
  }

  enum Next: Equatable {
    /// None, or none yet.
    case nobody
    /// It is to go now; `didRelease` follows.
    case event(Waiting)
    /// Something else has come of it since: `didRelease` follows.
    case movedOn
  }

  /// None: no limit.
  private let interval: TimeSpan
  /// When the next delivery may leave.
  private var nextAt: MonotonicTime = .start
  /// Oldest first.
  private var waiting: Deque<Waiting> = []

  init(perSecond: Int) {
    interval =
      perSecond > 0
      ? max(TimeSpan(nanoseconds: 1), .seconds(1) / UInt64(perSecond)) : .none
  }

  var isLimited: Bool { interval > .none }

  /// Events that wait for their turn.
  var count: Int { waiting.count }

  /// Whether what is due in a lane may go out right now; it must go then.
  mutating func takesTurn(_ lane: Lane, at now: MonotonicTime) -> Bool {
    if lane == .realtime || !isLimited { return true }
    return waiting.isEmpty && takeTurn(at: now)
  }

  /// Puts an event behind those that wait.
  mutating func wait(_ key: EventKey, lsn: LSN) {
    assert(isLimited, "without a rate nobody waits for a turn")
    waiting.append(Waiting(key: key, lsn: lsn))
  }

  /// The next one whose turn has come. Its record must be durable. It counts as waiting until
  /// `didRelease`, so that nothing that its release leads to goes before the others.
  ///
  /// - Parameter isNewest: whether a record is still its event's newest.
  mutating func release(
    at now: MonotonicTime, durable: LSN, isNewest: (LSN, EventKey) -> Bool
  ) -> Next {
    guard let first = waiting.first, first.lsn <= durable else { return .nobody }
    guard isNewest(first.lsn, first.key) else { return .movedOn }
    return takeTurn(at: now) ? .event(first) : .nobody
  }

  mutating func didRelease() {
    precondition(!waiting.isEmpty, "whoever is released has waited")
    waiting.removeFirst()
  }

  private mutating func takeTurn(at now: MonotonicTime) -> Bool {
    guard nextAt <= now else { return false }
    let earliest = now - EngineLimits.paceBurst
    nextAt = max(nextAt, earliest) + interval
    assert(nextAt > earliest, "each turn takes its time")
    return true
  }
}
