internal import AMQP
internal import EventLog
internal import Execution
internal import LogSequence
internal import Logging
internal import Messages
internal import NIOCore
internal import Templates

/// A shard from the wait for its lease to its end, on its event loop. The store is opened only when
/// the queues are known to be its own.
final class ShardLife {
  private let configuration: NodeConfiguration
  private let version: String
  private let logger: Logger
  private let report: ShardReport
  private let watch: SharedWatch
  private let signals: ShardSignals
  private let end: EventLoopPromise<Void>
  /// The newest templates.
  private var catalog: TemplateCatalog
  private let owner: NIOLoopBoundBox<OwnerLink?>
  private let ownerLoop: any EventLoop
  private var runner: ShardRunner?
  private var archive: TemplateArchive?
  private var isRunning = false
  /// It was told to stop: it does not begin any more.
  private var isEnding = false
  /// How it ended, once the lease is let go.
  private var result: Result<Void, NodeError>?
  private var hasEnded = false
  private var hasSaidLocked = false
  /// Told when the store is open.
  var onOpen: () -> Void = {}

  init(
    _ service: NodeService, report: ShardReport, catalog: TemplateCatalog, signals: ShardSignals,
    ownerLoop: any EventLoop, end: EventLoopPromise<Void>
  ) {
    configuration = service.configuration
    version = service.version
    logger = service.logger(of: report.shard)
    self.report = report
    watch = service.watch
    self.catalog = catalog
    self.signals = signals
    self.ownerLoop = ownerLoop
    self.end = end
    owner = .makeEmptyBox(eventLoop: ownerLoop)
  }

  private var shard: ShardNumber { report.shard }
  private var folder: String { configuration.storePath(of: shard) }

  /// Looks at the store, and asks for the lease.
  ///
  /// - Throws: what no broker is needed for to know.
  func start() throws(NodeError) {
    let broker = try BrokerOptions(configuration, version: version)
    let topology = Topology(configuration, channels: catalog.channels)
    try Folder.checkMaking(configuration.storePath)
    try RecordedQueues(
      prefix: topology.prefix, vhost: broker.firstVhost, shards: configuration.shards.count
    ).check(folder)
    do {
      _ = try StoreStanding.read(path: folder)
      if !configuration.isStandby {
        try StoreStanding.refuseWriter(path: folder)
        _ = try StoreRoom.check(EventLogOptions(configuration, shard: shard))
      }
    } catch {
      throw NodeError(error)
    }
    report.update(waiting("asks for the lease of shard \(shard)"))
    let (configuration, report, logger) = (configuration, report, logger)
    let (box, loop, callbacks) = (owner, ownerLoop, callbacks)
    loop.execute {
      let link = OwnerLink(
        configuration, broker: broker, topology: topology, report: report, eventLoop: loop,
        logger: logger, callbacks: callbacks)
      box.value = link
      link.start()
    }
  }

  private var callbacks: OwnerCallbacks {
    let (loop, life) = (signals.eventLoop, signals.life)
    return OwnerCallbacks(
      onGrant: { loop.execute { life.value?.granted() } },
      onGoOn: { loop.execute { life.value?.goOn() } },
      onHold: { loop.execute { life.value?.hold() } },
      onWait: { text in loop.execute { life.value?.waits(text) } },
      onEnd: { error in loop.execute { life.value?.refused(error) } },
      onLeft: { loop.execute { life.value?.left() } })
  }

  private func waiting(_ text: String) -> ShardStatus {
    var status = ShardStatus()
    status.phase = configuration.isStandby ? .standby : .starting
    status.ownership = text
    return status
  }

  private func waits(_ text: String) {
    report.update(waiting(text))
    logger.notice(
      configuration.isStandby
        ? "Standby: waiting for the lease" : "Waiting for the lease of this store",
      metadata: [LogKey.reason: "\(text)"])
  }

  /// The queues are this store's: it is opened.
  private func granted() {
    guard result == nil, runner == nil else { return }
    do {
      try openStore()
    } catch {
      guard configuration.isStandby, error.exitCode == 75 else { return refused(error) }
      // Its last owner has lost the lease, and has not ended yet.
      if !hasSaidLocked {
        hasSaidLocked = true
        report.update(waiting("has the lease, and waits until the store's last owner has ended"))
        logger.notice(
          "Standby: waiting for the store's lock", metadata: [LogKey.error: "\(error.message)"])
      }
      let life = signals.life
      signals.eventLoop.scheduleTask(in: .milliseconds(250)) { life.value?.granted() }
    }
  }

