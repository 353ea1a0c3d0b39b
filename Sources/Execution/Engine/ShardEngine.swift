import DequeModule
import JSON
package import LogSequence
package import Messages
package import Templates

/// All decisions about a shard's events, and nothing else: a state machine without I/O, clock,
/// task or thread.
///
/// Inputs are its methods: messages, publisher confirms and returns, "durable up to this LSN",
/// records read back, connections that come and go, and turns. What is to be done stands in
/// `output` afterwards; the shell carries it out, in the order given there, and empties it. The
/// same inputs give the same outputs on every machine.
///
/// A message is settled only when each of its events is durable and its delivery confirmed (and
/// that is durable too), or waits durably, or is final, parked or a duplicate.
///
/// The engine wires owners, each with a state that nobody else changes, and keeps the order of a
/// turn. What an event does next is decided by `ActiveEvent`; the extensions of the engine carry
/// that out.
package final class ShardEngine<Lookup: EventLookup> {
  package let settings: EngineSettings
  package internal(set) var output = TurnOutput()
  package internal(set) var counters = EngineCounters()
  /// The templates for events that are matched from now on.
  package internal(set) var catalog: TemplateCatalog
  /// Earlier versions that open events are pinned to, by version.
  package internal(set) var pinned: [String: Template]

  let lookup: Lookup
  let names: EngineNames
  let parser: JSONParser
  /// A second document at the same time: two bodies are compared.
  let otherParser: JSONParser
  /// A scratch buffer.
  var writer = ByteWriter(capacity: 4_096)

  // Time.
  var now = Instant(wall: .none, monotonic: .start)
  var wallClock = WallClock()

  // What a turn may do, and for whom there is room.
  var work = WorkBudget()
  var background = BackgroundWork()
  var postponed = PostponedEvents()
  var reads = ReadsUnderWay()
  /// Bytes in memory that messages have led to.
  package internal(set) var held: HeldBytes
  /// Whether all that the last turn left is batch and background work whose part of the time beside
  /// real-time events is used up: the next turn has time.
  package internal(set) var waitsForTime = false

  // Messages.
  var inlets = [InletState](repeating: InletState(), count: Inlet.allCases.count)
  var messages = SlotTable(blank: OpenMessage.blank)
  /// Messages that may have killed a process before: each is processed alone.
  var suspects = Suspects()

  // Events and their records.
  var events = WorkingSet()
  var logEnd = LogEnd()
  var ledger = TotalsLedger()
  var positions = PositionNotes()
  var recovery = Recovery()
  /// Which history of its store the shard goes on with: status updates say so.
  var lineage: UInt64 = 0

  // What waits for a time.
  var wakeUps: WakeUps
  var pacing: Pacing
  var logTimeouts: LogTimeouts
  var backoff: Backoff

  // What goes to the broker.
  var window = PublishWindow()
  var deliveryQueues = DeliveryQueues()
  var stalledQueues = StalledQueues()
  var outbox = Outbox()
  var parking = Parking()
  var receipts = Receipts()
  /// Why a receipt was given up last.
  package internal(set) var lastReceiptLoss = ""

  /// Since when no more messages are taken.
  private var drainingSince: MonotonicTime?

  package init(
    settings: EngineSettings, lookup: Lookup, catalog: TemplateCatalog,
    pinned: [String: Template] = [:]
  ) {
    self.settings = settings
    self.lookup = lookup
    self.catalog = catalog
    self.pinned = pinned
    names = EngineNames(settings)
    // An array of events as deep as may be is cut first: see `openPieces`.
    parser = JSONParser(maxDepth: MessageLimits.eventDepth, maxBytes: MessageLimits.messageBytes)
    otherParser = JSONParser(
      maxDepth: MessageLimits.documentDepth, maxBytes: MessageLimits.messageBytes)
    backoff = Backoff(
      minSeconds: settings.retryMinSeconds, maxSeconds: settings.retryMaxSeconds,
      seed: settings.seed)
    wakeUps = WakeUps(longestPauseSeconds: settings.retryMaxSeconds)
    pacing = Pacing(perSecond: settings.batchMaxPerSecond)
    held = HeldBytes(limit: settings.heldBytes)
    logTimeouts = LogTimeouts(timeoutSeconds: settings.logTimeoutSeconds)
    output.openLinks.append(LinkOrder(link: .status, name: "publish status"))
    openDeliveryQueues()
  }

  /// Hands over what is to be done, and takes an empty output whose buffers are used again.
  package func swapOutput(_ other: inout TurnOutput) {
    precondition(other.isEmpty, "the output given in exchange has been carried out")
    swap(&output, &other)
  }

  /// Each input that depends on the time begins with this.
  func advance(to instant: Instant) {
    guard instant != now else { return }
    // After a pause of ours (a stopped process, a machine that sleeps, a busy loop) answers that
    // came meanwhile have yet to be read: no deadline counts from before it.
    if instant.monotonic - now.monotonic > EngineLimits.longTurn {
      window.stoodStill(until: instant.monotonic)
    }
    now = instant
    let jump = wallClock.advance(to: instant, newest: nextLSN.previous)
    if jump != 0 { clockWasSet(by: jump) }
  }

  /// Takes a message. It waits in its inlet until a turn has room for it.
  package func receive(_ message: InboundMessage) {
    counters.messages += 1
    held.arrived(message.storage.count, in: message.inlet)
    // The count of a message that is not redelivered is its producer's word, not the broker's.
    if message.redelivered, message.deliveryCount >= EngineLimits.suspectDeliveries {
      return suspects.add(message)
    }
    if isBroken(.settlesOnPresentChannel) {
      inlets[Int(message.inlet.rawValue)].epoch = message.channelEpoch
    }
    inlets[Int(message.inlet.rawValue)].add(message)
  }

  /// The consuming channel of an inlet is gone: the broker will deliver what it had given again.
  package func consumerLost(_ inlet: Inlet) {
    inlets[Int(inlet.rawValue)].removeAll()
    suspects.removeAll(of: inlet)
    held.left(held.waiting(inlet), from: inlet)
    if inlet == .deliveryLogs { logTimeouts.consumerLost() }
  }

  /// Whether a lane's connection is to be read: there is room for what waits in memory.
  package func mayReceive(_ inlet: Inlet) -> Bool {
    isBroken(.receivesWithoutBound) || held.mayReceive(inlet)
  }

  /// Matches with another catalog from the next event on; one event sees one catalog only.
  package func use(_ next: TemplateCatalog) {
    for template in catalog.templates where next.template(version: template.version) == nil {
      pinned[template.version] = template
    }
    catalog = next
    openDeliveryQueues()
  }

  /// Takes no more messages; what is under way goes on until `isDrained`.
  package func drain(at instant: Instant) {
    advance(to: instant)
    drainingSince = now.monotonic
    for inlet in Inlet.allCases {
      inlets[Int(inlet.rawValue)].removeAll()
      held.left(held.waiting(inlet), from: inlet)
    }
    suspects.removeAll()
    while let redrive = background.nextRedrive() { answerRedrive(redrive.token, .unavailable) }
    while let order = background.nextCancel() {
      output.cancels.append(CancelAnswer(token: order.token, outcome: .unavailable))
    }
  }

  /// Nothing is under way, and every status update so far is confirmed. A drain waits for
  /// updates and receipts for some seconds only: the log has the updates, and publishes them at
  /// the next start.
  package var isDrained: Bool {
    events.isEmpty && messages.count == halfTaken && parking.isIdle && logEnd.isIdle
      && output.isEmpty && (outbox.isIdle && receipts.isEmpty || isPatienceOver)
  }

  private var isPatienceOver: Bool {
    drainingSince.map { $0 + EngineLimits.drainPatience < now.monotonic } ?? false
  }

  /// Messages of several events that a drain takes no more of: the broker delivers them again.
  private var halfTaken: Int { isDraining ? inlets.count { !$0.open.isNone } : 0 }

  package var isDraining: Bool { drainingSince != nil }
  /// Of the next record.
  package var nextLSN: LSN { logEnd.nextLSN }
  package var durableLSN: LSN { logEnd.durableLSN }
  /// Events that are being worked on.
  package var activeEvents: Int { events.count }
  /// Messages that are not acknowledged yet, beside those that no turn has taken.
  package var openMessages: Int { messages.count }
  /// Pending events that wait for their time.
  package var waitingTimers: Int {
    wakeUps.count + stalledQueues.waitingEvents + deliveryQueues.waitingEvents
  }
  /// Events of a limited batch lane that wait for their turn.
  package var pacedEvents: Int { pacing.count }
  /// The earliest of those times.
  package var nextTimer: Timestamp? {
    let culprits = deliveryQueues.indices.map { deliveryQueues[$0].culprits.next }
    let durations = ([stalledQueues.nextProbeAt, wakeUps.nextDuration] + culprits).map { at in
      at.map { now.wall.adding(Int64(clamping: ($0 - now.monotonic).nanoseconds)) }
    }
    let isReleased = stalledQueues.hasRecalled || deliveryQueues.hasBehindSearch
    return ([wakeUps.nextMoment, isReleased ? now.wall : nil] + durations).compactMap { $0 }.min()
  }
  /// When a delivery without a log is next looked for.
  package var nextLogTimeout: Timestamp? {
    logTimeouts.next(durable: durableLSN)
  }
  package var totals: ShardTotals { ledger.totals }
  /// What does not add up; empty as long as all does.
  package var mismatches: [String] { ledger.mismatches }
  /// Status updates in memory that are not confirmed.
  package var outboxBacklog: Int { outbox.count }
}

