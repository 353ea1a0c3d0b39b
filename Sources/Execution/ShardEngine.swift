import DequeModule
import JSON
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
/// The rules are those of the design: a message is settled only when each of its events is
/// durable and its delivery confirmed (and that is durable too), or waits durably, or is final,
/// parked or a duplicate.
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
  var writer = ByteWriter(capacity: 4_096)

  var now = Instant(wall: .none, monotonic: 0)
  var wallClock = WallClock()
  /// What a turn may do: see there.
  var work = WorkBudget()
  var background = BackgroundWork()
  var cancelOrders: Deque<CancelOrder> = []
  var postponed = PostponedEvents()
  var reads = ReadsUnderWay()
  /// Bytes in memory that messages have led to.
  package internal(set) var held: HeldBytes
  package internal(set) var nextLSN: UInt64
  package internal(set) var durableLSN: UInt64
  /// Which history of its store the shard goes on with: status updates say so.
  var lineage: UInt64 = 0
  var events = SlotTable(blank: ActiveEvent.blank)
  var eventSlots: [EventKey: Int32] = [:]
  var messages = SlotTable(blank: OpenMessage.blank)
  var parking = Parking()
  var receipts = Receipts()
  /// Why a receipt was given up last.
  package internal(set) var lastReceiptLoss = ""
  var inlets = [InletState](repeating: InletState(), count: Inlet.allCases.count)
  var window = PublishWindow()
  var deliveryQueues = DeliveryQueues()
  /// Events whose newest record is not durable yet, in LSN order.
  var awaitingDurable: Deque<(lsn: UInt64, event: SlotTable<ActiveEvent>.Reference)> = []
  var wakeUps: WakeUps
  var outbox = Outbox()
  var logWatch = LogWatch()
  var logTimeoutGate = LogTimeoutGate()
  /// Whether delivery logs come if there are any.
  var isConsumingLogs = true
  var pacing: Pacing
  /// Messages that may have killed a process before: each is processed alone.
  var suspects = Suspects()
  var stalledQueues = StalledQueues()
  var ledger = TotalsLedger()
  var backoff: Backoff
  var lastRealtimeAt = 0 &- EngineLimits.realtimeActive
  /// Whether all that the last turn left is batch and background work whose part of the time beside
  /// real-time events is used up: the next turn has time.
  package internal(set) var waitsForTime = false
  /// The turn before, monotonic.
  var turnAt: UInt64 = 0
  var positions = PositionNotes()
  var recovery = Recovery()
  package internal(set) var isDraining = false
  private var drainingSince: UInt64 = 0

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
    parser = JSONParser(maxDepth: Limits.eventDepth, maxBytes: Limits.messageBytes)
    otherParser = JSONParser(maxDepth: Limits.documentDepth, maxBytes: Limits.messageBytes)
    backoff = Backoff(
      minSeconds: settings.retryMinSeconds, maxSeconds: settings.retryMaxSeconds,
      seed: settings.seed)
    wakeUps = WakeUps(longestPauseSeconds: settings.retryMaxSeconds)
    pacing = Pacing(perSecond: settings.batchMaxPerSecond)
    held = HeldBytes(limit: settings.heldBytes)
    nextLSN = 1
    durableLSN = 0
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
    if instant.monotonic &- now.monotonic > EngineLimits.longTurn {
      window.stoodStill(until: instant.monotonic)
    }
    now = instant
    let jump = wallClock.advance(to: instant, newest: nextLSN - 1)
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
    if inlet == .deliveryLogs { logTimeoutGate.close() }
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
    isDraining = true
    drainingSince = now.monotonic
    for inlet in Inlet.allCases {
      inlets[Int(inlet.rawValue)].removeAll()
      held.left(held.waiting(inlet), from: inlet)
    }
    suspects.removeAll()
    while let redrive = background.nextRedrive() { answerRedrive(redrive.token, .unavailable) }
    while let order = cancelOrders.popFirst() {
      output.cancels.append(CancelAnswer(token: order.token, outcome: .unavailable))
    }
  }

  /// Nothing is under way, and every status update so far is confirmed. A drain waits for
  /// updates and receipts for some seconds only: the log has the updates, and publishes them at
  /// the next start.
  package var isDrained: Bool {
    events.isEmpty && messages.count == halfTaken && parking.isIdle && awaitingDurable.isEmpty
      && output.isEmpty && (outbox.isIdle && receipts.isEmpty || isPatienceOver)
  }

  private var isPatienceOver: Bool {
    isDraining && drainingSince &+ EngineLimits.drainPatience < now.monotonic
  }

  /// Messages of several events that a drain takes no more of: the broker delivers them again.
  private var halfTaken: Int { isDraining ? inlets.count { $0.open >= 0 } : 0 }

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
      at.map { now.wall.adding(max(0, Int64($0) - Int64(now.monotonic))) }
    }
    let isReleased = stalledQueues.hasRecalled || deliveryQueues.hasBehindSearch
    return ([wakeUps.nextMoment, isReleased ? now.wall : nil] + durations).compactMap { $0 }.min()
  }
  /// When a delivery without a log is next looked for.
  package var nextLogTimeout: Timestamp? {
    logWatch.next(durable: durableLSN, timeout: logTimeout)
  }
  package var totals: ShardTotals { ledger.totals }
  /// What does not add up; empty as long as all does.
  package var mismatches: [String] { ledger.mismatches }
  /// Status updates in memory that are not confirmed.
  package var outboxBacklog: Int { outbox.count }
}
