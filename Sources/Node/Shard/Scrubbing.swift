internal import EventLog
internal import Logging
internal import Synchronization

/// Looks for damage in the open store, on a thread of its own.
final class Scrubbing: Sendable {
  private let path: String
  private let bytesPerSecond: Int
  private let report: ShardReport
  private let logger: Logger
  private let scrubber = Mutex<Scrubber?>(nil)

  init(service: NodeService, report: ShardReport) {
    let configuration = service.configuration
    path = configuration.storePath(of: report.shard)
    // One disk for all, as far as is known.
    let share = configuration.scrubBytesPerSecond / configuration.shards.own.count
    bytesPerSecond = configuration.scrubBytesPerSecond == 0 ? 0 : max(1, share)
    self.report = report
    logger = service.logger(of: report.shard)
  }

  func start() {
    guard bytesPerSecond > 0 else { return }
    var options = Scrubber.Options()
    options.bytesPerSecond = bytesPerSecond
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
    let started = Scrubber(path: path, options: options, callbacks: callbacks)
    do {
      try started.start()
      scrubber.withLock { $0 = started }
    } catch {
      logger.error("Stored data is not read again", metadata: [LogKey.error: "\(error)"])
    }
  }

  func stop() {
    scrubber.withLock { $0?.stop() }
  }
}
