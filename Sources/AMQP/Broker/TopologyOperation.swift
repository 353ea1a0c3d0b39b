/// One operation on exchanges, queues and bindings. Declarations are idempotent: a link runs its
/// list again at every connect.
package enum TopologyOperation: Sendable, Equatable, Hashable {
  /// Declares a durable exchange: `type` is `topic`, `fanout`, `direct`, `headers` or a plugin's.
  case declareExchange(
    name: String, type: String, isInternal: Bool = false, arguments: [Argument] = [])
  /// Checks that an exchange exists (passive declare): 404 when not.
  case assertExchange(name: String)
  /// Leads messages from `source` to the exchange `destination`.
  case bindExchange(
    destination: String, source: String, routingKey: String, arguments: [Argument] = [])
  /// Takes such a binding away.
  case unbindExchange(
    destination: String, source: String, routingKey: String, arguments: [Argument] = [])
  /// Deletes an exchange.
  case deleteExchange(name: String)
  /// Declares a queue. Arguments that differ from the queue's are a 406.
  case declareQueue(
    name: String, isDurable: Bool = true, isExclusive: Bool = false, isAutoDelete: Bool = false,
    arguments: [Argument] = [])
  /// Checks that a queue exists (passive declare): answers its depth, 404 when there is none.
  case assertQueue(name: String)
  /// Leads messages from an exchange to a queue.
  case bindQueue(queue: String, exchange: String, routingKey: String, arguments: [Argument] = [])
  /// Takes such a binding away.
  case unbindQueue(queue: String, exchange: String, routingKey: String, arguments: [Argument] = [])
  /// Deletes a queue and what is in it: answers how many messages were lost.
  case deleteQueue(name: String)
  /// Empties a queue: answers how many ready messages were lost.
  case purgeQueue(name: String)
  /// Asks whether the account may take from a queue, and takes nothing: consumes with an argument
  /// that no queue has. A 403 says that it may not; a 406, or 404 where there is no queue, that it
  /// may. There is no other answer.
  case checkReading(queue: String)
}

extension TopologyOperation {
  /// Whether its names are short enough for the protocol.
  var fits: Bool {
    let names: [String] =
      switch self {
      case .declareExchange(let name, let type, _, _): [name, type]
      case .assertExchange(let name), .deleteExchange(let name), .assertQueue(let name),
        .deleteQueue(let name), .purgeQueue(let name):
        [name]
      case .declareQueue(let name, _, _, _, _), .checkReading(let name): [name]
      case .bindExchange(let to, let from, let key, _),
        .unbindExchange(let to, let from, let key, _), .bindQueue(let to, let from, let key, _),
        .unbindQueue(let to, let from, let key, _):
        [to, from, key]
      }
    return names.allSatisfy { $0.utf8.count <= AMQPLimits.shortStringBytes }
  }
}

/// What the broker answers to a topology operation.
package enum TopologyAnswer: Sendable, Equatable {
  /// It is so.
  case done
  /// A queue: its ready messages (or those deleted) and its consumers.
  case queue(messages: Int, consumers: Int)
}
