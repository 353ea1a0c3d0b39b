internal import AMQP
internal import Execution
internal import Logging
internal import Messages
internal import NIOCore

/// The connection by which a shard looks after its queues: it neither publishes nor consumes, so
/// that nothing which happens to a queue is in the way of making it again, and a call that hangs
/// costs no message.
///
/// It declares (or checks) the topology before anything else connects, and again from time to
/// time; it looks at the depths of queues. One call at a time is under way.
final class ControlLink {
  let link: BrokerLink
  let topologyMode: NodeConfiguration.TopologyMode
  let logger: Logger
  /// What is to be there; it changes with the templates.
  var topology: Topology
  /// What was seen so far.
  var watch = BrokerWatch()
  private weak var owner: (any ControlLinkOwner)?
  private var isAsking = false
  private var pass: TopologyPass?
  private let sharedWatch: SharedWatch
  private var isFirstPass = true
  /// Whether the next pass is not one of those that come from time to time.
  private var isAskedFor = true
  private var nextPassAt: MonotonicTime = .start
  private var lastPassAt: MonotonicTime = .start
  private var nextLookAt: MonotonicTime = .start
  private var nextLogLookAt: MonotonicTime = .start
  private var looks: [Look] = []
  private var unroutedDepth: Int?
  private let shard: ShardNumber

  /// A queue whose depth is to be asked for.
  private enum Look {
    case inlet(Inlet)
    case unrouted
    case emptyLogs
    /// A shard that another process runs.
    case other(ShardNumber)
  }

  init(
    _ opened: OpenedShard, mode: NodeConfiguration.TopologyMode, sharedWatch: SharedWatch,
    eventLoop: any EventLoop, logger: Logger
  ) {
    self.sharedWatch = sharedWatch
    shard = opened.shard
    var options = opened.broker
    options.connectionName = "\(opened.topology.prefix).\(shard) control"
    var named = logger
    named[metadataKey: LogKey.link] = "control"
    link = BrokerLink(
      options: options, role: LinkRole(), eventLoop: eventLoop, logger: named)
    topology = opened.topology
    topologyMode = mode
    self.logger = logger
    link.delegate = self
  }

  /// Connects, and tells the owner from then on.
  func start(for owner: any ControlLinkOwner) {
    self.owner = owner
    link.start()
  }

  /// Between two passes over the topology.
  private static let betweenPasses: TimeSpan = .seconds(30)
  /// Between two that something asked for.
  private static let soonestPass: TimeSpan = .seconds(1)
  /// Between two looks at the depths of queues.
  private static let betweenLooks: TimeSpan = .seconds(10)

  /// Something says that the topology is not as it should be, or it is to be another: looks at it
  /// as soon as a second has gone since the last time.
  func checkSoon() {
    isAskedFor = true
    nextPassAt = min(nextPassAt, lastPassAt + Self.soonestPass)
  }

  /// Asks for what is due. To be called often: most calls do nothing.
  func turn(at now: MonotonicTime) {
    guard link.isReady, !isAsking else { return }
    if pass == nil, now >= nextPassAt {
      let isDue = sharedWatch.claim(at: now, every: Self.betweenPasses)
      if isDue { looks += sharedWatch.others.map { .other($0) } }
      nextPassAt = now + Self.betweenPasses
      if isDue || isAskedFor {
        isAskedFor = false
        lastPassAt = now
        pass = TopologyPass(topology.operations(topologyMode))
      }
    }
    if pass != nil { return goOn(at: now) }
    if now >= nextLookAt {
      nextLookAt = now + Self.betweenLooks
      looks += Inlet.allCases.map { .inlet($0) } + [.unrouted]
    }
    if now >= nextLogLookAt, owner?.wantsLookAtLogs() == true {
      nextLogLookAt = now + EmptyQueueWatch.interval
      looks.append(.emptyLogs)
    }
    look()
  }

  private func ask(
    _ operation: TopologyOperation,
    _ answered: @escaping (Result<[TopologyAnswer], AMQPError>) -> Void
  ) {
    isAsking = true
    link.perform([operation]) { [weak self] result in
      self?.isAsking = false
      answered(result)
    }
  }

  /// The next operation of the pass, or its end.
  private func goOn(at now: MonotonicTime) {
    guard let operation = pass?.next else { return endPass(at: now) }
    ask(operation) { [weak self] result in
      guard let self else { return }
      pass?.answered(result)
      turn(at: NodeClock.now().monotonic)
    }
  }

