import DequeModule
import JSON
import Messages

/// The copies for the parked queue that the broker has not confirmed: those whose messages still
/// wait for it, for some seconds, and behind them those that are in the log, for as long as it
/// takes.
struct Parking {
  typealias Slot = SlotTable<Entry>.Slot
  typealias Reference = SlotTable<Entry>.Reference

  struct Entry {
    var copy: ParkedCopy
    /// The message that waits for it; negative for one that is in the log.
    var message: MessageSlot
    /// Of one that is in the log.
    var stored: StoredCopies.Copy?
    /// When it came.
    var addedAt: MonotonicTime = .start
    var serial: UInt32 = 0
    var isPublished = false
    var wasReturned = false
  }

  private var entries = SlotTable(blank: Entry(copy: .blank, message: .none))
  /// Those whose messages wait, oldest first; those that are done stay until they are the oldest.
  private var ages: Deque<Reference> = []
  private var waiting: Deque<Reference> = []
  /// Published when the broker closed the connection over one of them: each goes alone.
  private var suspects = OneByOne<Reference>()
  /// Those that are in the log.
  var log = StoredCopies()
  /// After a refusal, a return or a deadline: when to try one again.
  private var pausedUntil: MonotonicTime = .start
  private var pause = EngineLimits.jobRetryMin
  /// Whether the broker has not taken a copy in time, and has taken none since.
  private(set) var isStuck = false
  /// When that was last so; nil for never.
  private var stuckAt: MonotonicTime?
  private(set) var isNeeded = false

  var count: Int { entries.count }
  /// Whether no message waits for a copy.
  var isIdle: Bool { !log.isRecording && entries.count == storedUnderWay }
  private var storedUnderWay = 0

  /// Copies that the broker has not answered.
  var publishedCount: Int { entries.slots.count { entries[$0].isPublished } }
  /// The messages that wait for a copy, once for each.
  var messages: [MessageSlot] {
    entries.slots.map { entries[$0].message }.filter { !$0.isNone } + log.messages
  }

  /// A connection is needed from now on: the first time it is ordered.
  mutating func use(_ output: inout TurnOutput) {
    guard !isNeeded else { return }
    isNeeded = true
    output.openLinks.append(LinkOrder(link: .parking, name: "publish parked"))
  }

  /// What the log holds goes to the broker: recovery is done.
  mutating func start(_ output: inout TurnOutput) {
    assert(entries.isEmpty, "a start comes before everything else")
    guard log.count > 0 else { return }
    use(&output)
    log.start()
  }

  /// Takes a copy whose message waits for it.
  mutating func add(_ copy: ParkedCopy, message: MessageSlot, at now: MonotonicTime) {
    assert(!message.isNone, "a message waits for it")
    let slot = entries.insert(Entry(copy: copy, message: message, addedAt: now))
    ages.append(entries.reference(slot))
    waiting.append(entries.reference(slot))
  }

  /// Takes a copy that has been read back from the log.
  mutating func add(_ copy: ParkedCopy, _ stored: StoredCopies.Copy) {
    let slot = entries.insert(Entry(copy: copy, message: .none, stored: stored))
    storedUnderWay += 1
    waiting.append(entries.reference(slot))
  }

  /// Publishes what may be: copies whose messages wait, and those that have been read back.
  ///
  /// - Parameter writer: a scratch buffer.
  mutating func pump(
    _ window: inout PublishWindow, _ output: inout TurnOutput, using writer: inout ByteWriter,
    at now: Instant
  ) {
    guard isNeeded, window.isUsable(.parking) else { return }
    while window.unanswered(.parking) < EngineLimits.unconfirmedBatch,
      let slot = takeNext(
        serial: window.nextSerial(), underWay: window.unanswered(.parking), at: now.monotonic)
    {
      window.publish(token(slot), on: .parking, at: now.monotonic)
      output.publish(entries[slot].copy, token(slot), at: now.wall, using: &writer)
    }
  }

  /// Orders reads of those that are in the log, as far as they can be published then.
  mutating func orderReads(
    _ window: PublishWindow, _ output: inout TurnOutput, at now: MonotonicTime
  ) {
    guard isNeeded, window.isUsable(.parking) else { return }
    while let (number, stored) = takeToRead(at: now) {
      output.reads.append(
        ReadOrder(token: Self.readToken(number), target: .record(lsn: stored.readableLSN)))
    }
  }

