import DequeModule
import Messages

/// The receipts that the broker has not confirmed. They are best effort: few wait, none for long,
/// and nothing else waits for one.
struct Receipts {
  typealias Slot = SlotTable<Entry>.Slot
  typealias Reference = SlotTable<Entry>.Reference

  struct Entry {
    var replyTo: [UInt8]
    /// Empty: none.
    var messageID: [UInt8]
    var correlationID: [UInt8]
    var body: [UInt8]
    /// When it was asked for.
    var addedAt: MonotonicTime = .start
    var tries = 0
    var serial: UInt32 = 0
    var isPublished = false
  }

  /// Receipts that are given up.
  struct Loss: Equatable {
    var count: Int
    var reason: String
  }

  private var entries = SlotTable(
    blank: Entry(replyTo: [], messageID: [], correlationID: [], body: []))
  /// All of them, oldest first; those that are done stay until they are the oldest.
  private var ages: Deque<Reference> = []
  private var waiting: Deque<Reference> = []
  /// Refused, and when to publish them again.
  private var postponed: Deque<(at: MonotonicTime, receipt: Reference)> = []
  /// Published when the broker closed the connection over one of them: each goes alone.
  private var suspects = OneByOne<Reference>()
  /// Queues whose receipts the broker closed the connection over, and until when they get none.
  private var barred: Deque<(replyTo: [UInt8], until: MonotonicTime)> = []
  /// Whether one was ever asked for.
  private(set) var isNeeded = false

  var isEmpty: Bool { entries.isEmpty }

  /// Receipts that the broker has not answered.
  var publishedCount: Int { entries.slots.count { entries[$0].isPublished } }

  /// Takes a receipt, or gives it up at once. As long as the broker answers, a burst may wait; of
  /// a connection that does not, few.
  mutating func add(
    _ entry: Entry, _ window: PublishWindow, _ output: inout TurnOutput, at now: MonotonicTime
  ) -> Loss? {
    if !isNeeded {
      isNeeded = true
      output.openLinks.append(LinkOrder(link: .receipts, name: "publish receipts"))
    }
    let most =
      isAnswering(window, at: now) ? EngineLimits.receiptBurst : EngineLimits.receiptsWaiting
    let loss = Loss(count: 1, reason: "too many wait, or their queue cannot be reached")
    guard entries.count < most else { return loss }
    while let first = barred.first, first.until <= now { barred.removeFirst() }
    if barred.contains(where: { $0.replyTo == entry.replyTo }) { return loss }
    var entry = entry
    entry.addedAt = now
    let slot = entries.insert(entry)
    let receipt = entries.reference(slot)
    ages.append(receipt)
    waiting.append(receipt)
    return nil
  }

  private func isAnswering(_ window: PublishWindow, at now: MonotonicTime) -> Bool {
    guard window.isUsable(.receipts) else { return false }
    let since = max(window.lastConfirmAt(.receipts), window.usableSince(.receipts))
    return window.unanswered(.receipts) == 0 || now < since + EngineLimits.answering
  }

  /// Publishes what may be.
  mutating func pump(
    _ window: inout PublishWindow, _ output: inout TurnOutput, at now: Instant
  ) {
    guard window.isUsable(.receipts) else { return }
    while window.unanswered(.receipts) < EngineLimits.unconfirmedDeliveries,
      let slot = takeNext(
        serial: window.nextSerial(), underWay: window.unanswered(.receipts))
    {
      window.publish(token(slot), on: .receipts, at: now.monotonic)
      output.publish(entries[slot], token(slot), at: now.wall)
    }
  }

  private func token(_ slot: Slot) -> PublishToken {
    PublishToken(.receipt, slot: slot, serial: entries[slot].serial)
  }