  private func endPass(at now: MonotonicTime) {
    guard let problems = pass?.problems else { return }
    pass = nil
    let descriptions = problems.map(\.description)
    for description in descriptions where !watch.topologyProblems.contains(description) {
      logger.warning(
        "The topology is not as it should be", metadata: [LogKey.error: "\(description)"])
    }
    if descriptions.isEmpty, !watch.topologyProblems.isEmpty {
      logger.info("The topology is as it should be again")
    }
    watch.topologyProblems = descriptions
    // Only before the first event can a person be told by an exit code.
    if isFirstPass, let refusal = problems.first(where: \.error.isPermanent) {
      owner?.controlFailed(failure(problems, refusal.error))
      return
    }
    isFirstPass = false
    owner?.topologyChecked()
    turn(at: now)
  }

  /// Why the start ends; what the account may not is said once for all.
  private func failure(_ problems: [TopologyPass.Problem], _ first: AMQPError) -> NodeError {
    if problems.contains(where: { $0.error.message.contains("unknown exchange type") }) {
      return NodeError(
        message: """
          the broker does not know the exchange type \(Topology.hashType), by which events are \
          shared out among \(topology.shards.count) shards (shards.count): enable its plugin, on \
          each node: rabbitmq-plugins enable rabbitmq_consistent_hash_exchange
          """,
        exitCode: 78)
    }
    let refusals = problems.compactMap(\.error.refusal)
    let others = problems.filter { $0.error.refusal == nil }.map(\.description)
    guard refusals.isEmpty else {
      return AccountNeeds(topology, shard: shard, topologyMode).error(refusals, beside: others)
    }
    return NodeError(
      message: others.joined(separator: "; "), exitCode: NodeError(first).exitCode)
  }

  private func look() {
    guard let next = looks.popLast() else { return }
    let queue =
      switch next {
      case .inlet(.realtime): topology.inletQueue(topology.realtime, shard: shard)
      case .inlet(.batch): topology.inletQueue(topology.batch, shard: shard)
      case .inlet(.deliveryLogs), .emptyLogs:
        topology.inletQueue(topology.deliveryLogs, shard: shard)
      case .unrouted: topology.unrouted
      case .other(let shard): topology.inletQueue(topology.realtime, shard: shard)
      }
    ask(.assertQueue(name: queue)) { [weak self] result in
      guard let self else { return }
      let now = NodeClock.now().monotonic
      if case .success(let answers) = result,
        case .queue(let messages, let consumers)? = answers.first
      {
        tell(next, messages, consumers: consumers, at: now)
      }
      turn(at: now)
    }
  }

  private func tell(
    _ look: Look, _ messages: Int, consumers: Int, at now: MonotonicTime
  ) {
    switch look {
    case .inlet(let inlet): owner?.depthSeen(of: inlet, messages, at: now)
    case .emptyLogs: owner?.logDepthSeen(messages, at: now)
    case .other(let shard):
      guard sharedWatch.saw(consumers: consumers, of: shard) else { return }
      if consumers == 0 {
        logger.warning(
          "Nobody runs a shard: its events wait in its queues",
          metadata: [LogKey.unownedShard: "\(shard)"])
      } else {
        logger.info("A shard is run again", metadata: [LogKey.unownedShard: "\(shard)"])
      }
    case .unrouted:
      if let unroutedDepth, messages > unroutedDepth {
        if watch.unroutedGrewAt == .start || now - watch.unroutedGrewAt > .minutes(1) {
          logger.warning(
            "Messages come into the unrouted queue: a binding or an input queue is missing",
            metadata: [LogKey.queue: "\(topology.unrouted)"])
        }
        watch.unroutedGrewAt = now
        checkSoon()
      }
      unroutedDepth = messages
    }
  }
}

/// Who owns a control link.
protocol ControlLinkOwner: AnyObject {
  /// A pass over the topology has ended: what could be made is there.
  func topologyChecked()
  /// The shard cannot start: the broker refuses us, or the topology.
  func controlFailed(_ error: NodeError)
  /// An input queue has so many messages that it could deliver.
  func depthSeen(of inlet: Inlet, _ readyMessages: Int, at now: MonotonicTime)
  /// Whether `logDepthSeen` is of use now.
  func wantsLookAtLogs() -> Bool
  /// The delivery-log queue has so many messages that it could deliver.
  func logDepthSeen(_ readyMessages: Int, at now: MonotonicTime)
}

extension ControlLink: BrokerLinkDelegate {
  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    turn(at: NodeClock.now().monotonic)
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    guard error.code != .stopped else { return }
    logger.warning(
      "A broker connection is lost",
      metadata: [LogKey.link: "control", LogKey.error: "\(error)"])
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {
    if retryAfterSeconds == nil { owner?.controlFailed(NodeError(error)) }
  }
}
