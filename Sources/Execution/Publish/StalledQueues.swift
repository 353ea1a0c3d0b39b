import Messages

/// The delivery queues that have left a delivery unconfirmed past its deadline, or refused one only
/// after long. Their deliveries would fill the window of unconfirmed publishes, and where the node
/// that leads the queue is cut off, RabbitMQ's channel process stands still for seconds with each
/// of them. So only one at a time is let through to each, the probe, the less often the longer it
/// lasts; the others wait durably, and cost nothing until the queue answers or their own time is
/// up.
///
/// Both lanes of a channel lead to one queue of the broker's, but each over a connection of its
/// own: what is wrong with that says nothing of the other lane.
struct StalledQueues {
  private struct Entry {
    /// The number of the delivery queue.
    var queue: Int
    var probe: PublishToken?
    /// When the next one may go, and how long after it the one behind it.
    var nextProbeAt: MonotonicTime
    var pause = EngineLimits.probePauseMin
    /// What waits for the queue, by when it expires or is given up.
    var waiting = TimerQueue()
    /// When one of them was last called to be the probe.
    var calledAt: MonotonicTime = .start
  }

  /// A handful at most: one for each lane and channel of the templates.
  private var entries: [Entry] = []
  /// What waited for a queue that answers again, to be driven on.
  private var recalled = TimerQueue()

  var isEmpty: Bool { entries.isEmpty }

  mutating func add(_ queue: Int, at now: MonotonicTime) {
    guard index(of: queue) == nil else { return }
    entries.append(Entry(queue: queue, nextProbeAt: now + EngineLimits.probePauseMin))
  }

  /// The queue has taken a delivery: what waited for it is to go on.
  mutating func answers(_ queue: Int) {
    guard let index = index(of: queue) else { return }
    var waiting = entries.remove(at: index).waiting
    if recalled.isEmpty {
      recalled = waiting
    } else {
      while let timer = waiting.popFirst() { recalled.add(timer) }
    }
  }

  var hasRecalled: Bool { !recalled.isEmpty }

  /// The next event that waited for a queue that answers again.
  mutating func nextRecalled() -> TimerQueue.Timer? { recalled.popFirst() }

  /// Keeps an event until its queue answers, or until `timer` is due. The queue is stalled from now
  /// on if it was not.
  mutating func wait(_ timer: TimerQueue.Timer, for queue: Int, at now: MonotonicTime) {
    add(queue, at: now)
    guard let index = index(of: queue) else { return }
    entries[index].waiting.add(timer)
  }

  /// Events that wait durably for a queue, or to go on since it answers.
  var waitingEvents: Int { entries.reduce(recalled.count) { $0 + $1.waiting.count } }

  /// Whether there is an event that may be a queue's next probe.
  func hasWaiting(_ queue: Int) -> Bool {
    index(of: queue).map { !entries[$0].waiting.isEmpty } ?? false
  }

  /// When `popDue` next has something.
  var nextProbeAt: MonotonicTime? {
    entries.filter { !$0.waiting.isEmpty }.map(\.nextProbeAt).min()
  }

  /// An event whose time is up, or which may be the probe.
  mutating func popDue(
    at now: Instant, _ window: PublishWindow
  ) -> TimerQueue.Timer? {
    for index in entries.indices where !entries[index].waiting.isEmpty {
      if let timer = entries[index].waiting.popDue(at: now.wall) { return timer }
      guard entries[index].nextProbeAt <= now.monotonic,
        entries[index].calledAt + EngineLimits.probePauseMin <= now.monotonic,
        !isProbeUnderWay(entries[index], window)
      else { continue }
      entries[index].calledAt = now.monotonic
      return entries[index].waiting.popFirst()
    }
    return nil
  }

  /// Whether a delivery to the queue has to wait; when not, and the queue is stalled, it is the
  /// probe from now on.
  mutating func holdsBack(
    _ queue: Int, probe: PublishToken, at now: MonotonicTime, _ window: PublishWindow
  ) -> Bool {
    guard let index = index(of: queue) else { return false }
    if isProbeUnderWay(entries[index], window) { return true }
    guard entries[index].nextProbeAt <= now else { return true }
    entries[index].probe = probe
    entries[index].nextProbeAt = now + entries[index].pause
    entries[index].pause = min(entries[index].pause * 2, EngineLimits.probePauseMax)
    return false
  }

  /// The broker has closed the connection over a delivery: if that was the probe, it says nothing
  /// of its queue, and the next one may go at once.
  mutating func acquit(_ queue: Int, probe: PublishToken, at now: MonotonicTime) {
    guard let index = index(of: queue), entries[index].probe == probe else { return }
    entries[index].probe = nil
    entries[index].nextProbeAt = now
    entries[index].pause = max(entries[index].pause / 2, EngineLimits.probePauseMin)
    entries[index].calledAt = .start
  }

  private func isProbeUnderWay(_ entry: Entry, _ window: PublishWindow) -> Bool {
    guard let probe = entry.probe else { return false }
    return window.isWaiting(probe, on: .deliveries(entry.queue))
  }

  private func index(of queue: Int) -> Int? {
    entries.firstIndex { $0.queue == queue }
  }
}
