import DequeModule

/// The receipts that the broker has not confirmed. They are best effort: few wait, none for long,
/// and nothing else waits for one.
struct Receipts {
  typealias Reference = SlotTable<Entry>.Reference

  struct Entry {
    var replyTo: [UInt8]
    /// Empty: none.
    var messageID: [UInt8]
    var correlationID: [UInt8]
    var body: [UInt8]
    /// When it was asked for, monotonic.
    var addedAt: UInt64 = 0
    var tries = 0
    var serial: UInt32 = 0
    var isPublished = false
  }

  private var entries = SlotTable(
    blank: Entry(replyTo: [], messageID: [], correlationID: [], body: []))
  /// All of them, oldest first; those that are done stay until they are the oldest.
  private var ages: Deque<Reference> = []
  private var waiting: Deque<Reference> = []
  /// Refused, and when to publish them again.
  private var refused: Deque<(at: UInt64, receipt: Reference)> = []
  /// Published when the broker closed the connection over one of them: each goes alone.
  private var suspects = OneByOne<Reference>()
  /// Queues whose receipts the broker closed the connection over, and until when they get none.
  private var barred: Deque<(replyTo: [UInt8], until: UInt64)> = []
  /// Whether one was ever asked for.
  private(set) var isNeeded = false

  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }

  subscript(_ slot: Int32) -> Entry { entries[slot] }

  /// Takes a receipt. False: it is given up at once. As long as the broker answers, a burst may
  /// wait; of a connection that does not, few.
  mutating func add(_ entry: Entry, at now: UInt64, isAnswering: Bool) -> Bool {
    isNeeded = true
    let most = isAnswering ? EngineLimits.receiptBurst : EngineLimits.receiptsWaiting
    guard entries.count < most else { return false }
    while let first = barred.first, first.until <= now { barred.removeFirst() }
    if barred.contains(where: { $0.replyTo == entry.replyTo }) { return false }
    var entry = entry
    entry.addedAt = now
    let slot = entries.insert(entry)
    let receipt = entries.reference(slot)
    ages.append(receipt)
    waiting.append(receipt)
    return true
  }

  /// The next one to publish, as `serial`.
  mutating func takeNext(serial: UInt32, underWay: Int) -> Int32? {
    switch suspects.next(
      underWay: underWay,
      isPublished: { entries.contains($0) ? entries[$0.slot].isPublished : nil })
    {
    case .wait: return nil
    case .alone(let suspect): return publish(suspect, serial)
    case .nobody: break
    }
    while let next = waiting.popFirst() {
      if entries.contains(next) { return publish(next, serial) }
    }
    return nil
  }

  private mutating func publish(_ receipt: Reference, _ serial: UInt32) -> Int32 {
    entries[receipt.slot].serial = serial
    entries[receipt.slot].isPublished = true
    entries[receipt.slot].tries += 1
    return receipt.slot
  }

  mutating func confirm(_ slot: Int32) {
    entries.remove(slot)
  }

  /// False: it has had its tries, and is given up.
  mutating func refuse(_ slot: Int32, at now: UInt64) -> Bool {
    guard entries[slot].tries < EngineLimits.receiptTries else {
      entries.remove(slot)
      return false
    }
    entries[slot].isPublished = false
    refused.append((now &+ EngineLimits.jobRetryMin, entries.reference(slot)))
    return true
  }

  /// Those that were published are lost with the connection, through no fault of theirs.
  mutating func publishAgain(_ slots: [Int32]) {
    for slot in slots.reversed() {
      entries[slot].isPublished = false
      entries[slot].tries -= 1
      waiting.prepend(entries.reference(slot))
    }
  }

  /// One of them made the broker close the connection. Returns how many are given up: the one,
  /// if it was alone.
  mutating func blame(_ slots: [Int32], at now: UInt64) -> Int {
    guard slots.count == 1 else {
      for slot in slots { entries[slot].isPublished = false }
      suspects.add(slots.map(entries.reference))
      return 0
    }
    if barred.count >= EngineLimits.barredQueues { barred.removeFirst() }
    barred.append((entries[slots[0]].replyTo, now &+ EngineLimits.barredFor))
    entries.remove(slots[0])
    return 1
  }

  /// Gives up what has waited too long. Returns how many, and the tokens of those that were
  /// published and are not answered.
  mutating func expire(at now: UInt64) -> (count: Int, unanswered: [PublishToken]) {
    var result: (count: Int, unanswered: [PublishToken]) = (0, [])
    while let first = refused.first, first.at <= now {
      refused.removeFirst()
      if entries.contains(first.receipt) { waiting.append(first.receipt) }
    }
    while let oldest = ages.first {
      if entries.contains(oldest) {
        guard entries[oldest.slot].addedAt &+ EngineLimits.receiptDeadline < now else { break }
        result.count += 1
        if entries[oldest.slot].isPublished {
          result.unanswered.append(
            PublishToken(.receipt, slot: oldest.slot, serial: entries[oldest.slot].serial))
        }
        entries.remove(oldest.slot)
      }
      ages.removeFirst()
    }
    return result
  }

  /// Gives up all. Returns how many.
  mutating func removeAll() -> Int {
    let count = entries.count
    for slot in entries.slots { entries.remove(slot) }
    waiting.removeAll()
    suspects.removeAll()
    refused.removeAll()
    ages.removeAll()
    return count
  }
}
