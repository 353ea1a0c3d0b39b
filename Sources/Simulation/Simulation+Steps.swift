import Execution
import Messages

// How a simulated shard goes on.
extension Simulation {
  /// Time passes, and what was to come by itself comes.
  func pass(_ time: Int64) {
    clock.pass(time)
    // As a shell does before each turn: the engine sees the time as it passes.
    engine.consumesDeliveryLogs(true, at: now)
    for link in links.due(at: nanoseconds) { openLink(link) }
    sendLateLogs()
  }

  /// One thing happens.
  func step() {
    pass(Int64(random.below(3_000_000)))
    cancelSomething()
    switch random.below(22) {
    case 0..<6: deliverMessages()
    case 6..<10: carryOutTurn()
    case 10..<13: makeDurable()
    case 13..<17: answerPublishes()
    case 17: answerReads()
    case 18 where plan.retains && random.chance(50): retain()
    case 18:
      // A log from the future is believed a minute after it has come.
      pass(Int64(random.below(2_000_000_000)) * (plan.futureLogPercent > 0 ? 20 : 1))
    case 19: redriveSomething()
    default: fault()
    }
  }

  /// Everything happens that can, in the order of a shell's loop.
  func round() {
    pass(5_000_000)
    if random.chance(1) { trouble(isFair: true) }
    if random.chance(10) { redriveSomething() }
    if random.chance(10) { sendCalmEvent() }
    cancelSomething()
    deliverMessages(atMost: 64)
    carryOutTurn()
    makeDurable(all: true)
    answerReads()
    answerPublishes(all: true)
    checkCalm()
  }

  private func sendCalmEvent() {
    let id = "calm-\(seed)-\(events.count)"
    events.append(id)
    calm[id] = nanoseconds
    send(.realtime, SimulatedLoad.event(id), ids: [id])
  }

  private func retain() {
    for request in log.carryRequests where random.chance(30) {
      engine.carry(lsn: request.lsn, key: request.key, at: now)
    }
    for request in log.finalCarryRequests where random.chance(3) {
      engine.carry(finalID: request.id, lsn: request.lsn, at: now)
    }
    log.retain(from: engine.keepFrom)
  }

  /// Everything gets done that can be: no more faults, time passes as it must.
  ///
  /// - Parameter isWaiting: whether to go on to what is due later, until nothing is.
  package func comeToRest(limit: Int = 20_000, isWaiting: Bool = true) {
    let silence = faults.silencePercent
    faults = .none
    faults.silencePercent = silence
    redrivesLeft = 0
    cancels.left = 0
    broker.stalledChannels = []
    broker.trouble.end()
    for _ in 0..<limit {
      restoreBroker()
      // A copy that has ended a connection waits long for its next try.
      pass(isAtRest && engine.parkedCopiesWaiting > 0 ? 1_000_000_000 : 50_000_000)
      deliverMessages()
      carryOutTurn()
      makeDurable(all: true)
      answerReads()
      answerPublishes(all: true)
      guard isAtRest, engine.parkedCopiesWaiting == 0 else { continue }
      guard isWaiting else { return }
      let times = [engine.nextTimer, engine.nextLogTimeout, nextLateLog]
      guard let next = times.compactMap({ $0 }).min() else { return }
      pass(next < now.wall ? 0 : next.nanoseconds - now.wall.nanoseconds + 1)
    }
    violate(.rest, "the shard did not come to rest: \(unrest)")
  }

  private var isAtRest: Bool {
    broker.queuedMessages == 0 && broker.unackedMessages == 0 && broker.inFlight.isEmpty
      && engine.isDrained && engine.isRecovered && engine.pacedEvents == 0
      && pendingReads.isEmpty && pendingWatch == nil && pendingRange == nil
      && pendingTotals == nil
  }

  private var unrest: String {
    "\(broker.queuedMessages) queued, \(broker.unackedMessages) unacknowledged, "
      + "\(broker.inFlight.count) unconfirmed, \(engine.activeEvents) events, "
      + "\(engine.openMessages) messages, \(engine.outboxBacklog) updates, "
      + "\(engine.parkedCopiesWaiting) copies, \(engine.pacedEvents) paced, "
      + "drained \(engine.isDrained), recovered \(engine.isRecovered)"
  }
}
