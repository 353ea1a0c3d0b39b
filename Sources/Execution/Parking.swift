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
    var stored: Stored?
    /// When it came, monotonic.
    var addedAt: UInt64 = 0
    var serial: UInt32 = 0
    var isPublished = false
    var wasReturned = false
  }

  /// A copy in the log.
  struct Stored: Sendable {
    /// Of its newest record.
    var lsn: UInt64
    /// Of its newest durable record: the same, but for a moment.
    var readableLSN: UInt64
    var key: EventKey
    /// The LSN of its first record.
    var number: UInt64
    /// How often the broker closed the connection over it.
    var blames = 0
  }

  private var entries = SlotTable(blank: Entry(copy: .blank, message: -1))
  /// Those whose messages wait, oldest first; those that are done stay until they are the oldest.
  private var ages: Deque<Reference> = []
  private var waiting: Deque<Reference> = []
  /// Published when the broker closed the connection over one of them: each goes alone.
  private var suspects: Deque<Reference> = []
  private var alone: Reference?
  /// In the log and to be published, oldest first.
  private var stored: Deque<Stored> = []
  /// Being read, by the number that its read carries; and whether to be written again.
  private var reading: [UInt32: (stored: Stored, isCarried: Bool)] = [:]
  private var nextRead: UInt32 = 0
  /// The broker closes the connection over these: each is tried again at its time.
  private var blamed: [(at: UInt64, stored: Stored)] = []
  /// Appended and not durable yet, with the message that waits; none waits for one carried on.
  private var recording: Deque<(message: Int32?, stored: Stored)> = []
  /// All that the broker has not taken and the log has, with the place of the newest record.
  private var places: [EventKey: Stored] = [:]
  /// After a refusal, a return or a deadline: when to try one again, monotonic.
  private var pausedUntil: UInt64 = 0
  private var pause = EngineLimits.jobRetryMin
  /// Whether the broker has not taken a copy in time, and has taken none since.
  private(set) var isStuck = false
  private(set) var isNeeded = false

  var count: Int { entries.count }
  /// Copies that are only in the log.
  var storedCount: Int { places.count }
  var hasStored: Bool { !places.isEmpty }
  /// Whether no message waits for a copy.
  var isIdle: Bool { recording.isEmpty && entries.count == storedUnderWay }
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
  mutating func add(_ copy: ParkedCopy, _ stored: Stored) {
    let slot = entries.insert(Entry(copy: copy, message: -1, stored: stored))
    storedUnderWay += 1
    waiting.append(entries.reference(slot))
  }

  /// The next one to publish, as `serial`.
  mutating func takeNext(serial: UInt32, underWay: Int, at now: UInt64) -> Int32? {
    if let alone, entries.contains(alone), entries[alone.slot].isPublished { return nil }
    while let suspect = suspects.first {
      guard underWay == 0 else { return nil }
      suspects.removeFirst()
      guard entries.contains(suspect) else { continue }
      alone = suspect
      return publish(suspect, serial)
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

  func isWaiting(_ token: PublishToken) -> Bool {
    entries.isTaken(token.slot) && entries[token.slot].isPublished
      && entries[token.slot].serial == token.serial
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
      self.stored.prepend(stored)
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
    suspects.prepend(contentsOf: slots.map(entries.reference))
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

  // MARK: In the log

  /// A copy's record has been appended.
  mutating func record(_ stored: Stored, message: Int32) {
    recording.append((message, stored))
    places[stored.key] = stored
  }

  /// The message of the next copy whose record is durable by now.
  mutating func popDurable(_ lsn: UInt64, at now: UInt64) -> Int32? {
    while let first = recording.first, first.stored.lsn <= lsn {
      recording.removeFirst()
      guard let message = first.message else {
        places[first.stored.key]?.readableLSN = first.stored.lsn
        continue
      }
      if first.stored.blames > 0 {
        blamed.append((now &+ Self.pause(first.stored), first.stored))
      } else {
        stored.append(first.stored)
      }
      return message
    }
    return nil
  }

  /// The broker closed the connection over a stored copy.
  mutating func blame(_ stored: Stored, at now: UInt64) {
    var stored = stored
    stored.blames += 1
    blamed.append((now &+ Self.pause(stored), stored))
  }

  private static func pause(_ stored: Stored) -> UInt64 {
    min(
      EngineLimits.blamedRetryMin << UInt64(min(stored.blames - 1, 6)),
      EngineLimits.blamedRetryMax)
  }

  /// A stored copy to read now, and the number for its read.
  mutating func takeToRead(at now: UInt64) -> (read: UInt32, stored: Stored)? {
    let most = isStuck ? 1 : EngineLimits.parkedReads
    guard now >= pausedUntil, storedUnderWay < most,
      reading.count(where: { !$0.value.isCarried }) + storedUnderWay < most
    else { return nil }
    if let index = blamed.firstIndex(where: { $0.at <= now }) {
      return read(blamed.remove(at: index).stored)
    }
    return stored.popFirst().map { read($0) }
  }

  private mutating func read(
    _ stored: Stored, isCarried: Bool = false
  ) -> (read: UInt32, stored: Stored) {
    nextRead &+= 1
    // Retention may have had it written again since.
    let newest = places[stored.key] ?? stored
    reading[nextRead] = (newest, isCarried)
    return (nextRead, newest)
  }

  /// Retention wants the record of a stored copy written again: the number for the read. Nil when
  /// it is no longer the newest, or the broker has the copy.
  mutating func carry(_ key: EventKey, lsn: UInt64) -> UInt32? {
    guard let stored = places[key], stored.lsn == lsn else { return nil }
    return read(stored, isCarried: true).read
  }

  /// A read has come to its end. Nil when it is none of ours.
  mutating func didRead(_ number: UInt32) -> (stored: Stored, isCarried: Bool)? {
    reading.removeValue(forKey: number)
  }

  /// Whether there is no record where a stored copy was read, because it has been written again or
  /// the broker has it: then retention may have removed it. It is read again where it is.
  mutating func hasMoved(_ stored: Stored, isCarried: Bool) -> Bool {
    guard let newest = places[stored.key] else { return true }
    guard newest.readableLSN != stored.readableLSN else { return false }
    if !isCarried { self.stored.prepend(newest) }
    return true
  }

  /// The record of a stored copy has been appended again.
  mutating func carried(_ again: Stored) {
    places[again.key]?.lsn = again.lsn
    recording.append((nil, again))
  }

  /// Where a stored copy's newest record is; nil when the broker has it.
  func place(of key: EventKey) -> UInt64? { places[key]?.lsn }

  /// Recovery has come to a copy's record.
  mutating func recover(_ stored: Stored) { places[stored.key] = stored }

  /// The broker has it.
  mutating func forget(_ key: EventKey) { places[key] = nil }

  /// Recovery is done: what the broker has not taken is published, in the order of the records.
  mutating func start() {
    stored = Deque(places.values.sorted { $0.lsn < $1.lsn })
  }
}
