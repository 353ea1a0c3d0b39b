internal import AMQP
internal import EventLog
internal import Messages
internal import Node

/// The owner queue and the lease of a shard, as a command sees them.
struct OwnerQueue {
  let broker: CommandBroker
  let shard: ShardNumber

  var name: String { broker.topology.ownerQueue(shard: shard) }

  /// What is in an owner queue. It is held until it is closed: others see it empty meanwhile.
  struct Contents {
    let browser: QueueBrowser
    /// Nil for a message that is no record.
    var records: [(record: OwnerRecord?, message: IncomingMessage)] = []

    var newest: OwnerRecord? { records.compactMap(\.record).max(by: OwnerRecord.isOlder) }
    var isUnreadable: Bool { records.contains { $0.record == nil } }
  }

  /// Makes the queue, where the configuration lets us.
  func declare(_ mode: NodeConfiguration.TopologyMode) async throws(AMQPError) {
    if mode == .declare {
      try await broker.client.perform([broker.topology.shardCountDeclaration])
      try await broker.client.perform(broker.topology.ownerDeclarations(shard: shard))
    }
  }

  /// Whether somebody has the lease.
  func isHeld() async throws(AMQPError) -> Bool {
    do {
      let lease = broker.topology.leaseQueue(shard: shard)
      try await broker.client.perform([.assertQueue(name: lease)])
      return true
    } catch {
      switch error.code {
      case .resourceLocked: return true
      case .notFound: return false
      default: throw error
      }
    }
  }

  /// Takes the lease, for as long as the command is connected. False when somebody else has it.
  func claim() async throws(AMQPError) -> Bool {
    do {
      try await broker.client.perform([broker.topology.leaseDeclaration(shard: shard)])
      return true
    } catch {
      if error.code == .resourceLocked { return false }
      throw error
    }
  }

  /// Reads the queue. Whoever owns it, or looks at it too, may hold its message for a moment, so
  /// that an empty one is looked at again.
  ///
  /// - Throws: `notFound` when there is no such queue.
  func read() async throws -> Contents {
    var depth = 0
    for _ in 0..<Self.looks {
      depth = try await broker.client.depth(of: name).messages
      if depth > 0 { break }
      try await Task.sleep(for: .milliseconds(300))
    }
    var contents = Contents(
      browser: broker.client.browse(name, prefetch: AMQPLimits.quorumConsumerMessages))
    guard depth > 0 else { return contents }
    do {
      while contents.records.count < depth {
        let messages = try await contents.browser.next(withinSeconds: 2)
        if messages.isEmpty { break }
        for browsed in messages {
          let body = browsed.message.withBody { Array($0) }
          contents.records.append((OwnerRecord(body: body), browsed.message))
        }
      }
      return contents
    } catch {
      await contents.browser.close()
      throw error
    }
  }

  private static let looks = 4

  /// Writes a record, and then takes the older ones away.
  func replace(_ contents: Contents, by record: OwnerRecord) async throws {
    var message = ClientMessage(
      exchange: broker.topology.owner, routingKey: name,
      body: record.body(shard: shard))
    message.isMandatory = true
    message.messageID = "\(name).\(record.standing.epoch).adopted"
    message.contentType = OwnerRecord.contentType
    message.type = OwnerRecord.type
    message.timestampSeconds = UInt64(max(0, record.time.nanoseconds / 1_000_000_000))
    let outcome = try await broker.publish([message])
    guard outcome == [.confirmed] else {
      throw CommandFailure(
        "the broker did not take the record for \(name): \(outcome)", .unavailable)
    }
    contents.browser.settle(contents.records.filter { $0.record != nil }.map(\.message))
  }
}

extension OwnedQueues {
  init(_ node: NodeConfiguration, _ shard: ShardNumber) throws {
    do {
      let broker = try BrokerOptions(node, version: programVersion)
      self.init(
        prefix: node.prefix, vhost: broker.firstVhost, shard: shard,
        storePath: node.storePath(of: shard))
    } catch {
      throw CommandFailure(error)
    }
  }
}

extension CommandFailure {
  init(_ error: NodeError) {
    self.init(error.message, SystemExit(rawValue: error.exitCode) ?? .software)
  }
}
