import JSON
import Messages
import Templates

@testable import Execution

/// One shard in a world of its own: engine, log and broker are models, time is a number, and
/// everything that may happen in any order does, by the seed.
///
/// It checks as it goes: a message is settled only when each of its events may be (the design's
/// first guarantee), a delivery only leaves after its record is durable, and the same delivery
/// id always carries the same bytes.
final class Simulation {
  struct Faults {
    var crashes = 0
    var linkLosses = 2
    var nackPercent = 3
    var returnPercent = 2
    var blocks = 1
  }

  let seed: UInt64
  var random: SeededRandom
  let log = ModelLog()
  var broker = ModelBroker()
  var engine: ShardEngine<ModelLog>
  var pendingReads: [(token: UInt64, target: ReadOrder.Target)] = []
  var pendingRange: UInt64?
  var output = TurnOutput()
  var nanoseconds: Int64 = 1_800_000_000_000_000_000
  var faults: Faults
  var violations: [String] = []
  var openLinks: Set<Int> = []
  /// Deliveries by id: their bytes must never change.
  var deliveryBodies: [String: [UInt8]] = [:]
  var answersLogs = true
  /// Whether the log removes old records, and has open events carried forward first.
  var retains = false
  let catalog: TemplateCatalog

  init(seed: UInt64, faults: Faults = Faults()) throws {
    self.seed = seed
    self.faults = faults
    random = SeededRandom(seed: seed)
    catalog = try SampleTemplates.catalog()
    engine = Simulation.engine(log, catalog, seed)
    engine.startRecovered(nextLSN: 1, at: now)
    for link in PublishLink.allCases { openLink(link) }
  }

  static func engine(
    _ log: ModelLog, _ catalog: TemplateCatalog, _ seed: UInt64
  ) -> ShardEngine<ModelLog> {
    var settings = EngineSettings(
      shard: ShardNumber(0), prefix: "meddela", version: "test")
    settings.seed = seed
    settings.giveUpSeconds = 10_000_000
    return ShardEngine(settings: settings, lookup: log, catalog: catalog)
  }

  var now: Instant {
    Instant(
      wall: Timestamp(nanoseconds: nanoseconds), monotonic: UInt64(nanoseconds))
  }

  /// Puts a message into one of the shard's queues, as the broker would after its confirm.
  func send(_ inlet: Inlet, _ body: String, messageID: String = "", replyTo: String = "") {
    broker.ready[inlet]?.append(
      ModelBroker.Message(body: Array(body.utf8), messageID: messageID, replyTo: replyTo))
  }

  /// One thing happens.
  func step() {
    nanoseconds += Int64(random.below(3_000_000))
    engine.advance(to: now)
    switch random.below(20) {
    case 0..<6: deliverMessages()
    case 6..<10: carryOutTurn()
    case 10..<13: makeDurable()
    case 13..<17: answerPublishes()
    case 17: answerReads()
    case 18 where retains && random.chance(50): retain()
    case 18: nanoseconds += Int64(random.below(2_000_000_000))
    default: fault()
    }
  }

  /// Everything gets done that can be: no more faults, time passes as it must.
  func settle(limit: Int = 20_000) {
    faults = Faults(linkLosses: 0, nackPercent: 0, returnPercent: 0, blocks: 0)
    for link in PublishLink.allCases {
      if !openLinks.contains(link.rawValue) { openLink(link) }
      engine.linkBlocked(link, false)
    }
    for _ in 0..<limit {
      nanoseconds += 50_000_000
      engine.advance(to: now)
      deliverMessages()
      carryOutTurn()
      makeDurable(all: true)
      answerReads()
      answerPublishes(all: true)
      if isQuiet {
        guard let next = engine.nextTimer else { return }
        nanoseconds = max(nanoseconds, next.nanoseconds + 1)
      }
    }
    violations.append("the shard did not come to rest")
  }

  var isQuiet: Bool {
    broker.queuedMessages == 0 && broker.unackedMessages == 0 && broker.inFlight.isEmpty
      && engine.isDrained && engine.isRecovered
  }

  private func retain() {
    for request in log.carryRequests where random.chance(30) {
      engine.carry(lsn: request.lsn, key: request.key)
    }
    log.retain(from: engine.keepFrom)
  }

  func carryOutTurn() {
    _ = engine.turn(at: now)
    engine.swapOutput(&output)
    for order in output.appends { log.append(order, bytes: output.bytes) }
    pendingReads += output.reads.map { ($0.token, $0.target) }
    if let from = output.rangeRead { pendingRange = from }
    for order in output.publishes { publish(order) }
    for settlement in output.settlements { settled(settlement) }
    output.removeAll()
  }

  private func deliverMessages() {
    for inlet in Inlet.allCases {
      for _ in 0..<random.below(8) {
        guard let (tag, message) = broker.take(from: inlet) else { break }
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
      inlet: inlet, channelEpoch: broker.epoch, deliveryTag: tag, redelivered: false,
      storage: storage, bodyCount: message.body.count)
    result.messageID = messageID
    result.replyTo = replyTo
    result.exchange = exchange
    return result
  }

  func makeDurable(all: Bool = false) {
    log.makeDurable(all ? Int.max / 2 : random.below(12))
    if log.durableLSN > engine.durableLSN { engine.durable(upTo: log.durableLSN) }
  }

  private func settled(_ settlement: Settlement) {
    guard settlement.channelEpoch == broker.epoch else { return }
    guard
      let message = broker.unacked[settlement.inlet]?.removeValue(
        forKey: settlement.deliveryTag)
    else {
      return violations.append("message \(settlement.deliveryTag) was settled twice")
    }
    checkMayBeSettled(message, settlement.inlet)
  }
}