  /// The next one to publish, as `serial`.
  private mutating func takeNext(serial: UInt32, underWay: Int) -> Slot? {
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

  private mutating func publish(_ receipt: Reference, _ serial: UInt32) -> Slot {
    assert(!entries[receipt.slot].isPublished, "a receipt is published once at a time")
    entries[receipt.slot].serial = serial
    entries[receipt.slot].isPublished = true
    entries[receipt.slot].tries += 1
    return receipt.slot
  }

  mutating func confirmed(
    _ token: PublishToken, _ window: inout PublishWindow, at now: MonotonicTime
  ) {
    guard window.answer(token, on: .receipts, .confirmed, at: now) != nil else { return }
    assert(entries[Slot(token.slot)].isPublished, "only what is published is confirmed")
    entries.remove(Slot(token.slot))
  }

  /// The broker could not take a receipt. One that has had its tries is given up.
  mutating func refused(
    _ token: PublishToken, _ window: inout PublishWindow, at now: MonotonicTime
  ) -> Loss? {
    guard window.answer(token, on: .receipts, .refused, at: now) != nil else { return nil }
    let slot = Slot(token.slot)
    assert(entries[slot].isPublished, "only what is published is refused")
    guard entries[slot].tries < EngineLimits.receiptTries else {
      entries.remove(slot)
      return Loss(count: 1, reason: "the broker refused them (nack): their queue is full")
    }
    entries[slot].isPublished = false
    postponed.append((now + EngineLimits.jobRetryMin, entries.reference(slot)))
    return nil
  }

  /// The connection is gone, and what was published on it with it.
  mutating func lost(_ slots: [Slot], _ loss: LinkLoss, at now: MonotonicTime) -> Loss? {
    switch loss {
    case .connection:
      publishAgain(slots)
      return nil
    case .refusesAll:
      return Loss(
        count: removeAll(), reason: "the account may not publish to the default exchange")
    case .refusesMessage:
      return Loss(
        count: blame(slots, at: now), reason: "the broker closed the connection over one")
    }
  }

  /// Those that were published are lost with the connection, through no fault of theirs.
  private mutating func publishAgain(_ slots: [Slot]) {
    for slot in slots.reversed() {
      assert(entries[slot].isPublished, "only what is published is lost")
      assert(entries[slot].tries > 0, "a publish is a try")
      entries[slot].isPublished = false
      entries[slot].tries -= 1
      waiting.prepend(entries.reference(slot))
    }
  }

  /// One of them made the broker close the connection. Returns how many are given up: the one,
  /// if it was alone.
  private mutating func blame(_ slots: [Slot], at now: MonotonicTime) -> Int {
    guard slots.count == 1 else {
      for slot in slots { entries[slot].isPublished = false }
      suspects.add(slots.map(entries.reference))
      return 0
    }
    if barred.count >= EngineLimits.barredQueues { barred.removeFirst() }
    barred.append((entries[slots[0]].replyTo, now + EngineLimits.barredFor))
    entries.remove(slots[0])
    return 1
  }

  /// Gives up what has waited too long.
  mutating func expire(_ window: inout PublishWindow, at now: MonotonicTime) -> Loss? {
    guard !entries.isEmpty else { return nil }
    var count = 0
    while let first = postponed.first, first.at <= now {
      postponed.removeFirst()
      if entries.contains(first.receipt) { waiting.append(first.receipt) }
    }
    while let oldest = ages.first {
      if entries.contains(oldest) {
        guard entries[oldest.slot].addedAt + EngineLimits.receiptDeadline < now else { break }
        count += 1
        if entries[oldest.slot].isPublished {
          _ = window.answer(token(oldest.slot), on: .receipts, .givenUp, at: now)
        }
        entries.remove(oldest.slot)
      }
      ages.removeFirst()
    }
    return Loss(count: count, reason: "the broker did not take them in time")
  }

  /// Gives up all. Returns how many.
  private mutating func removeAll() -> Int {
    let count = entries.count
    for slot in entries.slots { entries.remove(slot) }
    waiting.removeAll()
    suspects.removeAll()
    postponed.removeAll()
    ages.removeAll()
    return count
  }
}

extension TurnOutput {
  /// Publishes a receipt straight to the queue that was named in `reply_to`.
  mutating func publish(_ receipt: Receipts.Entry, _ token: PublishToken, at now: Timestamp) {
    let routingKey = add(receipt.replyTo)
    var order = PublishOrder(
      link: .receipts, token: token, exchange: .direct, routingKey: routingKey,
      mandatory: false, messageID: add(receipt.messageID), timestamp: now,
      body: receipt.body, bodyRange: 0..<receipt.body.count)
    order.correlationID = add(receipt.correlationID)
    order.contentType = add(EngineNames.json)
    order.type = add(EngineNames.receipt)
    publishes.append(order)
  }
}