// What the publishing connections say.
extension ShardEngine {
  package func linkOpened(_ link: PublishLink, at instant: Instant) {
    advance(to: instant)
    window.opened(link, at: now.monotonic)
  }

  package func linkBlocked(_ link: PublishLink, _ isBlocked: Bool, at instant: Instant) {
    advance(to: instant)
    window.blocked(link, isBlocked, at: now.monotonic)
    if isBroken(.publishesAgainUnasked), !isBlocked, window.isOpen(link) {
      linkLost(link, at: now)
      linkOpened(link, at: now)
    }
  }

  /// The broker has taken responsibility for a publish.
  package func confirmed(_ token: PublishToken, at instant: Instant) {
    advance(to: instant)
    let token = isBroken(.countsConfirms) ? oldestWaiting(like: token) : token
    switch token.kind {
    case .delivery:
      if answer(token, .confirmed) != nil { deliveryConfirmed(token.event) }
    case .parking: parkingConfirmed(token)
    case .receipt: receipts.confirmed(token, &window, at: now.monotonic)
    case .status: updateConfirmed(token.lsn)
    case nil: break
    }
  }

  /// The broker could not take a publish.
  package func refused(_ token: PublishToken, at instant: Instant) {
    advance(to: instant)
    switch token.kind {
    case .delivery: deliveryRefused(token)
    case .parking: parking.refused(token, &window, at: now.monotonic)
    case .receipt: noteLoss(receipts.refused(token, &window, at: now.monotonic))
    case .status: updateRefused(token.lsn)
    case nil: break
    }
  }

