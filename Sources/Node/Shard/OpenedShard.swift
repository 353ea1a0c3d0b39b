internal import AMQP
internal import EventLog
internal import Execution
internal import Glibc
internal import LogSequence
internal import Logging
package import Messages
internal import NIOCore
internal import Templates

/// A shard whose log is read and whose engine knows what is open: ready to connect.
struct OpenedShard {
  let shard: ShardNumber
  let engine: ShardEngine<StoreLookup>
  let log: EventLog
  let archive: TemplateArchive
  let topology: Topology
  let broker: BrokerOptions

  /// Who the store is, and how far it has come.
  var standing: StoreStanding {
    StoreStanding(
      storeID: log.recovery.storeID, lineage: log.recovery.lineage, epoch: log.recovery.epoch,
      lsn: log.nextLSN.previous)
  }

  /// Opens the store: reads the whole log. Blocks.
  ///
  /// - Parameter signals: what the log's threads report to.
  static func open(
    _ configuration: NodeConfiguration, shard: ShardNumber, catalog: TemplateCatalog,
    signals: ShardSignals, version: String
  ) throws(NodeError) -> OpenedShard {
    let broker = try BrokerOptions(configuration, version: version)
    do {
      // Before anything is made in the folder: its volume may not be mounted.
      _ = try StoreRoom.check(EventLogOptions(configuration, shard: shard))
    } catch {
      throw NodeError(error)
    }
    let archive = try TemplateArchive(path: "\(configuration.storePath)/templates")
    let pinned = try archive.load()
    try archive.keep(catalog)
    let lookup = StoreLookup()
    let engine = ShardEngine(
      settings: EngineSettings(configuration, shard: shard, version: version), lookup: lookup,
      catalog: catalog, pinned: pinned)
    var options = EventLogOptions(configuration, shard: shard)
    options.retentionSeconds = Int64(configuration.retentionDays) * 86_400
    options.maxBytes = configuration.maxStoreBytes.map(Int64.init)
    options.dropsDamaged = configuration.dropsDamaged
    options.replays = { $0.flags.contains(.driven) }
    do {
      let log = try EventLog.open(options, callbacks: signals.callbacks) { record in
        try engine.recover(
          lsn: record.header.lsn, kind: record.header.kind, key: record.header.hash.key,
          payload: record.payload)
      }
      lookup.log = log
      engine.startRecovered(
        nextLSN: log.nextLSN, lineage: log.recovery.lineage, at: NodeClock.now())
      let queues = RecordedQueues(
        prefix: configuration.prefix, vhost: broker.firstVhost, shards: configuration.shards.count)
      if try RecordedQueues.read(options.path) == nil { try queues.write(options.path) }
      return OpenedShard(
        shard: shard, engine: engine, log: log, archive: archive,
        topology: Topology(configuration, channels: catalog.channels), broker: broker)
    } catch let error as EventLogError {
      throw NodeError(error)
    } catch let error as NodeError {
      throw error
    } catch {
      throw NodeError(message: "\(error)", exitCode: 70)
    }
  }
}

extension EventLogOptions {
  /// A shard's store, with segments as configured.
  package init(_ configuration: NodeConfiguration, shard: ShardNumber) {
    self.init(path: configuration.storePath(of: shard))
    segmentBytes = configuration.segmentBytes
    mustExist = configuration.storeMustExist
    // Nobody asked for that much: a small file system is enough to begin on.
    if !configuration.isSegmentBytesSet { leastSegmentBytes = NodeConfiguration.leastSegmentBytes }
  }
}

extension EngineSettings {
  init(_ configuration: NodeConfiguration, shard: ShardNumber, version: String) {
    self.init(shard: shard, prefix: configuration.prefix, version: version)
    maxEventBytes = configuration.maxEventBytes
    var log = EventLogOptions(path: configuration.storePath)
    log.segmentBytes = configuration.segmentBytes
    maxPayloadBytes = log.maxPayloadBytes
    realtimePrefetch = configuration.realtimePrefetch
    batchPrefetch = configuration.batchPrefetch
    giveUpSeconds = Int64(configuration.giveUpSeconds)
    retryMinSeconds = Int64(configuration.retryMinSeconds)
    retryMaxSeconds = Int64(configuration.retryMaxSeconds)
    logTimeoutSeconds = Int64(configuration.logTimeoutSeconds)
    logTimeoutRetries = configuration.logTimeoutRetries
    batchMaxPerSecond = configuration.batchMaxPerSecond ?? 0
    publishedStatuses = configuration.publishedStatuses
    publishesPassingPending = configuration.publishesPassingPending
    shardCount = configuration.shards.count
    seed = UInt64.random(in: .min ... .max)
    #if DEBUG
      // For the test of what a message that kills the process can do.
      if getenv("TEST_DIES_OF_POISON") != nil { breaks = .diesOfPoison }
    #endif
  }
}

extension BrokerOptions {
  /// The virtual host of the first address: an address may name its own.
  package var firstVhost: String { addresses.first?.vhost ?? vhost }

  package init(_ configuration: NodeConfiguration, version: String) throws(NodeError) {
    do {
      var addresses: [BrokerAddress] = []
      for url in configuration.brokerURLs { addresses.append(try BrokerAddress(url: url)) }
      self.init(addresses: addresses)
    } catch {
      throw NodeError(error)
    }
    login = configuration.isExternal ? .certificate : .password
    username = configuration.username
    password =
      configuration.passwordFile.map { .file(path: $0) }
      ?? .value(Secret(configuration.password))
    vhost = configuration.vhost
    heartbeatSeconds = UInt16(configuration.heartbeatSeconds)
    tls.caFile = configuration.tls.caFile
    tls.certificateFile = configuration.tls.certificateFile
    tls.keyFile = configuration.tls.keyFile
    tls.serverName = configuration.tls.serverName
    self.version = version
  }
}
