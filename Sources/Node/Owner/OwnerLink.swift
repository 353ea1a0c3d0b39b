internal import AMQP
internal import EventLog
internal import Execution
internal import Glibc
internal import LogSequence
internal import Logging
internal import Messages
internal import NIOCore

/// What an `OwnerLink` says, on its own event loop.
struct OwnerCallbacks: Sendable {
  /// The lease is ours and the record speaks for our store: it may be opened.
  var onGrant: @Sendable () -> Void
  /// Our record is in the broker: take and publish.
  var onGoOn: @Sendable () -> Void
  /// The lease is lost: take and publish nothing until `onGoOn`.
  var onHold: @Sendable () -> Void
  /// The process waits for somebody else's lease; for people.
  var onWait: @Sendable (String) -> Void
  var onEnd: @Sendable (NodeError) -> Void
  /// The lease is let go.
  var onLeft: @Sendable () -> Void
}

/// Carries out what `Ownership` decides: a connection of its own, on an event loop of its own, so
/// that a store that takes long to open costs no heartbeat, and nothing else that a shard does
/// costs the lease.
final class OwnerLink {
  let link: BrokerLink
  let queues: OwnedQueues
  let callbacks: OwnerCallbacks
  let logger: Logger
  private let mode: NodeConfiguration.TopologyMode
  private let topology: Topology
  private let shard: ShardNumber
  private let needs: AccountNeeds
  private let report: ShardReport
  private var ownership: Ownership
  /// Of the open store; nil while it is closed.
  private var opened: StoreStanding?
  private var got: [IncomingMessage] = []
  private var isReading = false
  private var serial: UInt64 = 0
  private var isReturned = false
  private var wakeTask: Scheduled<Void>?
  private var hasEnded = false
  private var hasProbed = false

  init(
    _ configuration: NodeConfiguration, broker: BrokerOptions, topology: Topology,
    report: ShardReport, eventLoop: any EventLoop, logger: Logger, callbacks: OwnerCallbacks
  ) {
    shard = report.shard
    var options = broker
    options.connectionName = "\(topology.prefix).\(shard) owner"
    var named = logger
    named[metadataKey: LogKey.link] = "owner"
    link = BrokerLink(
      options: options, role: LinkRole(publishes: true), eventLoop: eventLoop, logger: named)
    queues = OwnedQueues(
      prefix: topology.prefix, vhost: broker.firstVhost, shard: shard,
      storePath: configuration.storePath(of: shard))
    mode = configuration.topologyMode
    self.topology = topology
    needs = AccountNeeds(topology, shard: shard, configuration.topologyMode)
    self.report = report
    self.logger = logger
    self.callbacks = callbacks
    ownership = Ownership(
      isStandby: configuration.isStandby, heartbeatSeconds: configuration.heartbeatSeconds)
    link.delegate = self
  }

  private var ownerQueue: String { topology.ownerQueue(shard: shard) }
  private var now: MonotonicTime { NodeClock.now().monotonic }

  func start() { link.start() }

  /// The store is open.
  func storeOpened(_ standing: StoreStanding) {
    opened = standing
    carryOut(ownership.opened())
  }

  /// The store is closed, after this record: the lease goes as soon as the broker knows that.
  func finish(lsn: LSN?) {
    if let lsn { opened?.lsn = lsn }
    schedule(seconds: Self.leaveSeconds) { $0.link.stop(deadlineSeconds: 1) }
    carryOut(ownership.finish())
  }

  private static let leaveSeconds = 3.0
  /// More messages in an owner queue are not looked at.
  private static let mostRead = 1_000

  private func carryOut(_ actions: [Ownership.Action]) {
    for action in actions where !hasEnded { carryOut(action) }
  }