  /// Answers a publish of ours. Nil when it does not wait for an answer.
  @discardableResult
  func answer(_ token: PublishToken, _ answer: PublishWindow.Answer) -> InFlight.Answered? {
    guard let link = link(of: token) else { return nil }
    return window.answer(token, on: link, answer, at: now.monotonic)
  }

  private func deliveryRefused(_ token: PublishToken) {
    guard let refused = answer(token, .refused) else { return }
    counters.deliveriesRefused += 1
    noteRefusal(token, refused)
    retryLater(
      token.event, TransitionReason(.brokerRefused, "the broker refused the delivery (nack)"))
  }

  /// The broker has returned a mandatory message: no queue takes it. Its confirm follows, and
  /// will count as a refusal. Broker and protocol promise this order.
  package func returned(
    from exchange: OutboundExchange, messageID: UnsafeRawBufferPointer, code: Int, text: String
  ) {
    switch exchange {
    case .deliveries:
      guard let id = DeliveryID(messageID), let event = events.slot(of: lookup.key(of: id.eventID))
      else { return }
      let reason = TransitionReason(
        .unroutable, "no queue takes deliveries of this channel (\(code) \(text))")
      if events[event].wasReturned(attempt: id.attempt, reason) {
        counters.deliveriesReturned += 1
      }
    case .parked: parking.returned(messageID)
    case .status, .direct: break
    }
  }
}

