import DequeModule
import LogSequence

/// The status updates that are to be published, in the order of their records.
///
/// The event log is the outbox; this is the part of it that is in memory. When more updates wait
/// than fit (a broker that blocks, a start after a stop), the rest stays in the log and is read
/// back from there: `Outbox+Log`. At most one update of an event is unconfirmed at a time; others
/// overtake the next one of that event, but never an earlier one of their own.
struct Outbox {
  struct Entry {
    enum State: UInt8 {
      /// Its event has another update under way.
      case held
      case published
      case confirmed
      /// The broker closes the connection over it: it is being parked.
      case aside
    }

    var lsn: LSN
    var key: EventKey
    /// Routing key, message id, event id, traceparent, tracestate and JSON, end to end.
    var blob: [UInt8]
    var routingKey: Range<Int>
    var messageID: Range<Int>
    var eventID: Range<Int>
    var traceParent: Range<Int>
    var traceState: Range<Int>
    var body: Range<Int>
    var state = State.held
  }

  /// Where the updates beyond those in memory are.
  enum Source {
    case live
    /// The first record that is not in memory, the newest of those, and whether one is asked for.
    case log(from: LSN, newest: LSN, isReading: Bool)
  }

  /// Those that were looked at, then those that wait: looking at one moves the boundary, not the
  /// entry.
  private var entries: Deque<Entry> = []
  private var looked = 0
  /// How many of them are published, and how many confirmed.
  private var underWay = 0
  private var confirmedCount = 0
  /// The updates that wait for another one of their event, by event, in order.
  private var held: [EventKey: Deque<LSN>] = [:]
  /// Of those, the ones whose turn has come; and those that are to be published alone.
  private var released: Deque<LSN> = []
  private var suspects: Deque<LSN> = []
  private var alone: LSN?
  /// Those that are being parked, with the record that each one's copy is in, in their order.
  private var aside: Deque<(lsn: LSN, copy: LSN)> = []
  /// Refused by the broker; to be published again at `retryAt`.
  private var refused: [LSN] = []
  private var retryAt: MonotonicTime = .start
  private var failures = 0
  private var busy: Set<EventKey> = []
  var waitingBytes = 0
  var source = Source.live

  var isIdle: Bool { isLive && entries.isEmpty }

  /// Updates in memory that are not confirmed.
  var count: Int { entries.count - confirmedCount }

  var waiting: Int { entries.count - looked }

  /// The first update that is not confirmed.
  var first: LSN? { entries.first?.lsn }

  mutating func add(_ entry: Entry) {
    assert((entries.last?.lsn ?? 0) < entry.lsn, "updates come in the order of their records")
    assert(entry.state == .held, "a new one waits")
    waitingBytes += entry.blob.count
    entries.append(entry)
  }

  /// The next update to publish: it counts as unconfirmed from now on.
  mutating func takeNext(durable: LSN) -> Entry? {
    if !suspects.isEmpty || alone != nil { return takeSuspect() }
    while let lsn = released.popFirst() {
      if let index = index(of: lsn), entries[index].state == .held { return publish(index) }
    }
    guard underWay < EngineLimits.unconfirmedStatus else { return nil }
    while looked < entries.count, entries[looked].lsn <= durable,
      looked - confirmedCount < EngineLimits.outboxLooked
    {
      let index = looked
      looked += 1
      waitingBytes -= entries[index].blob.count
      assert(waitingBytes >= 0, "what is looked at has waited")
      if busy.insert(entries[index].key).inserted { return publish(index) }
      held[entries[index].key, default: []].append(entries[index].lsn)
    }
    return nil
  }

  /// Only an engine that is broken on purpose does not know which events have one under way.
  mutating func forgetBusy() { busy.removeAll() }

  private mutating func takeSuspect() -> Entry? {
    guard underWay == 0 else { return nil }
    assert(refused.isEmpty, "what was refused is under way")
    alone = nil
    while let lsn = suspects.popFirst() {
      guard let index = index(of: lsn), entries[index].state == .held else { continue }
      alone = lsn
      return publish(index)
    }
    return nil
  }

  private mutating func publish(_ index: Int) -> Entry {
    assert(entries[index].state == .held && index < looked, "only what waits is published")
    entries[index].state = .published
    underWay += 1
    return entries[index]
  }

  /// False when no such update is unconfirmed (a confirm of an earlier connection).
  mutating func confirm(_ lsn: LSN) -> Bool {
    guard let index = index(of: lsn), entries[index].state == .published else { return false }
    underWay -= 1
    assert(underWay >= 0, "each update is confirmed once")
    failures = 0
    if alone == lsn { alone = nil }
    done(index)
    return true
  }

