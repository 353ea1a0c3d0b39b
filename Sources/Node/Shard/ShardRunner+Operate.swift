internal import AMQP
internal import EventLog
internal import Execution
internal import Logging
internal import Templates

// What happens rarely: other templates, a topology that somebody changed, a full disk.
extension ShardRunner {
  /// Matches with another catalog from the next event on. Its versions are in the archive.
  func use(_ catalog: TemplateCatalog) {
    guard !hasEnded else { return }
    engine.use(catalog)
    topology.channels = catalog.channels
    lastTopologyCheckAt = 0
    logger.info(
      "Using other templates",
      metadata: [
        LogKey.templates: "\(catalog.templates.count)",
        LogKey.channels: "\(catalog.channels.joined(separator: " "))",
      ])
    scheduleTurn()
  }

  /// Declares (or checks) everything again from time to time: a queue that somebody deleted or a
  /// binding that somebody took away would keep deliveries from their engine.
  func checkTopology(at now: UInt64) {
    guard phase == .running, links.control.isReady,
      lastTopologyCheckAt == 0 || now &- lastTopologyCheckAt > Self.topologyCheckNanoseconds
    else { return }
    lastTopologyCheckAt = now
    let operations = topology.operations(configuration.topologyMode)
    guard !operations.isEmpty else { return }
    links.control.perform(operations) { [weak self] result in
      guard case .failure(let error) = result, let self, self.phase == .running else { return }
      self.warn("The topology is not as it should be", error.description)
    }
  }

  private static let topologyCheckNanoseconds: UInt64 = 30_000_000_000

  /// The log can or cannot prepare room for what comes.
  func spaceChanged(_ error: EventLogError?) {
    if let error {
      logger.warning(
        "The store has no room to grow", metadata: [LogKey.error: "\(error)"])
    } else {
      logger.info("The store has room again")
    }
  }
}
