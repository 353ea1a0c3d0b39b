internal import AMQP
internal import Logging
internal import Messages
internal import NIOPosix
internal import Node

/// What every measurement works with: broker, folder, names.
struct Bench {
  let workspace: Workspace
  let broker: PrivateBroker
  let client: BrokerClient
  let topology: Topology

  static let source = "bench.source"
  static let target = "bench.target"
  /// Has no bindings.
  static let void = "bench.void"
  static let subscriber = "bench.subscriber"
  static let latency = "bench.latency"

  var realtimeQueue: String { topology.inletQueue(topology.realtime, shard: .first) }
  var batchQueue: String { topology.inletQueue(topology.batch, shard: .first) }
  var logQueue: String { topology.inletQueue(topology.deliveryLogs, shard: .first) }
  var deliveriesQueue: String { topology.deliveriesQueue("email") }

  init(
    workspace: Workspace, broker: PrivateBroker, channels: [String] = ["email"]
  ) async throws {
    topology = Topology(prefix: "meddela", channels: channels, hasHistory: false)
    self.workspace = workspace
    self.broker = broker
    var logger = Logger(label: "bench") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    var options = BrokerOptions(addresses: [broker.address])
    options.connectionName = "meddela-bench"
    client = try await BrokerClient.connect(
      options, on: MultiThreadedEventLoopGroup.singleton.next(), logger: logger)
  }

  /// Another connection, with a thread of its own: what is measured and what disturbs it must not
  /// wait for each other here.
  func connect(_ name: String) async throws -> BrokerClient {
    var logger = Logger(label: "bench") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    var options = BrokerOptions(addresses: [broker.address])
    options.connectionName = "meddela-bench \(name)"
    let group = name == "calm" ? Self.calmThread : Self.loadThread
    return try await BrokerClient.connect(options, on: group.next(), logger: logger)
  }

  private static let calmThread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private static let loadThread = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Declares the service's queues, with its own arguments, and those of the relay.
  func prepare() async throws {
    try await client.perform(topology.declarations)
    try await client.perform([.declareExchange(name: Self.void, type: "topic")])
    for queue in [Self.source, Self.target] {
      try RelayProcess.run(.declare(queue: queue), count: 0, self)
    }
    try await client.perform([
      .declareQueue(name: Self.subscriber, arguments: Self.quorum),
      .declareQueue(name: Self.latency, arguments: Self.quorum),
    ])
    let depth = try await client.depth(of: realtimeQueue)
    guard depth.consumers == 0 else {
      throw BenchFailure("a service consumes from this broker: the bench needs one to itself")
    }
    try await purge()
    try await client.perform([.purgeQueue(name: realtimeQueue), .purgeQueue(name: logQueue)])
  }

  /// One channel's queue of deliveries alone, with the service's own arguments; `prepare` binds it.
  func declareDeliveries(_ channel: String) async throws {
    let queue = topology.deliveriesQueue(channel)
    try await client.perform(
      topology.declarations.filter { operation in
        if case .declareQueue(let name, _, _, _, _) = operation { return name == queue }
        return false
      })
  }

  private static let quorum = [AMQP.Argument("x-queue-type", .string("quorum"))]

  /// Empties what piles up because nobody consumes it.
  func purge() async throws {
    let queues = [deliveriesQueue, batchQueue, Self.target, Self.subscriber, Self.latency]
    try await client.perform(queues.map { .purgeQueue(name: $0) })
  }

  /// Leaves nothing in the service's own queues.
  func purgeService() async throws {
    var queues = [realtimeQueue, batchQueue, logQueue, topology.parked, topology.unrouted]
    queues += topology.channels.map { topology.deliveriesQueue($0) }
    try await client.perform(queues.map { .purgeQueue(name: $0) })
  }

  func bindSubscriber(_ isBound: Bool) async throws {
    try await client.perform([
      isBound
        ? .bindQueue(queue: Self.subscriber, exchange: topology.status, routingKey: "#")
        : .unbindQueue(queue: Self.subscriber, exchange: topology.status, routingKey: "#")
    ])
  }

  func fillEvents(first: Int, count: Int) throws {
    try RelayProcess.run(
      .fill(
        exchange: topology.realtime, key: Load.eventType, first: first, body: Load.event,
        idFormat: Load.eventIDFormat),
      count: count, self)
  }

  func fillLogs(first: Int, count: Int) throws {
    try RelayProcess.run(
      .fill(
        exchange: topology.deliveryLogs, key: logQueue, first: first, body: Load.deliveryLog,
        idFormat: Load.logIDFormat),
      count: count, self)
  }
}
