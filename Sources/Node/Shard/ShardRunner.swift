internal import AMQP
internal import EventLog
internal import Execution
internal import Glibc
internal import LogSequence
internal import Logging
internal import Messages
internal import NIOCore
internal import Templates

/// The I/O shell of one shard: sockets and log around a `ShardEngine`, on one event loop.
///
/// Inputs reach the engine as they come; one turn, scheduled behind them, takes a share of each
/// lane, and what the engine wants done is carried out in one pass: records into the log's
/// filling frame, publishes into each connection's buffer, acknowledgements, then one flush of
/// each.
final class ShardRunner {
  let configuration: NodeConfiguration
  let eventLoop: any EventLoop
  let logger: Logger
  let report: ShardReport
  var shard: ShardNumber { report.shard }
  let engine: ShardEngine<StoreLookup>
  let log: EventLog
  let archive: TemplateArchive
  let broker: BrokerOptions
  var links: ShardLinks
  let names: OutboundNames
  var output = TurnOutput()
  var headerWriter = HeaderWriter()
  private var turns = TurnSchedule()
  /// What the log's threads have reported since the last turn.
  var logReports = LogReports()
  var hasTopology = false
  var topology: Topology
  var lastReportAt: MonotonicTime = .start
  var lastRetainAt: MonotonicTime = .start
  var phase = ShardStatus.Phase.starting
  var ticker: RepeatedTask?
  var lastUnroutableAt: MonotonicTime = .start
  var lastWarnings: [String: MonotonicTime] = [:]
  var control: ControlRequests
  var consuming = ConsumingState()
  var consumers: InletConsumers
  var emptyLogs = EmptyQueueWatch()
  let controlLink: ControlLink
  /// The publishing connection that the broker has just closed over a message.
  var lostOverMessage: PublishLink?
  var loggedMismatches = 0
  var loggedReceiptLosses = 0
  var parkingLog = ParkingLog()
  var hasSaidOtherMessageIDs = false
  /// Called once, when the shard cannot go on or has stopped.
  var onEnd: (Result<Void, NodeError>) -> Void
  var hasEnded = false

  init(
    configuration: NodeConfiguration, eventLoop: any EventLoop, logger: Logger,
    report: ShardReport, watch: SharedWatch, opened: OpenedShard,
    onEnd: @escaping (Result<Void, NodeError>) -> Void
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
    self.report = report
    self.onEnd = onEnd
    engine = opened.engine
    log = opened.log
    archive = opened.archive
    broker = opened.broker
    topology = opened.topology
    names = OutboundNames(opened.topology)
    control = ControlRequests()
    consumers = InletConsumers(configuration, opened.topology, shard: opened.shard)
    controlLink = ControlLink(
      opened, mode: configuration.topologyMode, sharedWatch: watch, eventLoop: eventLoop,
      logger: logger)
    links = ShardLinks()
    links.open(opened, configuration: configuration, runner: self)
    startSmall()
  }

  /// Connects. Messages are taken as soon as there is a way to publish; what was under way at the
  /// last stop goes on beside them.
  func start() {
    phase = .recovering
    controlLink.start(for: self)
    // Opens the connections that the engine wants from the beginning.
    carryOut()
    listenForControl()
    let runner = NIOLoopBound(self, eventLoop: eventLoop)
    ticker = eventLoop.scheduleRepeatedTask(
      initialDelay: Self.tick, delay: Self.tick
    ) { _ in
      runner.value.turn()
    }
  }

  /// How late a timer may fire. All else is moved on by what comes from sockets and disk.
  private static let tick = TimeAmount.milliseconds(50)

  /// Schedules one turn behind all inputs that are at hand. With much under way it comes by the
  /// clock: the loop looks at its sockets only when no task is at hand, and the log's threads may
  /// bring one in every turn. Their tasks do nothing but note what is to be done in the next turn,
  /// so the loop is through with them before it comes.
  func scheduleTurn() {
    guard turns.wanted() else { return }
    let runner = NIOLoopBound(self, eventLoop: eventLoop)
    let turn: @Sendable () -> Void = {
      runner.value.turns.comes()
      runner.value.turn()
    }
    if turns.socketsFirst, engine.waitsForTime {
      eventLoop.scheduleTask(in: Self.besideRealtime, turn)
    } else if turns.socketsFirst || engine.activeEvents >= Self.manyEvents {
      eventLoop.scheduleTask(in: Self.socketsFirst, turn)
    } else {
      eventLoop.execute(turn)
    }
  }

  /// Longer than the loop takes to come to its sockets.
  private static let socketsFirst = TimeAmount.microseconds(50)

  /// Where only batch and background work is left, which gets a part of the time that passes.
  private static let besideRealtime = TimeAmount.milliseconds(1)

  private var mayAppend: Bool {
    log.bufferedBytes < Self.logHighWaterBytes && !log.isShortOfSpace && !log.isBehind
  }

  func turn() {
    guard !hasEnded else { return }
    turns.begins()
    let isLeft = doTurn()
    if turns.ends(isLeft: isLeft) { scheduleTurn() }
    if !isLeft { gatherInput() }
  }

  /// True when something is left to do for the next turn.
  private func doTurn() -> Bool {
    let now = NodeClock.now()
    takeLogReports(at: now)
    guard !hasEnded else { return false }
    engine.consumesDeliveryLogs(links.isConsuming(.deliveryLogs), at: now)
    // The process may die of what the engine takes next.
    if engine.isIsolating { links.acknowledgeAll() }
    let isLeft = engine.turn(
      at: now, mayAppend: mayAppend,
      mayTakeBatch: log.bufferedBytes < Self.logBatchHighWaterBytes)
    carryOut()
    balanceIntake()
    moveOn()
    balanceConsuming(at: now.monotonic)
    retain(at: now.monotonic)
    reportStatus(at: now.monotonic)
    controlLink.turn(at: now.monotonic)
    return isLeft
  }

