import Execution
import LogSequence
import Messages

// Something breaks, if the plan has something left to break.
extension Simulation {
  func fault() {
    switch random.below(10) {
    case 0 where faults.linkLosses > 0:
      faults.linkLosses -= 1
      loseLink(links.ordered[random.below(links.ordered.count)].link)
    case 1 where faults.blocks > 0:
      faults.blocks -= 1
      for order in links.ordered {
        engine.linkBlocked(
          order.link, links.isOpen(order.link) && random.chance(50), at: now)
      }
    case 2 where faults.crashes > 0:
      faults.crashes -= 1
      crash()
    case 3 where faults.consumerLosses > 0:
      faults.consumerLosses -= 1
      let inlet = Inlet.allCases[random.below(3)]
      broker.requeue(inlet)
      engine.consumerLost(inlet)
      // Whoever loses a queue has what it held sent again.
      if random.chance(20) { broker.forgetDeliveries(inlet) }
    case 4 where faults.stalls > 0:
      faults.stalls -= 1
      broker.stalledChannels = ["email"]
      broker.standsStill = random.chance(50)
    case 5 where faults.catalogSwaps > 0:
      faults.catalogSwaps -= 1
      presentCatalog = 1 - presentCatalog
      engine.use(catalogs[presentCatalog])
    case 6, 7:
      guard faults.troubles > 0 else { return restoreBroker() }
      trouble()
    default:
      restoreBroker()
      if random.chance(10) { broker.stalledChannels = [] }
    }
  }

  /// Something is full, gone or forbidden for a while. `isFair`: nothing that concerns real-time
  /// email.
  func trouble(isFair: Bool = false) {
    guard faults.troubles > 0 else { return }
    faults.troubles -= 1
    let until = nanoseconds + Int64(random.below(isFair ? 20_000 : 40_000)) * 1_000_000
    let channels = ["sms", "push-ios", "email"].prefix(isFair ? 2 : 3)
    let channel = channels[random.below(channels.count)]
    let queue = [channel, "status", "parked", "client"][random.below(4)]
    switch random.below(7) {
    case 0: broker.trouble.fill(queue, until: until, refusesForEver: random.chance(50))
    case 1: broker.trouble.lose(random.chance(50) ? channel : "parked", until: until)
    case 2: broker.trouble.silence(queue, until: until)
    case 3:
      let others = links.ordered.filter { !isFair || !$0.name.contains("realtime email") }
      let link = others[random.below(others.count)].link
      if until / 1_000_000 % 5 == 3 {
        broker.trouble.mute(link, until: until)
      } else {
        broker.trouble.forbid(link, until: until)
      }
    case 4, 5:
      let exchange: [OutboundExchange] = [.deliveries, .status, .parked, .direct]
      broker.trouble.blame(exchange[random.below(4)], until: until)
    default:
      broker.trouble.limit(1_500, isNamed: random.chance(50), until: until)
    }
    if isFair { SimulatedLoad.flood(self, random: &random) }
  }

  /// A person looks for what ended badly, and asks for more of it, whatever it is by then.
  func redriveSomething() {
    guard redrivesLeft > 0, !log.records.isEmpty else { return }
    let record = log.records[random.below(log.records.count)]
    guard record.kind.isOfEvent else { return }
    redrivesLeft -= 1
    let token = nextRedrive
    nextRedrive += 1
    pendingRedrives.insert(token)
    let sequence = random.chance(50) ? record.state?.sequence ?? 0 : 0
    // The same request may come twice.
    engine.redrive(
      id: random.chance(5) ? Array("nobody".utf8) : record.id, sequence: sequence, token: token)
  }

  func check(_ answer: RedriveAnswer) {
    redriveOutcomes[answer.token] = answer.outcome
    if pendingRedrives.remove(answer.token) == nil {
      violate(.totals, "redrive \(answer.token) was answered twice")
    }
  }

  /// kill -9: what is not durable may be gone, the broker takes back what was not acknowledged,
  /// and another process begins with the log.
  func crash() {
    log.crash(keeping: random.below(4))
    pendingReads = []
    pendingRange = nil
    pendingWatch = nil
    pendingTotals = nil
    pendingRedrives = []
    cancels.pending = [:]
    output = TurnOutput()
    broker.inFlight = []
    broker.closingLinks = []
    broker.receipts = 0
    unconfirmedUpdates = [:]
    for order in links.ordered { broker.trouble.renew(order.link) }
    lives += 1
    bornAt = nanoseconds
    isolatedFor = 0
    for inlet in Inlet.allCases { broker.requeue(inlet) }
    let epoch = UInt64(broker.queues[0].epoch)
    engine = Self.engine(log, catalogs, presentCatalog, plan, seed &+ epoch, shard)
    do {
      let indexed = random.chance(50) ? LSN(random.below(log.records.count + 1)) : 0
      for record in log.replay(indexedBelow: indexed) {
        try record.payload.withUnsafeBytes { payload in
          try engine.recover(
            lsn: record.lsn, kind: record.kind.rawValue, key: record.key, payload: payload)
        }
      }
    } catch {
      violate(.totals, "recovery cannot read a record: \(error)")
    }
    engine.startRecovered(nextLSN: log.nextLSN, at: now)
    links = SimulatedLinks()
    openOrderedLinks()
  }
}
