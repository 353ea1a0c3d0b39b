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
}

/// What the broker answers to a topology operation.
package enum TopologyAnswer: Sendable, Equatable {
  /// It is so.
  case done
  /// A queue: its ready messages (or those deleted) and its consumers.
  case queue(messages: Int, consumers: Int)
}
