internal import EventLog
internal import Execution
internal import Glibc
package import Logging
internal import Messages
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization
package import Templates

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
    MessageLimits.check()
    LimitRelation.assertConstants()
    let catalog = try Self.catalog(configuration)
    // The shard's loop, and that of its lease, which nothing may hold up.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let signals = ShardSignals(eventLoop: group.next())
    do {
      try await run(catalog, signals, ownerLoop: group.next())
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    logger.info("Stopped")
  }

  private func run(
    _ catalog: TemplateCatalog, _ signals: ShardSignals, ownerLoop: any EventLoop
  ) async throws {
    let eventLoop = signals.eventLoop
    let end = eventLoop.makePromise(of: Void.self)
    let scrubbing = Scrubbing(service: self)
    defer { scrubbing.stop() }
    if !configuration.passedOver.isEmpty {
      logger.notice(
        "Passed over: these variables name services beside this one, and are no keys",
        metadata: [LogKey.names: "\(configuration.passedOver.joined(separator: " "))"])
    }
    logger.info(
      "Starting",
      metadata: [
        LogKey.version: "\(version)", LogKey.shard: "\(ShardNumber.only)",
        LogKey.path: "\(configuration.storePath)",
        LogKey.templates: "\(catalog.templates.count)",
      ])
    do {
      try await eventLoop.submit {
        let life = ShardLife(
          self, catalog: catalog, signals: signals, ownerLoop: ownerLoop, end: end)
        life.onOpen = { scrubbing.start() }
        signals.life.value = life
        try life.start()
      }.get()
    } catch {
      end.succeed()
      throw error
    }
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

  private func drain(_ signals: ShardSignals) {
    let seconds = Int64(configuration.drainSeconds)
    signals.eventLoop.execute { signals.life.value?.drain() }
    signals.eventLoop.scheduleTask(in: .seconds(seconds)) { signals.life.value?.stopNow() }
  }

  /// The templates as they are on disk.
  static func catalog(_ configuration: NodeConfiguration) throws(NodeError) -> TemplateCatalog {
    try catalog(path: configuration.templatesPath)
  }

  /// The templates of a folder.
  ///
  /// - Throws: 66 when it is not there, or no folder; 65 when one of them has a mistake.
  package static func catalog(path: String) throws(NodeError) -> TemplateCatalog {
    if let problem = Folder.problem(path) {
      throw NodeError(message: "\(path): \(problem)", exitCode: 66)
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
      // A store that is not open yet may still be another's.
      if report.current.isOpen {
        try TemplateArchive(path: "\(configuration.storePath)/templates").keep(catalog)
      }
      signals.eventLoop.execute { signals.life.value?.use(catalog) }
    } catch {
      logger.error(
        "The new templates are refused; the old ones stay",
        metadata: [LogKey.error: "\(error.message)"])
    }
  }
}
