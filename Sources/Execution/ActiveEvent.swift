import DequeModule
import Messages

/// An event that is being worked on: from the first input that needs it until nothing of it is
/// under way. All else about an event is in the log.
struct ActiveEvent {
  enum Phase: UInt8 {
    /// Its newest record is being read.
    case loading
    /// The record with its body is being read.
    case loadingBody
    /// A record of it is not durable yet.
    case recording
    /// Its delivery waits for room on the publishing connection.
    case queued
    /// Its delivery waits for the broker's confirm.
    case publishing
    /// Nothing of it is under way.
    case ready
  }

  /// What to do when the awaited record is durable.
  enum Then: UInt8 {
    case publish, settle
  }

  let key: EventKey
  var facts: EventFacts
  var state: EventState
  var phase: Phase
  var then = Then.settle
  var lastLSN: UInt64 = 0
  /// Of its newest publish.
  var token = PublishToken(rawValue: 0)
  /// Why the broker returned the delivery whose confirm is still to come.
  var returnReason: TransitionReason?
  /// The delivery queue that its delivery waits in or was published to.
  var queue: Int32 = -1
  /// Whether a timer, a start or a person drives it: a fresh event goes first.
  var isBackground = false
  /// When its delivery began to wait, monotonic.
  var waitingSince: UInt64 = 0
  /// The rendered delivery, until it is confirmed.
  var delivery: [UInt8] = []
  /// The event as it came, when it is at hand.
  var body: [UInt8] = []
  var bodyRange = 0..<0
  /// Messages to settle when the event may be acknowledged.
  var waiters = Waiters()
  /// Receipts to publish as soon as its newest record is durable.
  var receipts: [PendingReceipt] = []
  /// Redrives to answer as soon as its newest record is durable.
  var redrives: [UInt64] = []
  /// Cancels to answer then.
  var cancels: [CancelSource] = []
  /// Whether it has never come, and is to be cancelled when it does: then there is no state of it,
  /// and of its facts there is the id.
  var isCancelOnly = false
  /// Inputs that came while it was loading or recording, in order.
  var inputs: Deque<EventInput> = []
  /// Whether it is among the events whose inputs the next turns go on with.
  var isPostponed = false
  /// For whom a read of it is under way.
  var readFor: WorkBudget.Share?
  /// Bytes of its own that `HeldBytes` counts: a body that was read, a rendered delivery.
  var heldBytes = 0

  init(key: EventKey, phase: Phase) {
    self.key = key
    self.phase = phase
    facts = EventFacts()
    state = EventState(lane: .realtime, acceptedAt: .none, bodyLSN: 0)
  }

  static let blank = ActiveEvent(key: EventKey(high: 0, low: 0), phase: .ready)

  var hasBody: Bool { !bodyRange.isEmpty }
}

/// The messages that wait for one event: nearly always one, which costs no allocation.
struct Waiters {
  private var first: Int32 = -1
  private var others: [Int32] = []

  var isEmpty: Bool { first < 0 }

  mutating func append(_ message: Int32) {
    if first < 0 { first = message } else { others.append(message) }
  }

  /// Empties it, handing each to `body` in order.
  mutating func removeAll(_ body: (Int32) -> Void) {
    guard first >= 0 else { return }
    body(first)
    for message in others { body(message) }
    first = -1
    if !others.isEmpty { others = [] }
  }
}

struct PendingReceipt {
  var message: Int32
  var isDuplicate: Bool
}

/// What an event is asked to take.
enum EventInput {
  /// An element of a message: the event itself, new or again.
  case event(message: Int32, element: Range<Int>)
  /// An element of a message: a delivery log.
  case log(message: Int32, element: Range<Int>)
  /// Its time has come: schedule or expiration.
  case due
  /// Its next try is due, if that was ordered by the record with this LSN.
  case retry(lsn: UInt64)
  /// Retention wants to remove its earlier records.
  case carry
  /// The same of an event that was final by the record with this LSN.
  case carryFinal(lsn: UInt64)
  /// No delivery log has come in time since the record with this LSN.
  case logTimeout(lsn: UInt64)
  /// Its time has come, and its turn in the rate of its lane.
  case paced
  /// A person wants another attempt. `sequence`: only if the event has not moved on since; 0: in
  /// any case. `isResend`: the same delivery once more, whatever came of the last.
  case redrive(token: UInt64, sequence: UInt32, isResend: Bool)
  /// An element of a message: nothing more of the event is to go out.
  case cancel(message: Int32, element: Range<Int>)
  /// The same, from a person. `id`: of the event.
  case cancelOrder(token: UInt64, id: [UInt8])
}
