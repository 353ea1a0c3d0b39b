import DequeModule
import LogSequence
import Messages

/// An event that is being worked on: from the first input that needs it until nothing of it is
/// under way. All else about an event is in the log.
///
/// Its phase changes by the methods here only, and what belongs to one phase is there in that
/// phase only. Everything that happens to an event in its phase returns what is to be done next.
struct ActiveEvent {
  enum Phase {
    /// Its newest record is being read.
    case loading
    /// The record with its body is being read.
    case loadingBody
    /// A record of it is not durable yet.
    case recording(Then)
    /// Its delivery waits for room on the publishing connection.
    case queued(QueuedDelivery)
    /// Its delivery waits for the broker's confirm.
    case publishing(PublishedDelivery)
    /// Nothing of it is under way.
    case ready
  }

  /// What to do when the awaited record is durable.
  enum Then {
    /// Publish this delivery.
    case publish([UInt8])
    /// Acknowledge the messages that wait for the event.
    case settle
  }

  struct QueuedDelivery {
    /// The number of the delivery queue that it waits in.
    var queue: Int
    /// Since when.
    var since: MonotonicTime
    /// Rendered.
    var bytes: [UInt8]
  }

  struct PublishedDelivery {
    var delivery: QueuedDelivery
    var token: PublishToken
    /// Why the broker returned it: the confirm is still to come.
    var returnReason: TransitionReason?
  }

  let key: EventKey
  private(set) var phase: Phase
  var facts = EventFacts()
  var state = EventState(lane: .realtime, acceptedAt: .none, bodyLSN: 0)
  var lastLSN: LSN = 0
  /// Whether a timer, a start or a person drives it: a fresh event goes first.
  var isBackground = false
  /// The event as it came, when it is at hand.
  var body: [UInt8] = []
  var bodyRange = 0..<0
  /// Messages to settle when the event may be acknowledged.
  var waiters = Waiters()
  /// To be given as soon as its newest record is durable.
  var answers: [PendingAnswer] = []
  /// Whether it has never come, and is to be cancelled when it does: then there is no state of it,
  /// and of its facts there is the id.
  var isCancelOnly = false
  /// Inputs that came while it was loading or recording, in order.
  private(set) var inputs: Deque<EventInput> = []
  /// Whether it is among the events whose inputs the next turns go on with.
  var isPostponed = false
  /// For whom a read of it is under way.
  var readFor: WorkBudget.Share?
  /// Bytes of its own that `HeldBytes` counts: a body that was read, a rendered delivery.
  var heldBytes = 0

  /// An event that has just come: its first record is still to be made.
  init(key: EventKey) {
    self.key = key
    phase = .ready
  }

  /// An event of the log: its newest record is to be read for an input.
  init(key: EventKey, loadingFor input: EventInput) {
    self.key = key
    phase = .loading
    inputs.append(input)
  }

  static let blank = ActiveEvent(key: EventKey(high: 0, low: 0))

  var hasBody: Bool { !bodyRange.isEmpty }
}

// What is asked of its phase.
extension ActiveEvent {
  /// Whether nothing of it is under way.
  var isAtRest: Bool {
    if case .ready = phase { return true }
    return false
  }

  /// Whether its newest record is still being read: nothing else is known of it.
  var isLoading: Bool {
    if case .loading = phase { return true }
    return false
  }

  var isLoadingBody: Bool {
    if case .loadingBody = phase { return true }
    return false
  }

  /// Whether inputs have to wait for the log.
  var isBusy: Bool {
    switch phase {
    case .loading, .loadingBody, .recording: true
    case .queued, .publishing, .ready: false
    }
  }

  /// Whether an input can be handled now: none waits before it.
  var isReady: Bool { !isBusy && inputs.isEmpty }

  /// Whether its delivery waits in a queue.
  func isQueued(in queue: Int) -> Bool {
    if case .queued(let delivery) = phase { return delivery.queue == queue }
    return false
  }