  /// The copy of an update that was set aside is in this record. Until that is durable the event's
  /// next update waits: after a crash this one would be published behind it.
  mutating func park(_ lsn: LSN, copy: LSN) {
    assert((aside.last?.copy ?? 0) < copy, "records come in LSN order")
    aside.append((lsn, copy))
  }

  mutating func isDurable(_ durable: LSN) {
    while let first = aside.first, first.copy <= durable {
      aside.removeFirst()
      guard let index = index(of: first.lsn), entries[index].state == .aside else { continue }
      done(index)
    }
  }

  private mutating func done(_ index: Int) {
    assert(entries[index].state != .confirmed, "each update is done once")
    let key = entries[index].key
    entries[index].state = .confirmed
    confirmedCount += 1
    assert(confirmedCount <= looked && looked <= entries.count, "what is done was looked at")
    if let next = held[key]?.popFirst() {
      released.append(next)
      if held[key]?.isEmpty ?? false { held[key] = nil }
    } else {
      busy.remove(key)
    }
    while looked > 0, entries[0].state == .confirmed {
      entries.removeFirst()
      looked -= 1
      confirmedCount -= 1
    }
    // One that takes its time must not keep all that were confirmed behind it.
    guard confirmedCount > EngineLimits.outboxLooked / 2 else { return }
    looked -= confirmedCount
    entries.removeAll { $0.state == .confirmed }
    confirmedCount = 0
  }

  /// The broker could not take an update: it is published again after a pause, which grows.
  mutating func refuse(_ lsn: LSN, at now: MonotonicTime) {
    if let index = index(of: lsn), entries[index].state == .published {
      refused.append(lsn)
      failures += 1
    }
    let doublings = UInt64(min(max(failures - 1, 0), 5))
    retryAt = now + min(EngineLimits.jobRetryMin << doublings, EngineLimits.jobRetryMax)
  }

  /// The refused updates, if it is time to publish them again.
  mutating func takeRefused(at now: MonotonicTime) -> [Entry] {
    guard !refused.isEmpty, retryAt <= now else { return [] }
    defer { refused.removeAll(keepingCapacity: true) }
    return refused.compactMap { lsn in
      index(of: lsn).flatMap { entries[$0].state == .published ? entries[$0] : nil }
    }
  }

  /// The connection is gone: what was published and not confirmed is published again, in order.
  mutating func connectionLost() {
    let wasAlone = alone
    alone = nil
    for lsn in takePublished().reversed() {
      if lsn == wasAlone { suspects.prepend(lsn) } else { released.prepend(lsn) }
    }
  }

  /// The broker closed the connection over one of the updates that were published: each goes alone
  /// from now on. Returns the one, set aside, if it was alone.
  mutating func blame() -> Entry? {
    alone = nil
    let lost = takePublished()
    guard lost.count == 1, let index = index(of: lost[0]) else {
      suspects.prepend(contentsOf: lost)
      return nil
    }
    entries[index].state = .aside
    return entries[index]
  }

  private mutating func takePublished() -> [LSN] {
    let lost: [LSN] = entries.indices.prefix(looked).compactMap { index in
      guard entries[index].state == .published else { return nil }
      entries[index].state = .held
      return entries[index].lsn
    }
    assert(lost.count == underWay, "what is counted is what is published")
    refused.removeAll()
    underWay = 0
    return lost
  }

  /// What is not in order, a sentence each.
  var problems: [String] {
    var found: [String] = []
    func expect(_ counted: Int, is there: Int, _ what: String) {
      if counted != there { found.append("\(counted) \(what) are counted, \(there) are there") }
    }
    var published: [EventKey] = []
    var confirmed = 0
    var unconfirmed: Set<EventKey> = []
    var bytes = 0
    for index in entries.indices {
      guard index < looked else {
        bytes += entries[index].blob.count
        continue
      }
      switch entries[index].state {
      case .confirmed: confirmed += 1
      case .published:
        published.append(entries[index].key)
        unconfirmed.insert(entries[index].key)
      case .held, .aside: unconfirmed.insert(entries[index].key)
      }
    }
    expect(underWay, is: published.count, "updates under way")
    expect(confirmedCount, is: confirmed, "confirmed updates")
    expect(waitingBytes, is: bytes, "bytes of updates that wait")
    expect(Set(published).count, is: published.count, "events with an update under way")
    expect(busy.count, is: unconfirmed.count, "events with updates that are not confirmed")
    return found
  }

  private func index(of lsn: LSN) -> Int? {
    var low = 0
    var high = looked
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].lsn < lsn { low = middle + 1 } else { high = middle }
    }
    return low < looked && entries[low].lsn == lsn ? low : nil
  }
}