  /// The next one to publish, as `serial`.
  private mutating func takeNext(serial: UInt32, underWay: Int, at now: MonotonicTime) -> Slot? {
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

  private mutating func publish(_ copy: Reference, _ serial: UInt32) -> Slot {
    assert(!entries[copy.slot].isPublished, "a copy is published once at a time")
    entries[copy.slot].serial = serial
    entries[copy.slot].isPublished = true
    entries[copy.slot].wasReturned = false
    return copy.slot
  }

  /// Of the newest publish of a copy.
  private func token(_ slot: Slot) -> PublishToken {
    PublishToken(.parking, slot: slot, serial: entries[slot].serial)
  }

  /// Whether there is such a copy, and the broker has returned it.
  private func wasReturned(_ slot: Slot) -> Bool {
    entries.isTaken(slot) && entries[slot].wasReturned
  }

  /// The broker has confirmed a copy, which is forgotten. Nil when it has not: no such publish
  /// waits, or the copy was returned before, which counts as a refusal.
  mutating func confirmed(
    _ token: PublishToken, _ window: inout PublishWindow, at now: MonotonicTime
  ) -> Entry? {
    if wasReturned(Slot(token.slot)) {
      refused(token, &window, at: now)
      return nil
    }
    guard window.answer(token, on: .parking, .confirmed, at: now) != nil else { return nil }
    return confirm(Slot(token.slot))
  }

  /// The broker could not take a copy.
  mutating func refused(_ token: PublishToken, _ window: inout PublishWindow, at now: MonotonicTime)
  {
    guard window.answer(token, on: .parking, .refused, at: now) != nil else { return }
    refuse(Slot(token.slot), at: now)
  }

  /// The connection is gone, and what was published on it with it. Returns the copies over which
  /// the broker closed it: they go to the log, and are tried seldom from there.
  mutating func lost(_ slots: [Slot], _ loss: LinkLoss, at now: MonotonicTime) -> [Entry] {
    guard case .refusesMessage(let most) = loss else {
      publishAgain(slots)
      return []
    }
    let tooLarge = most.map { most in slots.filter { entries[$0].copy.bodyRange.count > most } }
    if let tooLarge, !tooLarge.isEmpty {
      publishAgain(slots.filter { !tooLarge.contains($0) })
      return tooLarge.compactMap { takeBlamed($0, at: now) }
    }
    return blame(slots).flatMap { takeBlamed($0, at: now) }.map { [$0] } ?? []
  }

  /// Nil for one that is in the log already.
  private mutating func takeBlamed(_ slot: Slot, at now: MonotonicTime) -> Entry? {
    let entry = remove(slot)
    guard let stored = entry.stored else { return entry }
    log.blame(stored, at: now)
    return nil
  }

  private mutating func confirm(_ slot: Slot) -> Entry {
    assert(entries[slot].isPublished, "only what is published is confirmed")
    isStuck = false
    pausedUntil = .start
    pause = EngineLimits.jobRetryMin
    return remove(slot)
  }

  /// A copy is not published any more: its message is settled otherwise, or it waits in the log.
  private mutating func remove(_ slot: Slot) -> Entry {
    let entry = entries[slot]
    if entry.stored != nil { storedUnderWay -= 1 }
    assert(storedUnderWay >= 0, "each stored copy is taken once")
    assert((entry.stored == nil) == !entry.message.isNone, "a copy is in the log, or waited for")
    entries.remove(slot)
    return entry
  }

  /// The next try comes later, and is one.
  private mutating func refuse(_ slot: Slot, at now: MonotonicTime) {
    assert(entries[slot].isPublished, "only what is published is refused")
    back(off: now)
    if let stored = entries[slot].stored {
      _ = remove(slot)
      log.putBack(stored)
    } else {
      entries[slot].isPublished = false
      waiting.prepend(entries.reference(slot))
    }
  }

  private mutating func back(off now: MonotonicTime) {
    isStuck = true
    stuckAt = now
    pausedUntil = now + pause
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
  private mutating func publishAgain(_ slots: [Slot]) {
    for slot in slots.reversed() {
      assert(entries[slot].isPublished, "only what is published is lost")
      entries[slot].isPublished = false
      waiting.prepend(entries.reference(slot))
    }
  }

  /// One of them made the broker close the connection. Returns the one, if it was alone.
  private mutating func blame(_ slots: [Slot]) -> Slot? {
    if slots.count == 1 { return slots[0] }
    for slot in slots { entries[slot].isPublished = false }
    suspects.add(slots.map { entries.reference($0) })
    return nil
  }

  /// Copies whose messages have waited too long, oldest first: they go to the log.
  mutating func takeOverdue(_ window: inout PublishWindow, at now: MonotonicTime) -> [Entry] {
    guard isNeeded else { return [] }
    let wait = isStuck ? .none : patience(window, at: now)
    var overdue: [Entry] = []
    while let slot = popOverdue(at: now, after: wait) {
      if entries[slot].isPublished {
        _ = window.answer(token(slot), on: .parking, .givenUp, at: now)
      }
      overdue.append(remove(slot))
    }
    return overdue
  }

  /// A broker that works off many copies, one after the other, is given more time; one that has
  /// just taken none in time is given less.
  private func patience(_ window: PublishWindow, at now: MonotonicTime) -> TimeSpan {
    if let stuckAt, now < stuckAt + EngineLimits.parkingTrouble {
      return EngineLimits.parkingDeadlineInTrouble
    }
    let isAnswering =
      window.isUsable(.parking)
      && now < window.lastConfirmAt(.parking) + EngineLimits.answering
    return isAnswering ? EngineLimits.parkingFlood : EngineLimits.parkingDeadline
  }

  private mutating func popOverdue(at now: MonotonicTime, after wait: TimeSpan) -> Slot? {
    while let oldest = ages.first {
      guard entries.contains(oldest) else {
        ages.removeFirst()
        continue
      }
      guard entries[oldest.slot].addedAt + wait <= now else { return nil }
      ages.removeFirst()
      if !isStuck { back(off: now) }
      return oldest.slot
    }
    return nil
  }

  /// A stored copy to read now, so that it can be published, and the number for its read.
  private mutating func takeToRead(at now: MonotonicTime) -> (
    read: UInt32, stored: StoredCopies.Copy
  )? {
    let fit = EngineLimits.parkedReadBytes / max(log.nextBytes, 1)
    let most = isStuck ? 1 : max(1, min(EngineLimits.parkedReads, fit))
    guard now >= pausedUntil else { return nil }
    return log.takeToRead(atMost: most - storedUnderWay, at: now)
  }
}

// The reads of copies that are in the log.
extension Parking {
  /// Marks the token of such a read: an event's has a slot there, below 2^31.
  private static var readMark: UInt64 { 1 << 31 }

  static func readToken(_ number: UInt32) -> UInt64 { UInt64(number) << 32 | readMark }

  /// The number of the read that a token is of; nil for one of an event's.
  static func readNumber(_ token: UInt64) -> UInt32? {
    token & readMark == 0 ? nil : UInt32(truncatingIfNeeded: token >> 32)
  }
}