  private func openStore() throws(NodeError) {
    logger.info("Opening the store", metadata: [LogKey.path: "\(folder)"])
    let opened = try OpenedShard.open(
      configuration, shard: shard, catalog: catalog, signals: signals, version: version)
    logger.info(
      "The store is open",
      metadata: [
        LogKey.nextLSN: "\(opened.log.nextLSN)",
        LogKey.indexedEvents: "\(opened.log.eventCount)",
        LogKey.eventsToRecover: "\(opened.engine.eventsToRecover)",
        LogKey.storeID: "\(opened.log.recovery.storeID)",
        LogKey.lineage: "\(opened.log.recovery.lineage)",
      ])
    sayRoom(opened.log.recovery.room)
    sayDamage(opened.log.recovery.knownDamage)
    archive = opened.archive
    let runner = ShardRunner(
      configuration: configuration, eventLoop: signals.eventLoop, logger: logger,
      report: report, watch: watch, opened: opened
    ) { [weak self] result in
      self?.runnerEnded(result)
    }
    self.runner = runner
    signals.runner.value = runner
    onOpen()
    let standing = opened.standing
    tellOwner { $0.storeOpened(standing) }
  }

  /// What the scrub had found before this start, none of which the opening has looked at.
  private func sayDamage(_ findings: [StoreFinding]) {
    guard let first = findings.first else { return }
    report.scrubbed(damage: "\(first)")
    for finding in findings {
      logger.critical(
        "Stored data is known to be damaged; look with 'meddela store verify'",
        metadata: [LogKey.error: "\(finding)"])
    }
  }

  /// A new store that is smaller than it could be.
  private func sayRoom(_ room: StoreRoom?) {
    guard let room, room.segmentBytes < room.wantedBytes else { return }
    logger.notice(
      "There is little room for the new store: its segments are smaller than the default",
      metadata: [
        LogKey.segmentBytes: "\(room.segmentBytes)", LogKey.freeBytes: "\(room.freeBytes)",
        LogKey.defaultSegmentBytes: "\(room.wantedBytes)",
        LogKey.neededBytes: "\(room.neededBytes)", LogKey.path: "\(configuration.storePath)",
      ])
  }

  private func tellOwner(_ tell: @escaping @Sendable (OwnerLink) -> Void) {
    let box = owner
    ownerLoop.execute {
      if let link = box.value { tell(link) }
    }
  }

  private func goOn() {
    guard let runner, !hasEnded, !isEnding else { return }
    guard isRunning else {
      isRunning = true
      return runner.start()
    }
    guard runner.isHeld else { return }
    logger.notice("The lease is back")
    runner.letGo()
  }

  private func hold() {
    guard let runner, isRunning, !hasEnded else { return }
    logger.warning("The lease is lost: nothing is taken or published until it is back")
    runner.hold()
  }

  /// The process may not, or may no longer, have the queues.
  private func refused(_ error: NodeError) {
    guard !hasEnded else { return }
    guard let runner else { return finish(.failure(error)) }
    runner.hold()
    runner.fail(error)
  }

  private func runnerEnded(_ outcome: Result<Void, NodeError>) {
    signals.runner.value = nil
    guard case .success = outcome, let log = runner?.log else { return finish(outcome) }
    // The store is closed: the next owner may open it.
    result = outcome
    let lsn = log.durableLSN
    tellOwner { $0.finish(lsn: lsn) }
  }

  private func left() {
    if let result { finish(result) }
  }

  private func finish(_ outcome: Result<Void, NodeError>) {
    guard !hasEnded else { return }
    hasEnded = true
    result = outcome
    end.completeWith(outcome.mapError { $0 as any Error })
  }

  /// Matches with other templates from now on, or from the start on.
  func use(_ catalog: TemplateCatalog) {
    self.catalog = catalog
    guard let runner else { return }
    do {
      // Whoever loaded them may have found the store closed.
      try archive?.keep(catalog)
      runner.use(catalog)
    } catch {
      logger.error(
        "The new templates are refused; the old ones stay",
        metadata: [LogKey.error: "\(error.message)"])
    }
  }

  func drain() {
    isEnding = true
    guard let runner else { return giveUp() }
    guard isRunning else { return runner.finish() }
    runner.drain()
  }

  func stopNow() {
    isEnding = true
    guard let runner else { return giveUp() }
    runner.finish()
  }

  /// Waits no longer.
  private func giveUp() {
    guard result == nil else { return }
    result = .success(())
    tellOwner { $0.finish(lsn: nil) }
  }
}
