package import AMQP
package import Messages

/// Exchanges, queues and bindings of a node, exactly as the contract has them. Any difference in
/// a queue's arguments is a 406 when somebody else declares it, so nobody may improve on them.
package struct Topology: Sendable {
  package let prefix: String
  /// The shards that the queues are for: all there are, in the order of their numbers.
  package let shards: [ShardNumber]
  /// One queue of deliveries for each.
  package var channels: [String]
  package var hasHistory: Bool

  package init(
    prefix: String, shards: ShardSet = .one, channels: [String], hasHistory: Bool
  ) {
    self.prefix = prefix
    self.shards = shards.all
    self.channels = channels.sorted()
    self.hasHistory = hasHistory
  }

  package init(_ configuration: NodeConfiguration, channels: [String]) {
    self.init(
      prefix: configuration.prefix, shards: configuration.shards, channels: channels,
      hasHistory: configuration.declaresHistory)
  }

  package var realtime: String { "\(prefix).realtime" }
  package var batch: String { "\(prefix).batch" }
  package var deliveries: String { "\(prefix).deliveries" }
  package var deliveryLogs: String { "\(prefix).delivery-logs" }
  package var status: String { "\(prefix).status" }
  package var parked: String { "\(prefix).parked" }
  package var unrouted: String { "\(prefix).unrouted" }
  package var history: String { "\(prefix).status.history" }
  /// Holds no message: its length limit is the number of shards, so that a process with another
  /// number is refused before it makes or binds a queue.
  package var shardCount: String { "\(prefix).shards" }

  /// Chooses the shard of an event, where there are several.
  package func shardsExchange(_ exchange: String) -> String { "\(exchange).shards" }

  package func inletQueue(_ exchange: String, shard: ShardNumber) -> String {
    "\(exchange).\(shard)"
  }

  /// Leads to the owner queues. Not the default exchange: an account may be kept from that.
  package var owner: String { "\(prefix).owner" }

  /// Where a message says which store the shard's queues belong to.
  package func ownerQueue(shard: ShardNumber) -> String { "\(prefix).owner.\(shard)" }

  /// Exists while the connection of the shard's owner does.
  package func leaseQueue(shard: ShardNumber) -> String { "\(ownerQueue(shard: shard)).lease" }

  package func deliveriesQueue(_ channel: String) -> String { "\(deliveries).\(channel)" }

  /// Declares everything. Idempotent.
  package var declarations: [TopologyOperation] {
    exchanges + [shardCountDeclaration] + parkingQueues + inletQueues + shardBindings + ownerQueues
      + deliveryQueues + historyQueue
  }

  /// Checks that everything exists, and changes nothing. Bindings cannot be checked this way.
  package var assertions: [TopologyOperation] {
    declarations.compactMap { operation in
      switch operation {
      // Nothing depends on it but that others declare it.
      case .declareQueue(shardCount, _, _, _, _): nil
      case .declareExchange(let name, _, _, _): .assertExchange(name: name)
      case .declareQueue(let name, _, _, _, _): .assertQueue(name: name)
      default: nil
      }
    }
  }

  private var exchanges: [TopologyOperation] {
    let alternate = [Argument("alternate-exchange", .string(unrouted))]
    let hash = [Argument("hash-property", .string("message_id"))] + alternate
    let several: [TopologyOperation] = laneShards.map {
      .declareExchange(name: $0, type: Self.hashType, arguments: hash)
    }
    return [
      .declareExchange(name: unrouted, type: "fanout"),
      .declareExchange(name: realtime, type: "topic", arguments: alternate),
      .declareExchange(name: batch, type: "topic", arguments: alternate),
      .declareExchange(name: deliveryLogs, type: "topic", arguments: alternate),
      .declareExchange(name: deliveries, type: "topic"),
      .declareExchange(name: status, type: "topic"),
      .declareExchange(name: parked, type: "topic"),
      .declareExchange(name: owner, type: "direct"),
    ] + several
  }

  /// Of the plugin rabbitmq_consistent_hash_exchange.
  package static let hashType = "x-consistent-hash"

  /// The exchanges that choose a shard; none where there is one.
  private var laneShards: [String] {
    shards.count == 1 ? [] : [realtime, batch].map(shardsExchange)
  }

  /// The ring goes by the order in which its queues were first bound, and after a restart of the
  /// broker by the order of their names. So they are bound in the order of their names, each
  /// exchange's one after another, and before anything leads to it.
  private var shardBindings: [TopologyOperation] {
    guard shards.count > 1 else { return [] }
    return [realtime, batch].flatMap { exchange -> [TopologyOperation] in
      let ring = shardsExchange(exchange)
      let queues: [TopologyOperation] = shards.map {
        .bindQueue(
          queue: inletQueue(exchange, shard: $0), exchange: ring, routingKey: Self.weight)
      }
      return queues + [.bindExchange(destination: ring, source: exchange, routingKey: "#")]
    }
  }

  /// How much of the ring a queue has.
  private static let weight = "1"

  /// A difference is a 406.
  package var shardCountDeclaration: TopologyOperation {
    .declareQueue(
      name: shardCount,
      arguments: [
        Self.quorum, Self.manyDeliveries, Argument("x-max-length", .int64(Int64(shards.count))),
      ])
  }

  /// 4.x limits deliveries to 20 by default and then drops the message; -1 drops on 3.10.8.
  private static let manyDeliveries = Argument("x-delivery-limit", .int64(1_000_000))
  private static let quorum = Argument("x-queue-type", .string("quorum"))

  private var parkingQueues: [TopologyOperation] {
    let arguments = [Self.quorum, Self.manyDeliveries]
    return [
      .declareQueue(name: unrouted, arguments: arguments),
      .bindQueue(queue: unrouted, exchange: unrouted, routingKey: ""),
      .declareQueue(name: parked, arguments: arguments),
      .bindQueue(queue: parked, exchange: parked, routingKey: "#"),
    ]
  }

  private var deadLetter: [Argument] {
    [
      Argument("x-dead-letter-exchange", .string(parked)),
      Argument("x-dead-letter-routing-key", .string("delivery-limit")),
    ]
  }

  private var inletQueues: [TopologyOperation] {
    let arguments =
      [
        Self.quorum, Argument("x-single-active-consumer", .boolean(true)),
        Argument("x-delivery-limit", .int64(20)),
      ] + deadLetter + [
        Argument("x-dead-letter-strategy", .string("at-least-once")),
        Argument("x-overflow", .string("reject-publish")),
      ]
    return shards.flatMap { shard in
      [realtime, batch, deliveryLogs].flatMap { exchange in
        let queue = inletQueue(exchange, shard: shard)
        var operations: [TopologyOperation] = [.declareQueue(name: queue, arguments: arguments)]
        if exchange == deliveryLogs {
          operations.append(.bindQueue(queue: queue, exchange: exchange, routingKey: queue))
        }
        if shards.count == 1 {
          operations.append(.bindQueue(queue: queue, exchange: exchange, routingKey: "#"))
        }
        return operations
      }
    }
  }

  private var ownerQueues: [TopologyOperation] {
    shards.flatMap { ownerDeclarations(shard: $0).dropFirst() }
  }

  /// Exchange, queue and binding, before all others are made.
  package func ownerDeclarations(shard: ShardNumber) -> [TopologyOperation] {
    let queue = ownerQueue(shard: shard)
    return [
      .declareExchange(name: owner, type: "direct"),
      .declareQueue(name: queue, arguments: [Self.quorum, Self.manyDeliveries]),
      .bindQueue(queue: queue, exchange: owner, routingKey: queue),
    ]
  }

  /// Only one connection can have it: for any other it is a 405. Its type is named, since a virtual
  /// host may have another by default.
  package func leaseDeclaration(shard: ShardNumber) -> TopologyOperation {
    .declareQueue(
      name: leaseQueue(shard: shard), isDurable: false, isExclusive: true,
      arguments: [Argument("x-queue-type", .string("classic"))])
  }

  private var deliveryQueues: [TopologyOperation] {
    channels.flatMap { channel -> [TopologyOperation] in
      let queue = deliveriesQueue(channel)
      return [
        .declareQueue(name: queue, arguments: [Self.quorum, Self.manyDeliveries] + deadLetter),
        .bindQueue(queue: queue, exchange: deliveries, routingKey: "\(channel).#"),
      ]
    }
  }

  private var historyQueue: [TopologyOperation] {
    guard hasHistory else { return [] }
    return [
      .declareQueue(
        name: history,
        arguments: [
          Argument("x-queue-type", .string("stream")), Argument("x-max-age", .string("7D")),
        ]),
      .bindQueue(queue: history, exchange: status, routingKey: "#"),
    ]
  }
}
