import DequeModule
import LogSequence
import Messages

/// What drives events on although no message asks for it at this moment: each source has its turn,
/// and together they have a bounded number of events under way. However much is due at once,
/// fresh events and delivery logs find room.
struct BackgroundWork {
  enum Source: Int, CaseIterable {
    /// Events that were open at the last stop, and due.
    case recovery
    /// Events whose queue answers again.
    case recalled
    /// Schedules and expirations.
    case timers
    /// Tries after a refusal.
    case retries
    /// Events behind a queue that does not answer: the next probe, or one that expires. Events
    /// over which the broker closes the connection: the next of them.
    case heldBack
    /// Deliveries that nobody has answered.
    case logTimeouts
    /// Events whose turn in the rate of the batch lane has come.
    case paced
    /// Failed deliveries that go on to another channel.
    case fallbacks
    /// What a person wants delivered after all.
    case redrives
  }

  /// A redrive that has been asked for and not begun.
  struct Redrive {
    var id: [UInt8]
    var sequence: UInt32
    var token: UInt64
    /// Of any final event, on the channel and with the template version of its last attempt.
    var isResend: Bool
  }

  /// Events of these sources that are being worked on.
  private(set) var running = 0
  private(set) var redrives: Deque<Redrive> = []
  /// Durably failed, and to be tried on another channel as soon as there is room.
  private(set) var fallbacks: Deque<(key: EventKey, lsn: LSN)> = []
  /// Cancels that a person has asked for and that have not begun. They need no room here: what
  /// fills it may be what is to be cancelled.
  private var cancels: Deque<CancelOrder> = []
  private var nextSource = 0

  var hasRoom: Bool { running < EngineLimits.backgroundEvents }

  mutating func began() { running += 1 }

  mutating func ended() {
    precondition(running > 0, "each event of the background ends once")
    running -= 1
  }

  /// Whose turn it is.
  mutating func takeTurn() -> Source {
    defer { nextSource = (nextSource + 1) % Source.allCases.count }
    return Source.allCases[nextSource]
  }

  /// False when too many wait already.
  mutating func add(_ redrive: Redrive) -> Bool {
    guard redrives.count < EngineLimits.waitingRedrives else { return false }
    redrives.append(redrive)
    return true
  }

  /// False when too many wait already.
  mutating func add(_ cancel: CancelOrder) -> Bool {
    guard cancels.count < EngineLimits.waitingCancels else { return false }
    cancels.append(cancel)
    return true
  }

  var hasCancels: Bool { !cancels.isEmpty }

  mutating func nextCancel() -> CancelOrder? { cancels.popFirst() }

  mutating func nextRedrive() -> Redrive? { redrives.popFirst() }

  mutating func addFallback(_ key: EventKey, lsn: LSN) {
    assert(lsn > 0, "a fallback follows a record")
    fallbacks.append((key, lsn))
  }

  mutating func nextFallback() -> (key: EventKey, lsn: LSN)? { fallbacks.popFirst() }
}