// A publishing connection is gone, and what was under way on it.
extension ShardEngine {
  /// A publishing connection is gone, or its channel, with the confirms that were to come on it.
  /// Whether the broker has what was published is unknown: it is published again, in the same
  /// order. This uses up no tries, but of a message that the broker closed the connection over.
  package func linkLost(
    _ link: PublishLink, _ loss: LinkLoss = .connection, at instant: Instant
  ) {
    advance(to: instant)
    let lost = window.closed(link, loss, at: now.monotonic)
    if let queue = link.deliveryQueue { return deliveriesLost(queue, lost, loss) }
    switch link {
    case .parking: parkingLost(lost.map { Parking.Slot($0.slot) }, loss)
    case .receipts:
      noteLoss(receipts.lost(lost.map { Receipts.Slot($0.slot) }, loss, at: now.monotonic))
    default: outboxLost(loss)
    }
  }

  private func deliveriesLost(_ queue: Int, _ tokens: [PublishToken], _ loss: LinkLoss) {
    let lost = tokens.map { token in
      LostDelivery(
        event: events.reference(token.event), token: token,
        delivery: events[token.event].wasLost(), isBackground: events[token.event].isBackground)
    }
    for culprit in deliveryQueues[queue].lost(lost, loss) { blame(culprit, queue) }
  }

  /// The broker closed the connection over this event's delivery: it waits durably, and goes
  /// alone from now on, in its turn among others of its kind.
  private func blame(_ culprit: LostDelivery, _ queue: Int) {
    let event = culprit.token.event
    deliveryQueues[queue].culprits.blame(events[event].key, at: now.monotonic)
    stalledQueues.acquit(queue, probe: culprit.token, at: now.monotonic)
    counters.deliveriesRefused += 1
    retryLater(
      event,
      TransitionReason(
        .brokerRefused,
        "the broker closed the connection over it (\(culprit.delivery.bytes.count) bytes)"))
  }

  /// Why a delivery is not even tried, as far as is known: the broker has said of what size it
  /// takes none. Looked at anew from time to time, since a limit can be raised; alone, then.
  func isTooLarge(_ event: DeliveryQueue.Waiting, _ queue: Int) -> Bool {
    let bytes = events[event.slot].deliveryBytes
    guard let most = window.mostBytes, bytes > most else { return false }
    guard window.knowsMostBytes(at: now.monotonic) else {
      deliveryQueues[queue].suspectLater(event)
      return true
    }
    counters.deliveriesRefused += 1
    retryLater(
      event.slot,
      TransitionReason(
        .brokerRefused, "the delivery has \(bytes) bytes, the broker takes \(most)"))
    return true
  }
}

// For tests that expect to see the engine fail: see `DeliberateBreaks`.
extension ShardEngine {
  @inline(__always)
  func isBroken(_ rule: DeliberateBreaks) -> Bool {
    #if DEBUG
      return settings.breaks.contains(rule)
    #else
      return false
    #endif
  }

  func dieOfPoison(_ fields: EventFields) {
    guard isBroken(.diesOfPoison), fields.type.string == "test.poison" else { return }
    preconditionFailure("poison")
  }

  /// What an engine that counts confirms would take one for.
  func oldestWaiting(like token: PublishToken) -> PublishToken {
    guard token.kind == .delivery, let link = link(of: token), window.isWaiting(token, on: link)
    else { return token }
    return window.oldest(link)?.token ?? token
  }

  /// The channel that a message is acknowledged on.
  func epoch(for message: InboundMessage) -> UInt32 {
    isBroken(.settlesOnPresentChannel)
      ? inlets[Int(message.inlet.rawValue)].epoch : message.channelEpoch
  }

  func takeAllOfBatch() {
    while takeElement(from: .batch) {}
  }
}
