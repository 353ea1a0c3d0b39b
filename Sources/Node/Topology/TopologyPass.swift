internal import AMQP

/// One pass over the operations that make or check the topology. Each is tried by itself, so that
/// one refusal keeps nothing else from being made again.
struct TopologyPass {
  /// An operation that the broker refused or did not answer.
  struct Problem: Equatable {
    let name: String
    let error: AMQPError

    /// What is wrong, in one line.
    var description: String {
      if case .notFound = error.code { return "\(name) is missing" }
      if let refusal = error.refusal { return "\(name): \(refusal.sentence)" }
      return "\(name): \(error)"
    }
  }

  private let operations: [TopologyOperation]
  private var index = 0
  private(set) var problems: [Problem] = []

  init(_ operations: [TopologyOperation]) {
    self.operations = operations
  }

  /// What to try next; nil when the pass is at its end.
  var next: TopologyOperation? {
    index < operations.count ? operations[index] : nil
  }

  /// The answer to `next`. One that got lost with its connection is tried again; one that never
  /// came is not, since it may be what the connection was lost by.
  mutating func answered(_ result: Result<[TopologyAnswer], AMQPError>) {
    guard let operation = next else { return }
    if case .failure(let error) = result {
      if Self.isLoss(error) { return }
      problems.append(Problem(name: operation.subject, error: error))
    }
    index += 1
  }

  /// Whether the answer got lost with the connection.
  static func isLoss(_ error: AMQPError) -> Bool {
    switch error.code {
    case .notReady, .closedByPeer, .ioFailed, .heartbeatTimeout, .connectionForced, .stopped: true
    default: false
    }
  }
}

extension TopologyOperation {
  /// What it is about, for people.
  var subject: String {
    switch self {
    case .declareExchange(let name, _, _, _), .assertExchange(let name), .deleteExchange(let name):
      "exchange \(name)"
    case .declareQueue(let name, _, _, _, _), .assertQueue(let name), .deleteQueue(let name),
      .purgeQueue(let name), .checkReading(let name):
      "queue \(name)"
    case .bindExchange(let destination, let source, let key, _),
      .unbindExchange(let destination, let source, let key, _):
      "binding \(source) -> \(destination) (\(key))"
    case .bindQueue(let queue, let exchange, let key, _),
      .unbindQueue(let queue, let exchange, let key, _):
      "binding \(exchange) -> \(queue) (\(key))"
    }
  }
}
