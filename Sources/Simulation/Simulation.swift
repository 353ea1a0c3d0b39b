package import Execution
import JSON
package import Messages
import Templates

/// One shard in a world of its own: engine, log and broker are models, time is a number, and
/// everything that may happen in any order does, by the seed.
///
/// It checks as it goes: see `Simulation+Checks`. What is wrong stands in `violations`.
package final class Simulation {
  package let seed: UInt64
  package let shard: ShardNumber
  let plan: SimulationPlan
  var faults: SimulationPlan.Faults
  var random: SeededRandom
  let log = ModelLog()
  var broker = ModelBroker()
  var engine: ShardEngine<ModelLog>
  var output = TurnOutput()
  var nanoseconds: Int64 = 1_800_000_000_000_000_000
  /// By how much the wall clock is ahead of that.
  var wallOffset: Int64 = 0
  package private(set) var violations: [String] = []
  /// The publishing connections that were ordered, by number, and those of them that are open.
  var orderedLinks: [PublishLink] = []
  var openLinks: Set<Int> = []
  var pendingReads: [(token: UInt64, target: ReadOrder.Target)] = []
  var pendingRange: UInt64?
  var pendingWatch: UInt64?
  var pendingTotals: UInt64?
  var redrivesLeft: Int
  var nextRedrive: UInt64 = 1
  var pendingRedrives: Set<UInt64> = []
  var redriveOutcomes: [UInt64: RedriveOutcome] = [:]
  /// When each delivery was published, every time.
  var publishTimes: [String: [Int64]] = [:]
  /// The events that were sent to this shard.
  var events: [String] = []
  /// When scheduled events may be delivered at the earliest.
  var scheduled: [String: Timestamp] = [:]
  /// Deliveries by id: their bytes must never change.
  var deliveryBodies: [String: [UInt8]] = [:]
  /// The log that wins, of those that were sent about a delivery.
  var winningLogs: [String: (occurredAt: Timestamp, outcome: Status)] = [:]
  /// Where the delivery engines' logs go, by the `reply_to` of their deliveries.
  var sendLog: ((_ replyTo: String, _ body: String, _ id: String) -> Void)?
  let catalogs: [TemplateCatalog]
  var presentCatalog = 0

  static let logTimeoutSeconds: Int64 = 6

  package init(
    seed: UInt64, plan: SimulationPlan, shard: ShardNumber = ShardNumber(0)
  ) throws {
    self.seed = seed
    self.shard = shard
    self.plan = plan
    faults = plan.faults
    redrivesLeft = plan.redrives
    random = SeededRandom(seed: seed &+ UInt64(shard.value) &* 0x9E37_79B9)
    catalogs = try Self.sharedCatalogs.get()
    engine = Self.engine(log, catalogs, 0, plan, seed, shard)
    engine.startRecovered(nextLSN: 1, at: now)
    openOrderedLinks()
  }

  /// Compiled once: templates are immutable.
  private static let sharedCatalogs = Result {
    [try SampleTemplates.catalog(), try SampleTemplates.catalog(greeting: "Hi")]
  }

  static func engine(
    _ log: ModelLog, _ catalogs: [TemplateCatalog], _ present: Int, _ plan: SimulationPlan,
    _ seed: UInt64, _ shard: ShardNumber
  ) -> ShardEngine<ModelLog> {
    var settings = EngineSettings(shard: shard, prefix: "meddela", version: "test")
    settings.seed = seed
    settings.giveUpSeconds = 10_000_000
    settings.logTimeoutSeconds = logTimeoutSeconds
    settings.batchMaxPerSecond = plan.batchMaxPerSecond
    settings.breaks = plan.breaks
    var pinned: [String: Template] = [:]
    for catalog in catalogs {
      for template in catalog.templates { pinned[template.version] = template }
    }
    return ShardEngine(
      settings: settings, lookup: log, catalog: catalogs[present], pinned: pinned)
  }

  var now: Instant {
    Instant(
      wall: Timestamp(nanoseconds: nanoseconds + wallOffset), monotonic: UInt64(nanoseconds))
  }

  func later(seconds: Int64) -> String {
    Timestamp(nanoseconds: nanoseconds + seconds * 1_000_000_000).text
  }

  func violate(_ text: String) {
    if violations.count < 20 { violations.append(text) }
  }

  /// Puts a message into one of the shard's queues, as the broker would after its confirm.
  package func send(
    _ inlet: Inlet, _ body: String, messageID: String = "", replyTo: String = "", ids: [String],
    deliveryCount: UInt32 = 0
  ) {
    let message = ModelBroker.Message(
      body: Array(body.utf8), messageID: messageID, replyTo: replyTo, ids: ids,
      deliveryCount: deliveryCount)
    let index = Int(inlet.rawValue)
    // Several producers publish at the same time; a log may overtake another one.
    let isOvertaking = inlet == .deliveryLogs && random.chance(30)
    let place = isOvertaking ? random.below(broker.queues[index].ready.count + 1) : nil
    broker.queues[index].ready.insert(
      message, at: place ?? broker.queues[index].ready.count)
  }

  /// One thing happens.
  func step() {
    nanoseconds += Int64(random.below(3_000_000))
    engine.advance(to: now)
    switch random.below(22) {
    case 0..<6: deliverMessages()
    case 6..<10: carryOutTurn()
    case 10..<13: makeDurable()
    case 13..<17: answerPublishes()
    case 17: answerReads()
    case 18 where plan.retains && random.chance(50): retain()
    case 18: nanoseconds += Int64(random.below(2_000_000_000))
    case 19: redriveSomething()
    default: fault()
    }
  }

  private func retain() {
    for request in log.carryRequests where random.chance(30) {
      engine.carry(lsn: request.lsn, key: request.key)
    }
    log.retain(from: engine.keepFrom)
  }

  /// Everything gets done that can be: no more faults, time passes as it must.
  ///
  /// - Parameter isWaiting: whether to go on to what is due later, until nothing is.
  package func settle(limit: Int = 20_000, isWaiting: Bool = true) {
    let silence = faults.silencePercent
    faults = .none
    faults.silencePercent = silence
    redrivesLeft = 0
    broker.stalledChannels = []
    for _ in 0..<limit {
      restoreBroker()
      nanoseconds += 50_000_000
      engine.advance(to: now)
      deliverMessages()
      carryOutTurn()
      makeDurable(all: true)
      answerReads()
      answerPublishes(all: true)
      guard isQuiet else { continue }
      guard isWaiting else { return }
      guard let next = [engine.nextTimer, engine.nextLogTimeout].compactMap({ $0 }).min() else {
        return
      }
      nanoseconds = max(nanoseconds, next.nanoseconds + 1)
    }
    violate("the shard did not come to rest")
  }

  private var isQuiet: Bool {
    broker.queuedMessages == 0 && broker.unackedMessages == 0 && broker.inFlight.isEmpty
      && engine.isDrained && engine.isRecovered && engine.pacedEvents == 0
      && pendingReads.isEmpty && pendingWatch == nil && pendingRange == nil
      && pendingTotals == nil && engine.parkedCopiesWaiting == 0
  }

  func carryOutTurn() {
    _ = engine.turn(at: now)
    engine.swapOutput(&output)
    if plan.hasPoison, takesPoison {
      // The process dies of it before anything of the turn is carried out.
      output.removeAll()
      return crash()
    }
    for order in output.appends { log.append(order, bytes: output.bytes) }
    pendingReads += output.reads.map { ($0.token, $0.target) }
    if let from = output.rangeRead { pendingRange = from }
    if let from = output.watchRead { pendingWatch = from }
    if let from = output.totalsRead { pendingTotals = from }
    for order in output.publishes { publish(order) }
    for settlement in output.settlements { settled(settlement) }
    for answer in output.redrives { check(answer) }
    for order in output.openLinks { openLink(order.link) }
    let lost = output.abandonedLinks + output.renewedLinks
    output.removeAll()
    for link in lost {
      loseLink(link)
      openLink(link)
    }
    checkBounds()
  }

  private var takesPoison: Bool {
    output.appends.contains { order in
      order.kind == .accepted
        && output.bytes[order.id.offset...].starts(with: Array("poison".utf8))
    }
  }

  func deliverMessages() {
    if broker.queues[Int(Inlet.deliveryLogs.rawValue)].ready.isEmpty {
      engine.noteDeliveryLogsEmpty()
    }
    guard !engine.isIsolating else { return }
    for inlet in Inlet.allCases {
      for _ in 0..<random.below(8) {
        guard engine.mayReceive(inlet), let (tag, message) = broker.take(from: inlet) else { break }
        engine.receive(inbound(message, inlet: inlet, tag: tag))
      }
    }
  }

  private func inbound(
    _ message: ModelBroker.Message, inlet: Inlet, tag: UInt64
  ) -> InboundMessage {
    var storage = message.body + [UInt8](repeating: 0x20, count: jsonPadding)
    func add(_ text: String) -> ByteRange {
      let start = storage.count
      storage += Array(text.utf8)
      return ByteRange(offset: start, count: text.utf8.count)
    }
    let messageID = add(message.messageID)
    let replyTo = add(message.replyTo)
    let exchange = add("meddela.\(inlet.name)")
    var result = InboundMessage(
      inlet: inlet, channelEpoch: broker.queues[Int(inlet.rawValue)].epoch, deliveryTag: tag,
      redelivered: message.deliveryCount > 0, storage: storage, bodyCount: message.body.count)
    result.deliveryCount = message.deliveryCount
    result.messageID = messageID
    result.replyTo = replyTo
    result.exchange = exchange
    return result
  }

  func makeDurable(all: Bool = false) {
    log.makeDurable(all ? Int.max / 2 : random.below(12)) { checkDurable($0) }
    if log.durableLSN > engine.durableLSN { engine.durable(upTo: log.durableLSN) }
  }

  /// The shell drops an acknowledgement whose channel is gone; with the break it sends it.
  private func settled(_ settlement: Settlement) {
    let index = Int(settlement.inlet.rawValue)
    let isStale = settlement.channelEpoch != broker.queues[index].epoch
    if isStale, !plan.sendsStaleTags { return }
    guard let message = broker.queues[index].unacked.removeValue(forKey: settlement.deliveryTag)
    else {
      if !isStale { violate("message \(settlement.deliveryTag) was settled twice") }
      return
    }
    if settlement.isRejected { return broker.parkedAtLimit.append(message) }
    checkMayBeSettled(message, settlement.inlet)
  }
}
