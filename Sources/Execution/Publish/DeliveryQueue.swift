import DequeModule
import Messages

/// The way of one lane's deliveries to one channel: what waits for room on its connection.
struct DeliveryQueue {
  struct Waiting {
    var event: WorkingSet.Reference
    /// Since when it has waited.
    var since: MonotonicTime

    var slot: EventSlot { event.slot }
  }

  let lane: Lane
  let channel: [UInt8]
  /// Events that have just come, oldest first.
  private var fresh: Deque<Waiting> = []
  /// Events that a timer, a start or a person drives: they go when no fresh one waits.
  private var background: Deque<Waiting> = []
  /// Published when the broker closed the connection over one of them: each goes alone, until the
  /// one to blame is found.
  private var suspects: Deque<Waiting> = []
  /// Events whose delivery the broker has closed a connection over: they go alone at once.
  var culprits = Culprits()
  /// Events that wait durably until those to blame are found, by when they expire or are given up.
  var behindSearch = TimerQueue()
  /// The delivery that has been published alone: nothing follows it before it is answered.
  var alone: PublishToken?

  init(lane: Lane, channel: [UInt8]) {
    self.lane = lane
    self.channel = channel
  }

  var count: Int { fresh.count + background.count + suspects.count }
  /// All that wait in it, and those that something else has come for since.
  var events: [WorkingSet.Reference] { (fresh + background + suspects).map(\.event) }
  /// The event that has waited longest, but for suspects.
  var first: Waiting? { fresh.first ?? background.first }
  var hasSuspects: Bool { !suspects.isEmpty }
  var firstSuspect: Waiting? { suspects.first }

  mutating func append(_ event: Waiting, key: EventKey, isBackground: Bool) {
    if culprits.contains(key) {
      suspects.append(event)
    } else if isBackground {
      background.append(event)
    } else {
      fresh.append(event)
    }
  }

  /// Puts back what was published and is lost, in front of what waits.
  mutating func prepend(_ event: Waiting, isBackground: Bool) {
    if isBackground { background.prepend(event) } else { fresh.prepend(event) }
  }

  /// - Parameter events: in the order they were published.
  mutating func suspect(_ events: [Waiting]) {
    suspects.prepend(contentsOf: events)
  }

  /// Goes alone whenever it is published from now on.
  mutating func suspectLater(_ event: Waiting) {
    suspects.append(event)
  }

  mutating func nextSuspect() -> Waiting? { suspects.popFirst() }

  /// The one that has the most before it, if there are more than so many.
  mutating func lastSuspect(beyond share: Int) -> Waiting? {
    assert(share >= 0, "a share is a number of events")
    return suspects.count > share ? suspects.popLast() : nil
  }

  /// One that need not wait for those to blame any longer.
  mutating func nextBehindSearch(at now: Timestamp) -> TimerQueue.Timer? {
    if behindSearch.isEmpty { return nil }
    return suspects.isEmpty ? behindSearch.popFirst() : behindSearch.popDue(at: now)
  }

  /// The next event to publish. `mayTakeBackground`: whether there is room for one that is not
  /// fresh.
  mutating func next(mayTakeBackground: Bool) -> Waiting? {
    if let event = fresh.popFirst() { return event }
    return mayTakeBackground ? background.popFirst() : nil
  }

  /// The event that has waited longest of each kind, for the bound on waiting.
  mutating func popFirst(where isOverdue: (Waiting) -> Bool) -> Waiting? {
    if let event = popWaiting(where: isOverdue) { return event }
    if let event = suspects.first, isOverdue(event) { return suspects.removeFirst() }
    return nil
  }

  /// The same, but for suspects.
  mutating func popWaiting(where isOverdue: (Waiting) -> Bool) -> Waiting? {
    if let event = fresh.first, isOverdue(event) { return fresh.removeFirst() }
    if let event = background.first, isOverdue(event) { return background.removeFirst() }
    return nil
  }
}