  /// Its delivery, as long as it is not handed to the broker.
  var queued: QueuedDelivery? {
    if case .queued(let delivery) = phase { return delivery }
    return nil
  }

  /// Its delivery that the broker has not confirmed.
  var published: PublishedDelivery? {
    if case .publishing(let published) = phase { return published }
    return nil
  }

  var isPublishing: Bool {
    if case .publishing = phase { return true }
    return false
  }

  /// The delivery queue that its delivery waits in or was published to.
  var queue: Int? {
    switch phase {
    case .queued(let delivery): delivery.queue
    case .publishing(let published): published.delivery.queue
    case .loading, .loadingBody, .recording, .ready: nil
    }
  }

  /// Bytes of its delivery; 0 when it has none.
  var deliveryBytes: Int {
    switch phase {
    case .queued(let delivery): delivery.bytes.count
    case .publishing(let published): published.delivery.bytes.count
    case .loading, .loadingBody, .recording, .ready: 0
    }
  }
}

// Inputs.
extension ActiveEvent {
  /// Keeps an input until the event is ready for it.
  mutating func postpone(_ input: EventInput) { inputs.append(input) }

  /// The next input that waited, if the event is ready for it.
  mutating func nextInput() -> EventInput? { isBusy ? nil : inputs.popFirst() }

  /// An input needs the body, which is being read from now on; it is given again then.
  mutating func loadBody(for input: EventInput) {
    guard case .ready = phase else {
      preconditionFailure("an event that is being delivered has its body")
    }
    phase = .loadingBody
    inputs.prepend(input)
  }

  /// What was being read is there.
  mutating func hasLoaded() {
    guard isLoading || isLoadingBody else {
      preconditionFailure("only what is being read is there at last")
    }
    phase = .ready
  }

  /// The log has no body of it any more: the input that needed it is given up.
  mutating func bodyIsGone() -> EventInput {
    hasLoaded()
    return inputs.removeFirst()
  }
}

// The life of a delivery: recording, queued, publishing, recording, at rest.
extension ActiveEvent {
  /// Its newest record is on its way to the disk. A delivery that was queued or published before
  /// is over: it has its answer, or something else has come instead.
  mutating func awaitDurable(_ then: Then) {
    assert(!isLoading && !isLoadingBody, "what is being read makes no records")
    phase = .recording(then)
  }

  /// The record is durable. What to do now.
  mutating func isDurable() -> Then {
    guard case .recording(let then) = phase else {
      preconditionFailure("an event waits for its newest record, once")
    }
    phase = .ready
    return then
  }

  /// Nothing of it is under way.
  mutating func rest() {
    assert(!isLoading && !isLoadingBody, "what is being read does not rest")
    phase = .ready
  }

  mutating func queue(_ delivery: QueuedDelivery) {
    assert(isAtRest, "one delivery at a time")
    assert(!delivery.bytes.isEmpty, "a delivery has been rendered")
    phase = .queued(delivery)
  }

  /// Its delivery goes to the broker.
  mutating func publish(_ token: PublishToken) -> QueuedDelivery {
    guard case .queued(let delivery) = phase else {
      preconditionFailure("only what is queued is published")
    }
    assert(token.kind == .delivery, "the token is of a delivery")
    phase = .publishing(PublishedDelivery(delivery: delivery, token: token))
    return delivery
  }

  /// The broker has returned its delivery: the confirm that follows counts as a refusal. False
  /// when there is no such delivery under way.
  mutating func wasReturned(attempt: UInt16, _ reason: TransitionReason) -> Bool {
    guard case .publishing(var published) = phase, state.attempt == attempt else { return false }
    published.returnReason = reason
    phase = .publishing(published)
    return true
  }

  /// The connection is gone, and with it the answer: its delivery waits again, for as long as
  /// before.
  mutating func wasLost() -> QueuedDelivery {
    guard case .publishing(let published) = phase else {
      preconditionFailure("only what is published is lost")
    }
    phase = .queued(published.delivery)
    return published.delivery
  }
}
