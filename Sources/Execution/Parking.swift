import DequeModule
import Messages

/// The copies for the parked queue that the broker has not confirmed: those whose messages still
/// wait for it, for some seconds, and behind them those that are in the log, for as long as it
/// takes.
struct Parking {
  typealias Reference = SlotTable<Entry>.Reference

  struct Entry {
    var copy: ParkedCopy
    /// The message that waits for it; negative for one that is in the log.
    var message: Int32
    /// Of one that is in the log.
    var stored: StoredCopies.Copy?
    /// When it came, monotonic.
    var addedAt: UInt64 = 0
    var serial: UInt32 = 0
    var isPublished = false
    var wasReturned = false
  }

  private var entries = SlotTable(blank: Entry(copy: .blank, message: -1))
  /// Those whose messages wait, oldest first; those that are done stay until they are the oldest.
  private var ages: Deque<Reference> = []
  private var waiting: Deque<Reference> = []
  /// Published when the broker closed the connection over one of them: each goes alone.
  private var suspects = OneByOne<Reference>()
  /// Those that are in the log.
  var log = StoredCopies()
  /// After a refusal, a return or a deadline: when to try one again, monotonic.
  private var pausedUntil: UInt64 = 0
  private var pause = EngineLimits.jobRetryMin
  /// Whether the broker has not taken a copy in time, and has taken none since.
  private(set) var isStuck = false
  private(set) var isNeeded = false

  var count: Int { entries.count }
  /// Whether no message waits for a copy.
  var isIdle: Bool { !log.isRecording && entries.count == storedUnderWay }
  private var storedUnderWay = 0

  subscript(_ slot: Int32) -> Entry { entries[slot] }

  /// True the first time: a connection is needed from now on.
  mutating func use() -> Bool {
    defer { isNeeded = true }
    return !isNeeded
  }

  /// Takes a copy whose message waits for it.
  mutating func add(_ copy: ParkedCopy, message: Int32, at now: UInt64) {
    let slot = entries.insert(Entry(copy: copy, message: message, addedAt: now))
    ages.append(entries.reference(slot))
    waiting.append(entries.reference(slot))
  }

  /// Takes a copy that has been read back from the log.
  mutating func add(_ copy: ParkedCopy, _ stored: StoredCopies.Copy) {
    let slot = entries.insert(Entry(copy: copy, message: -1, stored: stored))
    storedUnderWay += 1
    waiting.append(entries.reference(slot))
  }

  /// The next one to publish, as `serial`.
  mutating func takeNext(serial: UInt32, underWay: Int, at now: UInt64) -> Int32? {
    switch suspects.next(
      underWay: underWay,
      isPublished: { entries.contains($0) ? entries[$0.slot].isPublished : nil })
    {
    case .wait: return nil
    case .alone(let suspect): return publish(suspect, serial)
    case .nobody: break
    }
    guard now >= pausedUntil, !isStuck || underWay == 0 else { return nil }
    while let next = waiting.popFirst() {
      if entries.contains(next) { return publish(next, serial) }
    }
    return nil
  }

  private mutating func publish(_ copy: Reference, _ serial: UInt32) -> Int32 {
    entries[copy.slot].serial = serial
    entries[copy.slot].isPublished = true
    entries[copy.slot].wasReturned = false
    return copy.slot
  }

  /// Of the newest publish of a copy.
  func token(_ slot: Int32) -> PublishToken {
    PublishToken(.parking, slot: slot, serial: entries[slot].serial)
  }

  /// Whether there is such a copy, and the broker has returned it: its confirm counts as a refusal.
  func wasReturned(_ slot: Int32) -> Bool {
    entries.isTaken(slot) && entries[slot].wasReturned
  }

  /// The broker has a copy. It is forgotten.
  mutating func confirm(_ slot: Int32) -> Entry {
    isStuck = false
    pausedUntil = 0
    pause = EngineLimits.jobRetryMin
    return remove(slot)
  }

  /// A copy is not published any more: its message is settled otherwise, or it waits in the log.
  mutating func remove(_ slot: Int32) -> Entry {
    let entry = entries[slot]
    if entry.stored != nil { storedUnderWay -= 1 }
    entries.remove(slot)
    return entry
  }

  /// The broker did not take a copy: the next try comes later, and is one.
  mutating func refuse(_ slot: Int32, at now: UInt64) {
    back(off: now)
    if let stored = entries[slot].stored {
      _ = remove(slot)
      log.putBack(stored)
    } else {
      entries[slot].isPublished = false
      waiting.prepend(entries.reference(slot))
    }
  }

  private mutating func back(off now: UInt64) {
    isStuck = true
    pausedUntil = now &+ pause
    pause = min(pause * 2, EngineLimits.jobRetryMax)
  }

  /// Several messages may carry the same id: all of them count as returned, and are published
  /// again, which at most parks one twice.
  mutating func returned(_ messageID: UnsafeRawBufferPointer) {
    for slot in entries.slots where entries[slot].isPublished {
      if messageID.elementsEqual(entries[slot].copy.messageID) { entries[slot].wasReturned = true }
    }
  }

  /// Lost with the connection, through no fault of theirs.
  mutating func publishAgain(_ slots: [Int32]) {
    for slot in slots.reversed() {
      entries[slot].isPublished = false
      waiting.prepend(entries.reference(slot))
    }
  }

  /// One of them made the broker close the connection. Returns the one, if it was alone.
  mutating func blame(_ slots: [Int32]) -> Int32? {
    if slots.count == 1 { return slots[0] }
    for slot in slots { entries[slot].isPublished = false }
    suspects.add(slots.map(entries.reference))
    return nil
  }

  /// Copies whose messages have waited too long, oldest first.
  mutating func popOverdue(at now: UInt64, after wait: UInt64) -> Int32? {
    while let oldest = ages.first {
      guard entries.contains(oldest) else {
        ages.removeFirst()
        continue
      }
      guard entries[oldest.slot].addedAt &+ wait <= now else { return nil }
      ages.removeFirst()
      if !isStuck { back(off: now) }
      return oldest.slot
    }
    return nil
  }

  /// A stored copy to read now, so that it can be published, and the number for its read.
  mutating func takeToRead(at now: UInt64) -> (read: UInt32, stored: StoredCopies.Copy)? {
    let fit = EngineLimits.parkedReadBytes / max(log.nextBytes, 1)
    let most = isStuck ? 1 : max(1, min(EngineLimits.parkedReads, fit))
    guard now >= pausedUntil else { return nil }
    return log.takeToRead(atMost: most - storedUnderWay, at: now)
  }
}
