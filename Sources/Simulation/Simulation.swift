package import Execution
import JSON
import LogSequence
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
  var clock: SimulatedClock
  var nanoseconds: Int64 { clock.nanoseconds }
  package private(set) var violations: [Violation] = []
  var links = SimulatedLinks()
  /// How many processes there have been, and when the last one began.
  var lives = 1
  var bornAt: Int64 = 0
  var lastTurnAt: Int64 = 0
  /// Since all that is under way was looked at.
  var turnsSinceChecked = 0
  /// For how long only suspects have been taken, counted by turns.
  var isolatedFor: Int64 = 0
  var pendingReads: [(token: UInt64, target: ReadOrder.Target)] = []
  var pendingRange: LSN?
  var pendingWatch: LSN?
  var pendingTotals: LSN?
  var redrivesLeft: Int
  var nextRedrive: UInt64 = 1
  var pendingRedrives: Set<UInt64> = []
  var redriveOutcomes: [UInt64: RedriveOutcome] = [:]
  var cancels: SimulatedCancels
  /// What was true when each delivery was published last.
  var lastPublishes: [String: PublishCircumstances] = [:]
  /// Of each event, the update that is not confirmed.
  var unconfirmedUpdates: [Substring: (messageID: String, count: Int)] = [:]
  /// Why each body that was sent may be parked; those that must be among them.
  var parkReasons: [[UInt8]: String] = [:]
  var mustPark: [[UInt8]] = []
  var largestMessage = 0
  /// When the calm events were sent that have not been published.
  var calm: [String: Int64] = [:]
  /// When batch deliveries had their turns, if the lane has a rate.
  var batchTurns: [Int64] = []
  /// When each delivery was published, every time.
  var publishTimes: [String: [Int64]] = [:]
  /// The events that were sent to this shard.
  var events: [String] = []
  /// When scheduled events may be delivered at the earliest.
  var scheduled: [String: Timestamp] = [:]
  /// Deliveries by id: their bytes must never change.
  var deliveryBodies: [String: [UInt8]] = [:]
  /// The log that wins, of those that were sent about a delivery, if none is from the future.
  var winningLogs: [String: ModelBroker.SentLog] = [:]
  /// All of them, if the plan numbers them: their reason's code names the place here.
  var sentLogs: [ModelBroker.SentLog] = []
  /// Logs that take their time, in nanoseconds, and repeats of some that came.
  var lateLogs: [(at: Int64, replyTo: String, log: ModelBroker.Message)] = []
  /// For logs from the future, so that a run without them is the same one.
  var lies: SeededRandom
  /// Where the delivery engines' logs go, by the `reply_to` of their deliveries.
  var sendLog: ((_ replyTo: String, _ log: ModelBroker.Message) -> Void)?
  let catalogs: [TemplateCatalog]
  var presentCatalog = 0

  static let logTimeoutSeconds: Int64 = 6
  /// How long an event may wait for its first publish because of what does not concern it. Two
  /// things may stop a lane, one after the other: messages that wait three seconds for their copies
  /// to be parked and use up the prefetch, and suspects, which are taken alone for two seconds
  /// after one in which what is at hand is finished. A quiet queue is relieved in a quarter of a
  /// second; as much again for turns.
  static let longestWait: Int64 = 6_500_000_000

  package init(
    seed: UInt64, plan: SimulationPlan, shard: ShardNumber = ShardNumber(0)
  ) throws {
    self.seed = seed
    self.shard = shard
    self.plan = plan
    faults = plan.faults
    redrivesLeft = plan.redrives
    cancels = SimulatedCancels(seed: seed, left: plan.cancels)
    random = SeededRandom(seed: seed &+ UInt64(shard.value) &* 0x9E37_79B9)
    lies = SeededRandom(seed: seed ^ 0x11E5 &+ UInt64(shard.value))
    clock = SimulatedClock(seed: seed, jumps: plan.faults.clockJumps, drift: plan.drift)
    broker.trouble.sparesEmail = plan.isFair
    if plan.hasCulprits { broker.trouble.blame(.deliveries, until: .max) }
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
    settings.giveUpSeconds = plan.hasCulprits ? 3_600 : 10_000_000
    settings.realtimePrefetch = plan.prefetch
    settings.batchPrefetch = plan.prefetch
    settings.heldBytes = plan.heldBytes
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

  var now: Instant { clock.now }

  func later(seconds: Int64) -> String {
    Timestamp(nanoseconds: nanoseconds + seconds * 1_000_000_000).text
  }

  func violate(_ check: SimulationCheck, _ text: String) {
    if violations.count < 20 { violations.append(Violation(check: check, text: text)) }
  }

  /// Puts a message into one of the shard's queues, as the broker would after its confirm.
  /// `parksAs`: the reason that it is to be parked for, if it is.
  package func send(
    _ inlet: Inlet, _ body: String, messageID: String = "", replyTo: String = "", ids: [String],
    deliveryCount: UInt32 = 0, parksAs reason: String? = nil
  ) {
    if let reason { parkReasons[Array(body.utf8)] = reason }
    send(
      inlet,
      ModelBroker.Message(
        body: Array(body.utf8), messageID: messageID, replyTo: replyTo, ids: ids,
        deliveryCount: deliveryCount))
  }

  func send(_ inlet: Inlet, _ message: ModelBroker.Message) {
    largestMessage = max(largestMessage, message.body.count + 512)
    let index = Int(inlet.rawValue)
    // Several producers publish at the same time; a log may overtake another one.
    let isOvertaking = inlet == .deliveryLogs && random.chance(30)
    let place = isOvertaking ? random.below(broker.queues[index].ready.count + 1) : nil
    broker.queues[index].ready.insert(
      message, at: place ?? broker.queues[index].ready.count)
  }

  func carryOutTurn() {
    let isIsolating = engine.isIsolating
    _ = engine.turn(at: now)
    engine.swapOutput(&output)
    if !isIsolating, !engine.isIsolating { checkShares() }
    checkInvariants()
    if plan.hasPoison, takesPoison {
      // The process dies of it before anything of the turn is carried out.
      output.removeAll()
      return crash()
    }
    for order in output.appends {
      let moment = clock.moment(of: order.time, since: bornAt)
      log.append(order, bytes: output.bytes, at: moment.nanoseconds, latest: moment.latest)
    }
    pendingReads += output.reads.map { ($0.token, $0.target) }
    if let from = output.rangeRead { pendingRange = from }
    if let from = output.watchRead { pendingWatch = from }
    if let from = output.totalsRead { pendingTotals = from }
    for order in output.publishes { publish(order) }
    for settlement in output.settlements { settled(settlement) }
    for answer in output.redrives { check(answer) }
    for answer in output.cancels { check(answer) }
    for order in output.openLinks { orderLink(order) }
    let lost = output.abandonedLinks + output.renewedLinks
    output.removeAll()
    for link in lost {
      loseLink(link)
      openLinkLater(link)
    }
    checkBounds()
  }

  private var takesPoison: Bool {
    output.appends.contains { order in
      order.kind == .accepted
        && output.bytes[order.id.offset...].starts(with: Array("poison".utf8))
    }
  }

  func deliverMessages(atMost most: Int = 8) {
    if broker.queues[Int(Inlet.deliveryLogs.rawValue)].ready.isEmpty {
      engine.noteDeliveryLogsEmpty()
    }
    guard !engine.isIsolating else { return }
    for inlet in Inlet.allCases {
      for _ in 0..<random.below(most) * plan.scale {
        guard broker.hasRoom(inlet, prefetch: inlet == .deliveryLogs ? 1_000 : plan.prefetch),
          engine.mayReceive(inlet), let (tag, message) = broker.take(from: inlet)
        else { break }
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
    let type = add(message.isCancel ? "\(CancelFields.type)" : "")
    var result = InboundMessage(
      inlet: inlet, channelEpoch: broker.queues[Int(inlet.rawValue)].epoch, deliveryTag: tag,
      redelivered: message.deliveryCount > 0, storage: storage, bodyCount: message.body.count)
    result.deliveryCount = message.deliveryCount
    result.messageID = messageID
    result.replyTo = replyTo
    result.exchange = exchange
    result.type = type
    return result
  }

  func makeDurable(all: Bool = false) {
    log.makeDurable(all ? Int.max / 2 : random.below(12 * plan.scale)) { checkDurable($0) }
    if log.durableLSN > engine.durableLSN {
      engine.durable(upTo: log.durableLSN, at: now)
    }
  }

  /// The shell drops an acknowledgement whose channel is gone.
  private func settled(_ settlement: Settlement) {
    let index = Int(settlement.inlet.rawValue)
    guard settlement.channelEpoch == broker.queues[index].epoch else { return }
    guard let message = broker.queues[index].unacked.removeValue(forKey: settlement.deliveryTag)
    else {
      return violate(.acknowledgedOnce, "\(settlement.deliveryTag) is no tag of this channel")
    }
    if settlement.isRejected { return broker.parkedAtLimit.append(message) }
    checkMayBeSettled(message, settlement.inlet)
  }
}