  /// With much under way, waits a moment for more input, as network cards hold interrupts back:
  /// the broker's answers dribble in, and every wake-up, read, turn and write then serves more of
  /// them (a fifth less processor time an event). Blocks the loop, which has only this shard to
  /// turn; with little under way nothing waits.
  private func gatherInput() {
    if engine.activeEvents >= Self.manyEvents { usleep(Self.gatherMicroseconds) }
  }

  private static let manyEvents = 64
  private static let gatherMicroseconds: UInt32 = 1_000

  /// Appended and not yet durable: beyond this, no more messages are taken.
  static let logHighWaterBytes = 8 << 20
  /// The same for the batch lane: a real-time event waits for the sync of what is before it.
  static let logBatchHighWaterBytes = 1 << 20

  private func balanceIntake() {
    for inlet in Inlet.allCases { links.pause(inlet, !engine.mayReceive(inlet)) }
  }

  /// Goes from one phase to the next when its condition is met.
  private func moveOn() {
    switch phase {
    case .recovering:
      guard links.arePublishingLinksReady else { return }
      logger.info(
        "Consuming",
        metadata: [
          LogKey.nextLSN: "\(engine.nextLSN)", LogKey.indexedEvents: "\(log.eventCount)",
          LogKey.eventsToRecover: "\(engine.eventsToRecover)",
        ])
      phase = .running
      consuming.isConsuming = true
      links.startConsuming()
    case .draining:
      guard engine.isDrained, log.durableLSN == engine.nextLSN.previous else { return }
      finish()
    case .standby, .starting, .running, .stopped: break
    }
  }

  /// Takes no more messages and stops when nothing is under way any more.
  func drain() {
    guard phase == .running || phase == .recovering else { return }
    logger.info("Draining", metadata: [LogKey.activeEvents: "\(engine.activeEvents)"])
    phase = .draining
    links.stopConsuming()
    engine.drain(at: NodeClock.now())
    scheduleTurn()
  }

  /// Stops now, with whatever is under way: the broker delivers again what is not acknowledged.
  func finish() {
    guard phase != .stopped else { return }
    if !engine.isDrained {
      logger.warning(
        "Stopping with work under way, which goes on at the next start",
        metadata: [LogKey.activeEvents: "\(engine.activeEvents)"])
    }
    phase = .stopped
    ticker?.cancel()
    control.close()
    report.update(status(at: .start))
    let runner = NIOLoopBound(self, eventLoop: eventLoop)
    links.willStop { runner.value.closeLog() }
    controlLink.link.stop()
    for link in links.all { link.stop() }
  }

  private func closeLog() {
    guard !hasEnded else { return }
    do {
      try log.close()
      end(.success(()))
    } catch {
      end(.failure(NodeError(error)))
    }
  }

  /// Ends the shard for a reason that no retry can mend.
  func fail(_ error: NodeError) {
    guard !hasEnded else { return }
    logger.critical("The shard stops", metadata: [LogKey.error: "\(error.message)"])
    end(.failure(error))
  }

  private func end(_ result: Result<Void, NodeError>) {
    hasEnded = true
    phase = .stopped
    ticker?.cancel()
    control.close()
    onEnd(result)
  }

  /// Lets the log drop what it may. Finding out from where on it is needed looks at every event
  /// under way.
  private func retain(at now: MonotonicTime) {
    guard phase == .running, now - lastRetainAt > .seconds(1) else { return }
    lastRetainAt = now
    log.retain(from: engine.keepFrom)
  }

  private func reportStatus(at now: MonotonicTime) {
    guard now - lastReportAt > .milliseconds(50) else { return }
    lastReportAt = now
    logMismatches()
    logReceiptLosses()
    parkingLog.tick(at: now, logger)
    logOtherMessageIDs()
    let next = status(at: now)
    report.update(next)
    if next.syncTimes.waitingSeconds > 1 {
      warn(
        "The disk has not confirmed a write for seconds: nothing is acknowledged meanwhile",
        "\(Int(next.syncTimes.waitingSeconds))", key: LogKey.seconds)
    }
  }

  private func status(at now: MonotonicTime) -> ShardStatus {
    ShardStatus(
      phase: phase, ownership: links.areHeld ? "the lease is lost" : nil,
      counters: engine.counters, activeEvents: engine.activeEvents,
      waitingTimers: engine.waitingTimers, pacedEvents: engine.pacedEvents,
      totals: engine.totals, mismatches: engine.mismatches.count,
      outboxBacklog: engine.outboxBacklog, parkedCopiesWaiting: engine.parkedCopiesWaiting,
      eventsToRecover: engine.eventsToRecover, bufferedLogBytes: log.bufferedBytes,
      indexedEvents: log.eventCount, indexBytes: log.indexBytes, nextLSN: engine.nextLSN,
      durableLSN: engine.durableLSN, isShortOfSpace: log.isShortOfSpace,
      segmentsToIndex: log.segmentsToIndex, isBehind: log.isBehind, syncTimes: log.syncTimes,
      links: links.states,
      lastUnroutableAt: lastUnroutableAt,
      broker: controlLink.watch,
      lastTurnAt: now)
  }
}
