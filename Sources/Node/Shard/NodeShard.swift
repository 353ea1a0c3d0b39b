internal import Logging
internal import NIOCore
internal import Templates

/// A shard of the node, as it is seen from outside of its event loop.
struct NodeShard: Sendable {
  let report: ShardReport
  let signals: ShardSignals
  private let end: EventLoopPromise<Void>
  private let scrubbing: Scrubbing
  private let drainSeconds: Int64

  init(_ service: NodeService, report: ShardReport, eventLoop: any EventLoop) {
    self.report = report
    signals = ShardSignals(eventLoop: eventLoop)
    end = eventLoop.makePromise()
    scrubbing = Scrubbing(service: service, report: report)
    drainSeconds = Int64(service.configuration.drainSeconds)
  }

  /// Looks at the store, and asks for the lease.
  ///
  /// - Parameter ownerLoop: of the lease, which nothing may hold up.
  /// - Throws: `NodeError`, for what no broker is needed to know.
  func start(
    _ service: NodeService, catalog: TemplateCatalog, ownerLoop: any EventLoop
  ) async throws {
    let (signals, report, end, scrubbing) = (signals, report, end, scrubbing)
    try await signals.eventLoop.submit {
      let life = ShardLife(
        service, report: report, catalog: catalog, signals: signals, ownerLoop: ownerLoop, end: end)
      life.onOpen = { scrubbing.start() }
      signals.life.value = life
      try life.start()
    }.get()
  }

  /// Returns when the shard has ended.
  func run() async throws {
    defer { scrubbing.stop() }
    try await end.futureResult.get()
  }

  /// Ends one that has not started.
  func abandon() { end.succeed() }

  /// Takes no more messages, and ends within `drain.seconds`.
  func drain() {
    let signals = signals
    signals.eventLoop.execute { signals.life.value?.drain() }
    signals.eventLoop.scheduleTask(in: .seconds(drainSeconds)) { signals.life.value?.stopNow() }
  }

  func use(_ catalog: TemplateCatalog) {
    let signals = signals
    signals.eventLoop.execute { signals.life.value?.use(catalog) }
  }
}
