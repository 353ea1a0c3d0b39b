internal import Messages
internal import Node

/// The control sockets of a store's shards, connected to when they are asked for.
final class ControlClients {
  private let node: NodeConfiguration
  private let waiting: WaitingOptions
  private var clients: [ShardNumber: ControlClient] = [:]

  init(_ node: NodeConfiguration, _ waiting: WaitingOptions) {
    self.node = node
    self.waiting = waiting
  }

  /// - Throws: when no service listens there.
  func client(of shard: ShardNumber) throws(CommandFailure) -> ControlClient {
    if let client = clients[shard] { return client }
    let client = try ControlClient(node, shard, timeoutSeconds: waiting.timeout)
    clients[shard] = client
    return client
  }
}