  private func carryOut(_ action: Ownership.Action) {
    switch action {
    case .prepare: prepare()
    case .claim: claim()
    case .read:
      got = []
      isReading = true
      link.get(ownerQueue)
    case .take(let indices): take(indices)
    case .publish: publish()
    case .wake(let seconds): schedule(seconds: seconds) { $0.carryOut($0.ownership.wake()) }
    case .grant: callbacks.onGrant()
    case .goOn: callbacks.onGoOn()
    case .hold: callbacks.onHold()
    case .waits(let record):
      callbacks.onWait(
        "waits for the lease of shard \(queues.shard), which is held by "
          + (record.map { $0.text } ?? "a service that has not said yet who it is"))
    case .end(let refusal): end(refusal.error(queues))
    case .leave: link.stop(deadlineSeconds: 2)
    }
  }

  private func end(_ error: NodeError) {
    guard !hasEnded else { return }
    hasEnded = true
    wakeTask?.cancel()
    callbacks.onEnd(error)
    link.stop(deadlineSeconds: 1)
  }

  private func schedule(seconds: Double, _ body: @escaping (OwnerLink) -> Void) {
    wakeTask?.cancel()
    let delay = TimeAmount.nanoseconds(Int64(seconds * 1e9))
    wakeTask = link.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
      if let self { body(self) }
    }
  }

  /// What the service will need later is looked at first, once: by the time that it lacks, a store
  /// would have been made and events taken.
  private func prepare() {
    guard !hasProbed else { return declareCount() }
    hasProbed = true
    probe(PermissionProbe(needs))
  }

  private func probe(_ state: PermissionProbe) {
    guard let operation = state.next else { return probed(state) }
    link.perform([operation]) { [weak self] result in
      guard let self else { return }
      if case .failure(let error) = result, TopologyPass.isLoss(error) {
        // Again on the next connection.
        hasProbed = false
        return
      }
      var state = state
      state.answered(result)
      probe(state)
    }
  }

  private func probed(_ probe: PermissionProbe) {
    let required = probe.missing.filter(\.need.isRequired)
    guard required.isEmpty else { return end(needs.error(probe.missing.map(\.refusal))) }
    for (_, refusal) in probe.missing {
      logger.warning(
        "The account lacks a permission, and the service goes on without",
        metadata: [LogKey.error: "\(needs.sentence([refusal]))"])
    }
    declareCount()
  }

  /// First of all that a start declares, so that a process with another number makes nothing.
  private func declareCount() {
    guard mode == .declare else { return declare() }
    link.perform([topology.shardCountDeclaration]) { [weak self] result in
      guard let self else { return }
      switch result {
      case .success: declare()
      case .failure(let error) where error.code == .preconditionFailed && opened == nil:
        end(otherCount(error))
      case .failure(let error) where error.refusal != nil && topology.shards.count == 1:
        // An account from before there were several has no permission for it, and needs none.
        logger.warning(
          "The account may not declare the queue that tells the number of shards",
          metadata: [LogKey.queue: "\(topology.shardCount)", LogKey.error: "\(error)"])
        declare()
      case .failure(let error): refused(error, "queue \(topology.shardCount)")
      }
    }
  }

  private func declare() {
    let operations: [TopologyOperation] =
      switch mode {
      case .declare: topology.ownerDeclarations(shard: shard)
      case .assert: [.assertExchange(name: topology.owner), .assertQueue(name: ownerQueue)]
      case .none: []
      }
    link.perform(operations) { [weak self] result in
      guard let self else { return }
      switch result {
      case .success: carryOut(ownership.prepared())
      case .failure(let error):
        refused(error, "exchange \(topology.owner) and the queue \(ownerQueue)")
      }
    }
  }

  private func otherCount(_ error: AMQPError) -> NodeError {
    NodeError(
      message: """
        the broker's queues (prefix \(queues.prefix), virtual host \(queues.vhost)) are shared out \
        among another number of shards than \(topology.shards.count) (shards.count): the length \
        limit of \(topology.shardCount) says how many. \(error.message). The number is fixed by \
        the first start
        """,
      exitCode: 78)
  }

  private func claim() {
    link.perform([topology.leaseDeclaration(shard: shard)]) { [weak self] result in
      guard let self else { return }
      switch result {
      case .success: carryOut(ownership.claimed(true, at: now))
      case .failure(let error) where error.code == .resourceLocked:
        carryOut(ownership.claimed(false, at: now))
      case .failure(let error):
        refused(error, "queue \(topology.leaseQueue(shard: shard))")
      }
    }
  }

  /// What the broker refuses at a start, a person has to mend; later it is tried again.
  private func refused(_ error: AMQPError, _ subject: String) {
    guard error.code != .notReady, error.code != .stopped else { return }
    if error.isPermanent, opened == nil {
      if let refusal = error.refusal { return end(needs.error([refusal])) }
      var failure = NodeError(error)
      failure.message = "\(subject): \(failure.message)"
      return end(failure)
    }
    logger.warning(
      "The owner queue or the lease cannot be made", metadata: [LogKey.error: "\(error)"])
    carryOut(ownership.notRecorded())
  }

  private func take(_ indices: Set<Int>) {
    for (index, message) in got.enumerated() {
      if indices.contains(index) {
        link.settle(message.deliveryTag, epoch: message.channelEpoch)
      } else {
        link.giveBack(message.deliveryTag, epoch: message.channelEpoch)
      }
    }
    got = []
    link.flush(waitsForHoles: false)
  }

  /// The open store, as far as it is durable.
  private var current: StoreStanding? {
    guard var standing = opened else { return nil }
    standing.lsn = max(standing.lsn, report.current.durableLSN)
    return standing
  }

  /// Our store as it is: open, or as its files say.
  private func standing() throws(NodeError) -> StoreStanding? {
    if let current { return current }
    do {
      return try StoreStanding.read(path: queues.storePath)
    } catch {
      throw NodeError(error)
    }
  }

  private func allRead() {
    isReading = false
    let records = got.map { message in OwnerRecord(body: message.withBody { Array($0) }) }
    if records.contains(nil) {
      logger.warning(
        "A message in the owner queue is no owner record",
        metadata: [LogKey.queue: "\(ownerQueue)"])
    }
    do {
      carryOut(ownership.read(records, try standing(), at: now))
    } catch {
      take([])
      end(error)
    }
  }

  private func publish() {
    guard let current else { return }
    serial += 1
    isReturned = false
    let record = OwnerRecord(
      standing: current, host: OwnerRecord.thisHost, time: NodeClock.now().wall)
    // A connection that is gone takes none, and that is told.
    try? OwnerMessage(
      record: record, exchange: topology.owner, queue: ownerQueue, shard: queues.shard,
      serial: serial
    )
    .publish(on: link)
    link.flush()
    if link.isBlocked { carryOut(ownership.blocked()) }
  }
}

