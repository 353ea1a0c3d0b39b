import Messages

/// The channels whose queue has left a delivery unconfirmed past its deadline, or refused one only
/// after long. Their deliveries would fill the window of unconfirmed publishes that all channels
/// share, and where the node that leads the queue is cut off, RabbitMQ's channel process stands
/// still for seconds with each of them. So only one at a time is let through to each, the probe,
/// the less often the longer it lasts; the others wait durably, and cost nothing until the queue
/// answers or their own time is up.
struct StalledChannels {
  private struct Entry {
    var channel: [UInt8]
    var probe: PublishToken?
    /// When the next one may go, monotonic, and how long after it the one behind it.
    var nextProbeAt: UInt64
    var pause = EngineLimits.probePauseMin
    /// What waits for the channel, by when it expires or is given up.
    var waiting = TimerQueue()
    /// When one of them was last called to be the probe.
    var calledAt: UInt64 = 0
  }

  /// A handful at most: one for each channel of the templates.
  private var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }

  mutating func add(_ channel: UnsafeRawBufferPointer, at now: UInt64) {
    guard index(of: channel) == nil else { return }
    entries.append(
      Entry(channel: Array(channel), nextProbeAt: now &+ EngineLimits.probePauseMin))
  }

  /// The channel's queue has taken a delivery. What waited for it.
  mutating func remove(_ channel: UnsafeRawBufferPointer) -> TimerQueue {
    guard let index = index(of: channel) else { return TimerQueue() }
    return entries.remove(at: index).waiting
  }

  /// Keeps an event until its channel's queue answers, or until `timer` is due. Its channel is
  /// stalled from now on if it was not.
  mutating func wait(
    _ timer: TimerQueue.Timer, for channel: UnsafeRawBufferPointer, at now: UInt64
  ) {
    add(channel, at: now)
    guard let index = index(of: channel) else { return }
    entries[index].waiting.add(timer)
  }

  var waitingEvents: Int { entries.reduce(0) { $0 + $1.waiting.count } }

  /// When `popDue` next has something, on the monotonic clock.
  var nextProbeAt: UInt64? { entries.filter { !$0.waiting.isEmpty }.map(\.nextProbeAt).min() }

  /// An event whose time is up, or which may be the probe.
  mutating func popDue(
    at now: Instant, isWaiting: (PublishToken) -> Bool
  ) -> TimerQueue.Timer? {
    for index in entries.indices where !entries[index].waiting.isEmpty {
      if let timer = entries[index].waiting.popDue(at: now.wall) { return timer }
      guard entries[index].nextProbeAt <= now.monotonic,
        entries[index].calledAt &+ EngineLimits.probePauseMin <= now.monotonic,
        !(entries[index].probe.map(isWaiting) ?? false)
      else { continue }
      entries[index].calledAt = now.monotonic
      return entries[index].waiting.popFirst()
    }
    return nil
  }

  /// Whether a delivery to the channel has to wait; when not, and the channel is stalled, it is
  /// the probe from now on.
  mutating func holdsBack(
    _ channel: UnsafeRawBufferPointer, probe: PublishToken, at now: UInt64,
    isWaiting: (PublishToken) -> Bool
  ) -> Bool {
    guard let index = index(of: channel) else { return false }
    if let present = entries[index].probe, isWaiting(present) { return true }
    guard entries[index].nextProbeAt <= now else { return true }
    entries[index].probe = probe
    entries[index].nextProbeAt = now &+ entries[index].pause
    entries[index].pause = min(entries[index].pause * 2, EngineLimits.probePauseMax)
    return false
  }

  private func index(of channel: UnsafeRawBufferPointer) -> Int? {
    entries.firstIndex { channel.elementsEqual($0.channel) }
  }
}
