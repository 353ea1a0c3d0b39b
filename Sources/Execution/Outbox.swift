import DequeModule

/// The status updates that are to be published, in the order of their records.
///
/// The event log is the outbox; this is the part of it that is in memory. When more updates wait
/// than fit (a broker that blocks, a start after a stop), the rest stays in the log and is read
/// back from there: `catchUp`. At most one update of an event is unconfirmed at a time.
struct Outbox {
  struct Entry {
    var lsn: UInt64
    var key: EventKey
    /// Routing key, message id, event id, traceparent, tracestate and JSON, end to end.
    var blob: [UInt8]
    var routingKey: Range<Int>
    var messageID: Range<Int>
    var eventID: Range<Int>
    var traceParent: Range<Int>
    var traceState: Range<Int>
    var body: Range<Int>
    var isConfirmed = false
  }

  private enum Source {
    case live
    /// The first record that is not in memory, the newest of those, and whether one is asked for.
    case log(from: UInt64, newest: UInt64, isReading: Bool)
  }

  /// Unconfirmed updates, then those that wait: publishing one moves the boundary, not the entry.
  private var entries: Deque<Entry> = []
  private var unconfirmed = 0
  /// Refused by the broker; to be published again at `retryAt`.
  private(set) var refused: [UInt64] = []
  var retryAt: UInt64 = 0
  var failures = 0
  private var busy: Set<EventKey> = []
  private var waitingBytes = 0
  private var source = Source.live

  /// Begins behind `position`: all up to `newest` is still in the log.
  mutating func start(after position: UInt64, newest: UInt64) {
    guard newest > position else { return }
    source = .log(from: position + 1, newest: newest, isReading: false)
  }

  var isLive: Bool {
    if case .live = source { return true }
    return false
  }

  var isIdle: Bool { isLive && entries.isEmpty }

  /// Updates in memory that are not confirmed.
  var count: Int { entries.count }

  private var waiting: Int { entries.count - unconfirmed }

  /// Everything published up to this LSN is confirmed, given what is durable.
  func position(durable: UInt64) -> UInt64 {
    var lowest = durable + 1
    if case .log(let from, _, _) = source { lowest = min(lowest, from) }
    if let first = entries.first { lowest = min(lowest, first.lsn) }
    return lowest - 1
  }

  /// True when the update of a new record is wanted in memory; else it is left to the log.
  mutating func admits(_ lsn: UInt64) -> Bool {
    switch source {
    case .live:
      if waiting < EngineLimits.outboxEntries, waitingBytes < EngineLimits.outboxBytes {
        return true
      }
      source = .log(from: lsn, newest: lsn, isReading: false)
      return false
    case .log(let from, _, let isReading):
      source = .log(from: from, newest: lsn, isReading: isReading)
      return false
    }
  }

  mutating func add(_ entry: Entry) {
    waitingBytes += entry.blob.count
    entries.append(entry)
  }

  /// Where to read on, if there is room and no read is under way; it is then.
  mutating func wantsRead(durable: UInt64) -> UInt64? {
    guard case .log(let from, let newest, false) = source, from <= durable,
      waiting < EngineLimits.outboxEntries / 2, waitingBytes < EngineLimits.outboxBytes / 2
    else { return nil }
    source = .log(from: from, newest: newest, isReading: true)
    return from
  }

  /// A read has brought all published records below `next`.
  mutating func didRead(below next: UInt64) {
    guard case .log(let from, let newest, _) = source else { return }
    let on = max(from, next)
    source = on > newest ? .live : .log(from: on, newest: newest, isReading: false)
  }

  /// The next update to publish: it counts as unconfirmed from now on.
  mutating func takeNext(durable: UInt64) -> Entry? {
    guard unconfirmed < entries.count, unconfirmed < EngineLimits.unconfirmedStatus,
      entries[unconfirmed].lsn <= durable, busy.insert(entries[unconfirmed].key).inserted
    else { return nil }
    let next = entries[unconfirmed]
    waitingBytes -= next.blob.count
    unconfirmed += 1
    return next
  }

  /// False when no such update is unconfirmed (a confirm of an earlier connection).
  mutating func confirm(_ lsn: UInt64) -> Bool {
    guard let index = unconfirmedIndex(of: lsn), !entries[index].isConfirmed else {
      return false
    }
    entries[index].isConfirmed = true
    busy.remove(entries[index].key)
    failures = 0
    while unconfirmed > 0, entries[0].isConfirmed {
      entries.removeFirst()
      unconfirmed -= 1
    }
    return true
  }

  mutating func refuse(_ lsn: UInt64) {
    guard let index = unconfirmedIndex(of: lsn), !entries[index].isConfirmed else { return }
    refused.append(lsn)
    failures += 1
  }

  /// The refused updates, to be published again.
  mutating func takeRefused() -> [Entry] {
    defer { refused.removeAll(keepingCapacity: true) }
    return refused.compactMap { lsn in
      unconfirmedIndex(of: lsn).map { entries[$0] }
    }
  }

  /// The connection is gone: goes back to the lowest unconfirmed update.
  mutating func connectionLost() {
    for index in 0..<unconfirmed where !entries[index].isConfirmed {
      busy.remove(entries[index].key)
      waitingBytes += entries[index].blob.count
    }
    entries.removeAll { $0.isConfirmed }
    unconfirmed = 0
    refused.removeAll()
  }

  private func unconfirmedIndex(of lsn: UInt64) -> Int? {
    var low = 0
    var high = unconfirmed
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].lsn < lsn { low = middle + 1 } else { high = middle }
    }
    return low < unconfirmed && entries[low].lsn == lsn ? low : nil
  }
}
