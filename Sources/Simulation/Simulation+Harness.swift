package import Execution
package import Messages

// For tests that play one story, step by step, instead of a random one.
extension Simulation {
  /// The event's newest transition and evidence, as far as appended.
  package func state(of id: String) -> EventState? {
    log.newestRecord(id: Array(id.utf8))?.state
  }

  /// Every status that the event has had.
  package func statuses(of id: String) -> [Status] {
    let key = log.key(of: id)
    return log.records.filter { $0.key == key && $0.kind.isTransition }
      .compactMap { Status(rawValue: $0.status) }
  }

  /// The reason codes of the event's records, those that are no transitions among them.
  package func reasons(of id: String) -> [String] {
    let key = log.key(of: id)
    return log.records.filter { $0.key == key && $0.kind.isOfEvent }.map(\.reason)
  }

  /// When what those records are about occurred.
  package func occurrences(of id: String) -> [Timestamp] {
    let key = log.key(of: id)
    return log.records.filter { $0.key == key && $0.kind.isOfEvent }.compactMap(\.occurredAt)
  }

  /// When a delivery was published, every time, in nanoseconds.
  package func publishes(of deliveryID: String) -> [Int64] {
    publishTimes[deliveryID, default: []]
  }

  package var totals: ShardTotals { engine.totals }
  package var counters: EngineCounters { engine.counters }
  package var time: Int64 { nanoseconds }
  package var wallTime: Timestamp { now.wall }
  package var heldBytes: Int { engine.held.total }
  package var activeEvents: Int { engine.activeEvents }
  package var eventsToRecover: Int { engine.eventsToRecover }
  package var isIsolating: Bool { engine.isIsolating }

  /// Somebody sets the wall clock.
  package func setClock(forward seconds: Int64) {
    clock.set(forward: seconds * 1_000_000_000)
  }
  package var parkedReasons: [String] { broker.parked.map(\.routingKey) }
  package var unacknowledgedMessages: Int { broker.unackedMessages }
  package var unconfirmedPublishes: Int { broker.inFlight.count }

  /// A redrive, carried out as far as it goes without waiting.
  package func redrive(
    _ id: String, sequence: UInt32 = 0, resends: Bool = false
  ) -> RedriveOutcome? {
    let token = nextRedrive
    nextRedrive += 1
    pendingRedrives.insert(token)
    if resends {
      engine.resend(id: Array(id.utf8), sequence: sequence, token: token)
    } else {
      engine.redrive(id: Array(id.utf8), sequence: sequence, token: token)
    }
    comeToRest(isWaiting: false)
    return redriveOutcomes[token]
  }

  /// A cancel by a producer's message; nothing is done yet.
  package func sendCancel(
    _ ids: [String], _ inlet: Inlet = .realtime, replyTo: String = ""
  ) {
    send(inlet, .cancel(ids, replyTo: replyTo))
  }

  /// A cancel by a person; nothing is done yet. Its token, for `outcome`.
  package func orderCancel(_ id: String) -> UInt64 {
    let token = cancels.order(id)
    engine.cancel(id: Array(id.utf8), token: token)
    return token
  }

  package func outcome(ofCancel token: UInt64) -> CancelOutcome? { cancels.outcomes[token] }

  /// A cancel by a person, carried out as far as it goes without waiting.
  package func cancel(_ id: String) -> CancelOutcome? {
    let token = orderCancel(id)
    comeToRest(isWaiting: false)
    return outcome(ofCancel: token)
  }

  /// Takes a first share of what waits, then no more: whether what is under way comes to its end.
  package func drains() -> Bool {
    while unacknowledgedMessages == 0 { deliverMessages() }
    carryOutTurn()
    engine.drain(at: now)
    for _ in 0..<200 where !engine.isDrained {
      pass(50_000_000)
      carryOutTurn()
      makeDurable(all: true)
      answerReads()
      answerPublishes(all: true)
    }
    return engine.isDrained
  }

  /// A process dies and another one begins.
  package func restart() { crash() }

  /// The process is stopped for a while, as by SIGSTOP or a machine that sleeps.
  package func sleep(seconds: Double) { clock.pass(Int64(seconds * 1e9)) }

  /// The broker blocks all publishers, or lets them on.
  package func block(_ isBlocked: Bool) {
    for order in links.ordered { engine.linkBlocked(order.link, isBlocked, at: now) }
  }

  /// The queue of a channel confirms nothing, until it is called with nil; and if the connection
  /// stands still, nor does what is published on it behind a delivery to that queue.
  package func stall(_ channel: String?, standsStill: Bool = false) {
    broker.stalledChannels = channel.map { [$0] } ?? []
    broker.standsStill = standsStill
  }

  /// A queue refuses what is published to it, for a while.
  package func refuse(queue: String, forSeconds seconds: Double) {
    broker.trouble.fill(
      queue, until: nanoseconds + Int64(seconds * 1e9), refusesForEver: false)
  }

  /// A connection is closed whenever something is published on it, for a while.
  package func forbid(connection name: String, forSeconds seconds: Double) {
    for order in links.ordered where order.name == name {
      broker.trouble.forbid(order.link, until: nanoseconds + Int64(seconds * 1e9))
    }
  }

  /// A connection answers nothing, for a while.
  package func mute(connection name: String, forSeconds seconds: Double) {
    for order in links.ordered where order.name == name {
      broker.trouble.mute(order.link, until: nanoseconds + Int64(seconds * 1e9))
    }
  }

  /// Of the deliveries that are no emails one in eight ends the connection, for a while.
  package func blameDeliveries(forSeconds seconds: Double) {
    broker.trouble.sparesEmail = true
    broker.trouble.blame(.deliveries, until: nanoseconds + Int64(seconds * 1e9))
  }

  /// Whether a delivery is one of those.
  package func isToBlame(_ deliveryID: String) -> Bool {
    ModelBroker.Published(
      exchange: .deliveries, routingKey: "", messageID: deliveryID, replyTo: "", body: [],
      reason: ""
    ).isOneInEight
  }

  /// Lets time pass in steps of 50 ms, with everything done that can be.
  package func pass(seconds: Double) {
    pass(steps: Int((seconds * 20).rounded(.up)))
  }

  /// The same, so many steps, each with one turn.
  package func pass(steps: Int, of nanosecondsEach: Int64 = 50_000_000) {
    for _ in 0..<steps {
      pass(nanosecondsEach)
      deliverMessages()
      carryOutTurn()
      makeDurable(all: true)
      answerReads()
      answerPublishes(all: true)
    }
  }
}
