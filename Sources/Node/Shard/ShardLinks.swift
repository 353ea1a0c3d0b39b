internal import AMQP
internal import Execution
internal import Logging
internal import NIOCore

/// The six connections of a shard: one to consume each queue from, three to publish on.
struct ShardLinks {
  private var publishing: [BrokerLink] = []
  private var consuming: [BrokerLink] = []
  private var names: [ObjectIdentifier: String] = [:]
  private var running = 0
  private var onStopped: (() -> Void)?
  private var isBlocked: [Bool] = [false, false, false]

  mutating func open(
    _ opened: OpenedShard, configuration: NodeConfiguration, runner: ShardRunner
  ) {
    for link in PublishLink.allCases {
      // One connection sets the topology up; the others find it.
      let topology = link == .status ? opened.topology.operations(configuration.topologyMode) : []
      publishing.append(
        make(
          "publish \(link)", LinkRole(topology: topology, publishes: true), opened, runner))
    }
    for inlet in Inlet.allCases {
      let (exchange, prefetch) =
        switch inlet {
        case .realtime: (opened.topology.realtime, configuration.realtimePrefetch)
        case .batch: (opened.topology.batch, configuration.batchPrefetch)
        case .deliveryLogs: (opened.topology.deliveryLogs, configuration.deliveryLogsPrefetch)
        }
      let consumer = Consumer(
        queue: opened.topology.inletQueue(exchange, shard: 0), prefetch: UInt16(prefetch))
      consuming.append(
        make(
          "consume \(inlet.name)", LinkRole(consumers: [consumer], startsConsuming: false),
          opened, runner))
    }
  }

  private mutating func make(
    _ name: String, _ role: LinkRole, _ opened: OpenedShard, _ runner: ShardRunner
  ) -> BrokerLink {
    var options = opened.broker
    options.connectionName = "\(opened.topology.prefix).00 \(name)"
    let link = BrokerLink(
      options: options, role: role, eventLoop: runner.eventLoop, logger: runner.logger)
    link.delegate = runner
    names[ObjectIdentifier(link)] = name
    return link
  }

  /// For calls that may be slow: one that hangs ends its connection.
  var control: BrokerLink { consuming[Int(Inlet.deliveryLogs.rawValue)] }

  var all: [BrokerLink] { publishing + consuming }

  func link(_ link: PublishLink) -> BrokerLink { publishing[link.rawValue] }

  func publishLink(of link: BrokerLink) -> PublishLink? {
    publishing.firstIndex { $0 === link }.flatMap(PublishLink.init)
  }

  func inlet(of link: BrokerLink) -> Inlet? {
    consuming.firstIndex { $0 === link }.flatMap { Inlet(rawValue: UInt8($0)) }
  }

  func name(of link: BrokerLink) -> String { names[ObjectIdentifier(link)] ?? "" }

  var arePublishingLinksReady: Bool { publishing.allSatisfy(\.isReady) }

  var mayPublish: Bool { publishing.allSatisfy { $0.isReady && !$0.isBlocked } }

  var states: [(name: String, isReady: Bool, isBlocked: Bool)] {
    publishing.map { (name(of: $0), $0.isReady, $0.isBlocked) }
      + consuming.map { (name(of: $0), $0.isReady && $0.isConsuming, false) }
  }

  /// The connection that declares comes first: a queue must exist before it is consumed.
  func startPublishing() {
    link(.status).start()
  }

  /// The topology stands: the others may connect.
  func startOthers() {
    for link in all where link !== self.link(.status) { link.start() }
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
    consuming[Int(settlement.inlet.rawValue)]
      .settle(settlement.deliveryTag, epoch: settlement.channelEpoch)
  }

  func flush() {
    for link in publishing { link.flush() }
    for link in consuming { link.flush() }
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
    case .declare: declarations
    case .assert: assertions
    case .none: []
    }
  }
}
