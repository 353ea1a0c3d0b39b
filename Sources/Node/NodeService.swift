internal import EventLog
internal import Execution
internal import Glibc
package import Logging
package import Messages
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization
package import Templates

/// A node: its shards, each on an event loop of its own, until it is told to stop or one of them
/// cannot go on.
package struct NodeService: Service {
  let configuration: NodeConfiguration
  let version: String
  let logger: Logger
  /// Of each shard that the process runs, in the order of their numbers.
  package let reports: [ShardReport]
  let watch: SharedWatch

  package init(configuration: NodeConfiguration, version: String, logger: Logger) {
    self.configuration = configuration
    self.version = version
    self.logger = logger
    reports = configuration.shards.own.map { ShardReport(shard: $0) }
    watch = SharedWatch(configuration.shards)
  }

  /// The shards that other processes run, and which of them nobody seems to run.
  package var otherShards: @Sendable () -> [(shard: ShardNumber, isUnowned: Bool)] {
    { [watch] in
      let unowned = watch.unowned
      return watch.others.map { ($0, unowned.contains($0)) }
    }
  }

  /// Runs the shards. A graceful shutdown drains them, within `drain.seconds`; so does the failure
  /// of one.
  ///
  /// - Throws: `NodeError`, when the node cannot start or go on.
  package func run() async throws {
    MessageLimits.check()
    LimitRelation.assertConstants()
    let catalog = try Self.catalog(configuration)
    sayStart(catalog)
    // A loop for each shard, and one for their leases, which nothing may hold up.
    let group = MultiThreadedEventLoopGroup(numberOfThreads: reports.count + 1)
    var loops = Array(group.makeIterator())
    let ownerLoop = loops.removeLast()
    let shards = zip(reports, loops).map { NodeShard(self, report: $0, eventLoop: $1) }
    do {
      try await start(shards, catalog, ownerLoop)
      try await run(shards, catalog)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
    logger.info("Stopped")
  }

  /// With the shard in each line, where there are several.
  func logger(of shard: ShardNumber) -> Logger {
    var logger = logger
    if configuration.shards.count > 1 { logger[metadataKey: LogKey.shard] = "\(shard)" }
    return logger
  }

  private func sayStart(_ catalog: TemplateCatalog) {
    if !configuration.passedOver.isEmpty {
      logger.notice(
        "Passed over: these variables name services beside this one, and are no keys",
        metadata: [LogKey.names: "\(configuration.passedOver.joined(separator: " "))"])
    }
    logger.info(
      "Starting",
      metadata: [
        LogKey.version: "\(version)",
        LogKey.shard: "\(reports.map { "\($0.shard)" }.joined(separator: " "))",
        LogKey.path: "\(configuration.storePath)",
        LogKey.templates: "\(catalog.templates.count)",
      ])
  }

  /// One that cannot start ends those that have.
  private func start(
    _ shards: [NodeShard], _ catalog: TemplateCatalog, _ ownerLoop: any EventLoop
  ) async throws {
    for (index, shard) in shards.enumerated() {
      do {
        try await shard.start(self, catalog: catalog, ownerLoop: ownerLoop)
      } catch {
        for other in shards[index...] { other.abandon() }
        for other in shards[..<index] { other.drain() }
        for other in shards[..<index] { try? await other.run() }
        throw error
      }
    }
  }

  private func run(_ shards: [NodeShard], _ catalog: TemplateCatalog) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        await cancelWhenGracefulShutdown {
          await TemplateWatch(service: self, shards: shards).run()
        }
      }
      defer { tasks.cancelAll() }
      try await withGracefulShutdownHandler {
        try await waitForEnd(of: shards)
      } onGracefulShutdown: {
        for shard in shards { shard.drain() }
      }
    }
  }

  private func waitForEnd(of shards: [NodeShard]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for shard in shards {
        tasks.addTask {
          do {
            try await shard.run()
          } catch {
            // Whatever runs the process starts all of them again.
            for other in shards { other.drain() }
            throw error
          }
        }
      }
      for try await _ in tasks {}
    }
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
  func reload(_ shards: [NodeShard]) {
    do {
      let catalog = try Self.catalog(configuration)
      // A store that is not open yet may still be another's.
      if shards.contains(where: { $0.report.current.isOpen }) {
        try TemplateArchive(path: "\(configuration.storePath)/templates").keep(catalog)
      }
      for shard in shards { shard.use(catalog) }
    } catch {
      logger.error(
        "The new templates are refused; the old ones stay",
        metadata: [LogKey.error: "\(error.message)"])
    }
  }
}
