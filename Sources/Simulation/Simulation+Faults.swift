import Execution
import Messages

// Something breaks, if the plan has something left to break.
extension Simulation {
  func fault() {
    switch random.below(8) {
    case 0 where faults.linkLosses > 0:
      faults.linkLosses -= 1
      loseLink(orderedLinks[random.below(orderedLinks.count)])
    case 1 where faults.blocks > 0:
      faults.blocks -= 1
      for link in orderedLinks { engine.linkBlocked(link, random.chance(50)) }
    case 2 where faults.crashes > 0:
      faults.crashes -= 1
      crash()
    case 3 where faults.consumerLosses > 0:
      faults.consumerLosses -= 1
      let inlet = Inlet.allCases[random.below(3)]
      broker.requeue(inlet)
      engine.consumerLost(inlet)
    case 4 where faults.stalls > 0:
      faults.stalls -= 1
      broker.stalledChannels = ["email"]
      broker.standsStill = random.chance(50)
    case 5 where faults.catalogSwaps > 0:
      faults.catalogSwaps -= 1
      presentCatalog = 1 - presentCatalog
      engine.use(catalogs[presentCatalog])
    default:
      restoreBroker()
      if random.chance(10) { broker.stalledChannels = [] }
    }
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
      violate("redrive \(answer.token) was answered twice")
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
    output = TurnOutput()
    broker.inFlight = []
    for inlet in Inlet.allCases { broker.requeue(inlet) }
    let epoch = UInt64(broker.queues[0].epoch)
    engine = Self.engine(log, catalogs, presentCatalog, plan, seed &+ epoch, shard)
    do {
      let indexed = random.chance(50) ? UInt64(random.below(log.records.count + 1)) : 0
      for record in log.replay(indexedBelow: indexed) {
        try record.payload.withUnsafeBytes { payload in
          try engine.recover(
            lsn: record.lsn, kind: record.kind.rawValue, key: record.key, payload: payload)
        }
      }
    } catch {
      violate("recovery cannot read a record: \(error)")
    }
    engine.startRecovered(nextLSN: log.nextLSN, at: now)
    openLinks = []
    orderedLinks = []
    openOrderedLinks()
  }
}