extension OwnerLink: BrokerLinkDelegate {
  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    carryOut(ownership.connected())
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    got = []
    isReading = false
    wakeTask?.cancel()
    carryOut(ownership.lost())
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {
    if retryAfterSeconds == nil { return end(NodeError(error)) }
    // A channel that the broker closes over the queue itself (404, 403) is opened again for ever.
    if error.isPermanent, opened == nil, error.nativeCode == 403 || error.nativeCode == 404 {
      refused(error, "queue \(ownerQueue)")
    }
  }

  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {
    got.append(message)
    guard got.count < Self.mostRead else { return allRead() }
    link.get(ownerQueue)
  }

  /// Above any record's size; it goes back like all that is no record.
  func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage) {
    got.append(message.envelope)
    link.get(ownerQueue)
  }

  func brokerLinkHasNothingToGet(_ link: BrokerLink) {
    if isReading { allRead() }
  }

  func brokerLink(_ link: BrokerLink, blocked reason: String?) {
    if reason != nil { carryOut(ownership.blocked()) }
  }

  func brokerLink(_ link: BrokerLink, returned message: ReturnedMessage) {
    isReturned = true
  }

  func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64]) {
    guard tokens.contains(serial) else { return }
    carryOut(isReturned ? ownership.notRecorded() : ownership.recorded())
  }

  func brokerLink(_ link: BrokerLink, refused tokens: [UInt64]) {
    if tokens.contains(serial) { carryOut(ownership.notRecorded()) }
  }

  func brokerLinkDidStop(_ link: BrokerLink) {
    wakeTask?.cancel()
    callbacks.onLeft()
  }
}
