internal import AMQP
internal import Messages

/// What the service's account has to be allowed at the broker, for one shard.
struct AccountNeeds: Sendable {
  /// One permission, and what does not work without it.
  struct Need: Equatable, Sendable {
    let permission: AccessRefusal.Permission
    let kind: AccessRefusal.Kind
    let name: String
    let use: String
    /// Whether the service can do nothing without it.
    var isRequired = true
  }

  private let topology: Topology
  private let shard: ShardNumber
  private let mode: NodeConfiguration.TopologyMode

  init(_ topology: Topology, shard: ShardNumber, _ mode: NodeConfiguration.TopologyMode) {
    self.topology = topology
    self.shard = shard
    self.mode = mode
  }

  /// What it publishes to.
  var writes: [Need] {
    [
      Need(
        permission: .write, kind: .exchange, name: topology.deliveries,
        use: "to publish deliveries"),
      Need(
        permission: .write, kind: .exchange, name: topology.status,
        use: "to publish status updates"),
      Need(
        permission: .write, kind: .exchange, name: topology.parked,
        use: "to park what is no event"),
      Need(
        permission: .write, kind: .exchange, name: topology.owner,
        use: "to say whose the queues are"),
      Need(
        permission: .write, kind: .exchange, name: Self.defaultExchange, use: "to send receipts",
        isRequired: false),
    ]
  }

  /// By this name the broker looks up permissions on the exchange that has none.
  static let defaultExchange = "amq.default"

  /// What it takes from; and where it declares, what it gives a dead letter or an alternate
  /// exchange: the broker asks for the read permission on those.
  var reads: [Need] {
    let inlets = [
      (topology.realtime, "to take events"), (topology.batch, "to take events"),
      (topology.deliveryLogs, "to take delivery logs"),
    ]
    var needs = inlets.map { exchange, use in
      Need(
        permission: .read, kind: .queue, name: topology.inletQueue(exchange, shard: shard), use: use
      )
    }
    needs.append(
      Need(
        permission: .read, kind: .queue, name: topology.ownerQueue(shard: shard),
        use: "to see whose the queues are"))
    guard mode == .declare else { return needs }
    needs += inlets.map { exchange, _ in
      Need(
        permission: .read, kind: .exchange, name: exchange,
        use: "to declare it with an alternate exchange, and to bind queues to it")
    }
    return needs
      + topology.channels.map { channel in
        Need(
          permission: .read, kind: .queue, name: topology.deliveriesQueue(channel),
          use: "to declare it with a dead letter exchange")
      }
  }

  /// What a refusal keeps the service from; nil when nothing in particular is known.
  private func use(of refusal: AccessRefusal) -> String? {
    if refusal.name == topology.leaseQueue(shard: shard) { return "to hold the lease" }
    let found = (writes + reads).first {
      $0.name == refusal.name && $0.permission == refusal.permission && $0.kind == refusal.kind
    }
    if let found { return found.use }
    return mode == .declare && refusal.permission == .configure ? "to declare it" : nil
  }

  /// - Parameter refusals: of one account, at least one.
  /// - Returns: what the account lacks, and how a person gives it.
  func sentence(_ refusals: [AccessRefusal]) -> String {
    guard let first = refusals.first else { return "" }
    var said: [AccessRefusal] = []
    for refusal in refusals where !said.contains(refusal) { said.append(refusal) }
    let lacks = said.map { refusal in
      let use = use(of: refusal).map { " (\($0))" } ?? ""
      let what = refusal.permission.map { "the \($0.rawValue) permission" } ?? "a permission"
      let on = refusal.kind == .topic ? "topics of the exchange" : "the \(refusal.kind.rawValue)"
      return "\(what) on \(on) \(refusal.name)\(use)"
    }
    return """
      the account \(first.user) lacks in the virtual host \(first.vhost): \
      \(lacks.joined(separator: "; ")). All that the service needs is given by: \
      \(commandLine(first))
      """
  }

  /// Gives the account all that the service needs; names only what is the service's own.
  private func commandLine(_ refusal: AccessRefusal) -> String {
    let prefix = AccessRefusal.escaped(topology.prefix)
    let configure: String
    let write: String
    let read: String
    if mode == .declare {
      configure = "^\(prefix)\\."
      write = "^(\(prefix)\\.|amq\\.default$)"
      read = "^\(prefix)\\."
    } else {
      configure = "^\(prefix)\\.owner\\.[0-9]+\\.lease$"
      write = "^(\(prefix)\\.(deliveries|status|parked|owner)|amq\\.default)$"
      read = "^\(prefix)\\.(realtime|batch|delivery-logs|owner)\\.[0-9]+$"
    }
    let words = [refusal.vhost, refusal.user, configure, write, read].map(AccessRefusal.quoted)
    return "rabbitmqctl set_permissions -p " + words.joined(separator: " ")
  }

  /// Why the service cannot start.
  ///
  /// - Parameter beside: other problems, for people.
  func error(_ refusals: [AccessRefusal], beside others: [String] = []) -> NodeError {
    let sentence = "access-refused: \(sentence(refusals))"
    return NodeError(message: ([sentence] + others).joined(separator: "; "), exitCode: 77)
  }
}
