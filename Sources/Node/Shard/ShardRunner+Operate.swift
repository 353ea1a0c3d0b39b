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
    controlLink.topology.channels = catalog.channels
    controlLink.checkSoon()
    logger.info(
      "Using other templates",
      metadata: [
        LogKey.templates: "\(catalog.templates.count)",
        LogKey.channels: "\(catalog.channels.joined(separator: " "))",
      ])
    scheduleTurn()
  }

  /// Another service may have the queues. Every connection is given up, and none is made until
  /// `letGo`: what was taken and not acknowledged goes back, and nothing more is published.
  func hold() {
    guard !links.areHeld, phase != .stopped else { return }
    links.areHeld = true
    // Each says at once that it is lost, which changes the links.
    let all = links.all
    for link in all { link.hold() }
    scheduleTurn()
  }

  var isHeld: Bool { links.areHeld }

  func letGo() {
    guard links.areHeld else { return }
    links.areHeld = false
    let all = links.all
    for link in all { link.letGo() }
    scheduleTurn()
  }

  /// The log can or cannot prepare room for what comes.
  func spaceChanged(_ error: EventLogError?) {
    if let error {
      logger.warning(
        "The store has no room to grow: no more is taken until there is some",
        metadata: [LogKey.error: "\(error)"])
    } else {
      logger.info("The store has room again")
    }
  }

  /// Damage that the log goes on with.
  func met(_ damage: LogDamage) {
    switch damage {
    case .kept(let finding):
      report.scrubbed(damage: "\(finding)")
      logger.critical(
        """
        Retention keeps a damaged segment and those behind it; see 'meddela store salvage', or set \
        store.dropDamaged
        """,
        metadata: [LogKey.error: "\(finding)"])
    case .found(let finding):
      report.scrubbed(damage: "\(finding)")
      logger.critical(
        "Stored data is damaged; look with 'meddela store verify' and keep the backups",
        metadata: [LogKey.error: "\(finding)"])
    case .dropped(let finding, let endedEvents):
      logger.error(
        "Retention removed a damaged segment",
        metadata: [LogKey.error: "\(finding)", LogKey.endedEvents: "\(endedEvents)"])
    case .repaired(let file):
      logger.warning(
        "A file that is derived from the log was damaged; it was made again",
        metadata: [LogKey.path: "\(file)"])
    }
  }
}
