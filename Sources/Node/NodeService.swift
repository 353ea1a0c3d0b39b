internal import EventLog
internal import Execution
internal import Glibc
package import Logging
internal import Messages
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization
internal import Templates

/// A node: one shard on one event loop, until it is told to stop or cannot go on.
package struct NodeService: Service {
  let configuration: NodeConfiguration
  let version: String
  let logger: Logger
  package let report = ShardReport()

  package init(configuration: NodeConfiguration, version: String, logger: Logger) {
    self.configuration = configuration
    self.version = version
    self.logger = logger
  }

  /// Runs the shard. A graceful shutdown drains it, within `drain.seconds`.
  ///
  /// - Throws: `NodeError`, when the node cannot start or go on.
  package func run() async throws {
    Messages.Limits.check()
    LimitRelation.assertConstants()
    let catalog = try Self.catalog(configuration)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let signals = ShardSignals(eventLoop: group.next())
    do {
      try await run(catalog, signals)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    logger.info("Stopped")
  }

  private func run(_ catalog: TemplateCatalog, _ signals: ShardSignals) async throws {
    let eventLoop = signals.eventLoop
    let end = eventLoop.makePromise(of: Void.self)
    if !configuration.passedOver.isEmpty {
      logger.notice(
        "Passed over: these variables name services beside this one, and are no keys",
        metadata: [LogKey.names: "\(configuration.passedOver.joined(separator: " "))"])
    }
    logger.info(
      "Opening the store",
      metadata: [
        LogKey.version: "\(version)", LogKey.shard: "00",
        LogKey.path: "\(configuration.storePath)",
        LogKey.templates: "\(catalog.templates.count)",
      ])
    do {
      try await eventLoop.submit { try start(catalog, signals, end) }.get()
    } catch {
      end.succeed()
      throw error
    }
    let scrubber = startScrubbing()
    defer { scrubber?.stop() }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        await cancelWhenGracefulShutdown {
          await TemplateWatch(service: self, signals: signals, catalog: catalog).run()
        }
      }
      defer { tasks.cancelAll() }
      try await withGracefulShutdownHandler {
        try await end.futureResult.get()
      } onGracefulShutdown: {
        drain(signals)
      }
    }
  }

  private func start(
    _ catalog: TemplateCatalog, _ signals: ShardSignals, _ end: EventLoopPromise<Void>
  ) throws(NodeError) {
    let opened = try OpenedShard.open(
      configuration, catalog: catalog, signals: signals, version: version)
    logger.info(
      "The store is open",
      metadata: [
        LogKey.nextLSN: "\(opened.log.nextLSN)",
        LogKey.indexedEvents: "\(opened.log.eventCount)",
        LogKey.eventsToRecover: "\(opened.engine.eventsToRecover)",
      ])
    let runner = ShardRunner(
      configuration: configuration, eventLoop: signals.eventLoop, logger: logger,
      report: report, opened: opened
    ) { result in
      signals.runner.value = nil
      end.completeWith(result.mapError { $0 as any Error })
    }
    signals.runner.value = runner
    runner.start()
  }

  /// Looks for damage in the background, on a thread of its own.
  private func startScrubbing() -> Scrubber? {
    guard configuration.scrubBytesPerSecond > 0 else { return nil }
    var options = Scrubber.Options()
    options.bytesPerSecond = configuration.scrubBytesPerSecond
    let (logger, report) = (logger, report)
    let callbacks = Scrubber.Callbacks(
      onDamage: { finding in
        report.scrubbed(damage: "\(finding)")
        logger.critical(
          "Stored data is damaged; look with 'meddela store verify' and keep the backups",
          metadata: [LogKey.error: "\(finding)"])
      },
      onPass: { if $0.findings.isEmpty { report.scrubbed(damage: nil) } },
      onFailure: { error in
        logger.error("Stored data cannot be read again", metadata: [LogKey.error: "\(error)"])
      })
    let scrubber = Scrubber(
      path: "\(configuration.storePath)/00", options: options, callbacks: callbacks)
    do {
      try scrubber.start()
      return scrubber
    } catch {
      logger.error("Stored data is not read again", metadata: [LogKey.error: "\(error)"])
      return nil
    }
  }

  private func drain(_ signals: ShardSignals) {
    let seconds = Int64(configuration.drainSeconds)
    signals.eventLoop.execute { signals.runner.value?.drain() }
    signals.eventLoop.scheduleTask(in: .seconds(seconds)) { signals.runner.value?.finish() }
  }

  /// The templates as they are on disk.
  static func catalog(_ configuration: NodeConfiguration) throws(NodeError) -> TemplateCatalog {
    let path = configuration.templatesPath
    guard access(path, F_OK) == 0 else {
      throw NodeError(message: "\(path): \(String(cString: strerror(errno)))", exitCode: 66)
    }
    do {
      return try TemplateCatalog.load(path: path)
    } catch {
      throw NodeError(message: error.description, exitCode: 65)
    }
  }

  /// Loads the templates again. A catalog with an error is refused whole, and the old one stays.
  func reload(_ signals: ShardSignals) {
    do {
      let catalog = try Self.catalog(configuration)
      try TemplateArchive(path: "\(configuration.storePath)/templates").keep(catalog)
      signals.eventLoop.execute { signals.runner.value?.use(catalog) }
    } catch {
      logger.error(
        "The new templates are refused; the old ones stay",
        metadata: [LogKey.error: "\(error.message)"])
    }
  }
}
