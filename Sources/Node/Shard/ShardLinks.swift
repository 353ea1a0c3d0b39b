internal import AMQP
internal import Execution
internal import Logging
internal import Messages
internal import NIOCore

/// The connections of a shard: one to consume each queue from, and those to publish on, which the
/// engine asks for by number.
struct ShardLinks {
  private var publishing: [(link: PublishLink, connection: BrokerLink)] = []
  private var consuming: [BrokerLink] = []
  private var names: [ObjectIdentifier: String] = [:]
  private var running = 0
  private var onStopped: (() -> Void)?
  /// Whether the topology stands: publishing connections are started as they are opened.
  private var hasTopology = false
  /// Whether no connection is made: the lease is lost.
  var areHeld = false

  mutating func open(
    _ opened: OpenedShard, configuration: NodeConfiguration, runner: ShardRunner
  ) {
    for inlet in Inlet.allCases {
      let (exchange, prefetch) =
        switch inlet {
        case .realtime: (opened.topology.realtime, configuration.realtimePrefetch)
        case .batch: (opened.topology.batch, configuration.batchPrefetch)
        case .deliveryLogs: (opened.topology.deliveryLogs, configuration.deliveryLogsPrefetch)
        }
      let consumer = Consumer(
        queue: opened.topology.inletQueue(exchange, shard: opened.shard), prefetch: UInt16(prefetch)
      )
      consuming.append(
        make(
          "consume \(inlet.name)", LinkRole(consumers: [consumer], startsConsuming: false),
          opened.broker, runner))
    }
  }

  /// Opens a publishing connection. It connects when the topology stands.
  mutating func open(_ order: LinkOrder, runner: ShardRunner) {
    guard find(order.link) == nil else { return }
    let connection = make(order.name, LinkRole(publishes: true), runner.broker, runner)
    publishing.append((order.link, connection))
    if areHeld { connection.hold() }
    if hasTopology { connection.start() }
  }

  private mutating func make(
    _ name: String, _ role: LinkRole, _ broker: BrokerOptions, _ runner: ShardRunner
  ) -> BrokerLink {
    var options = broker
    options.connectionName = "\(runner.topology.prefix).\(runner.report.shard) \(name)"
    var logger = runner.logger
    logger[metadataKey: LogKey.link] = "\(name)"
    let link = BrokerLink(
      options: options, role: role, eventLoop: runner.eventLoop, logger: logger)
    link.delegate = runner
    names[ObjectIdentifier(link)] = name
    return link
  }

  var all: [BrokerLink] { publishing.map(\.connection) + consuming }

  /// Nil for one that was not asked for.
  func find(_ link: PublishLink) -> BrokerLink? {
    publishing.first { $0.link == link }?.connection
  }

  func publishLink(of connection: BrokerLink) -> PublishLink? {
    publishing.first { $0.connection === connection }?.link
  }

  func inlet(of link: BrokerLink) -> Inlet? {
    consuming.firstIndex { $0 === link }.flatMap { Inlet(rawValue: UInt8($0)) }
  }

  subscript(_ inlet: Inlet) -> BrokerLink { consuming[Int(inlet.rawValue)] }

  func name(of link: BrokerLink) -> String { names[ObjectIdentifier(link)] ?? "" }

  /// Whether what is taken in can be handed on.
  var arePublishingLinksReady: Bool {
    publishing.allSatisfy { $0.connection.isReady || Self.isOptional($0.link) }
  }

  /// What is published there has another end when it does not get through.
  private static func isOptional(_ link: PublishLink) -> Bool {
    link == .receipts || link == .parking
  }

  /// Whether the broker takes anything from us: an alarm blocks every connection that publishes.
  var mayPublish: Bool {
    publishing.contains { $0.connection.isReady }
      && !publishing.contains { $0.connection.isBlocked }
  }

  /// Whether the broker sends what there is in an inlet's queue.
  func isConsuming(_ inlet: Inlet) -> Bool {
    let link = consuming[Int(inlet.rawValue)]
    return link.isReady && link.isConsuming
  }

  var states: [LinkStatus] {
    publishing.map { link, connection in
      LinkStatus(
        name: name(of: connection), isReady: connection.isReady, isBlocked: connection.isBlocked,
        isOptional: Self.isOptional(link))
    }
      + consuming.map {
        LinkStatus(name: name(of: $0), isReady: $0.isReady && $0.isConsuming, isBlocked: false)
      }
  }

  /// The topology stands: all may connect.
  mutating func startOthers() {
    hasTopology = true
    for (_, connection) in publishing { connection.start() }
    for link in consuming { link.start() }
  }

  func startConsuming() {
    for link in consuming { link.setConsuming(true) }
  }

  func stopConsuming() {
    for link in consuming { link.setConsuming(false) }
  }

  /// Gives back to the broker what is not acknowledged; what the engine keeps of it goes on.
  func releaseUnsettled() {
    for link in consuming where link.isReady { link.releaseUnsettled() }
  }

  func pause(_ inlet: Inlet, _ isPaused: Bool) {
    consuming[Int(inlet.rawValue)].pauseIntake(isPaused)
  }

  func settle(_ settlement: Settlement) {
    let link = consuming[Int(settlement.inlet.rawValue)]
    if settlement.isRejected {
      link.reject(settlement.deliveryTag, epoch: settlement.channelEpoch, requeue: false)
    } else {
      link.settle(settlement.deliveryTag, epoch: settlement.channelEpoch)
    }
  }

  /// Every settled message is acknowledged now, whatever is open before it.
  func acknowledgeAll() {
    for link in consuming { link.flush(waitsForHoles: false) }
  }

  /// What to do when the last connection has closed. The caller then stops them all: a link that
  /// is not connected says at once that it has stopped.
  mutating func willStop(_ done: @escaping () -> Void) {
    running = all.count
    onStopped = done
  }

  /// One more connection has closed. After the last one, what is to be done.
  mutating func didStop() -> (() -> Void)? {
    running -= 1
    return running == 0 ? onStopped : nil
  }
}

extension Topology {
  func operations(_ mode: NodeConfiguration.TopologyMode) -> [TopologyOperation] {
    switch mode {
    // With one shard an account may have no permission for the queue that tells the number.
    case .declare:
      shards.count > 1 ? declarations : declarations.filter { $0 != shardCountDeclaration }
    case .assert: assertions
    case .none: []
    }
  }
}
