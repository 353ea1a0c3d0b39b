package import Logging
package import NIOCore

/// A small asynchronous client for command-line tools, over `BrokerLink`: publish with confirms,
/// consume, topology. The service itself uses links.
///
/// It heals itself as links do: what was published and not confirmed when a connection is lost is
/// published again, with the same message id.
package final class BrokerClient: Sendable {
  let eventLoop: any EventLoop
  let options: BrokerOptions
  let logger: Logger
  private let core: NIOLoopBound<PublishCore>

  private init(_ options: BrokerOptions, _ logger: Logger, _ core: NIOLoopBound<PublishCore>) {
    self.options = options
    self.logger = logger
    self.core = core
    eventLoop = core.eventLoop
  }

  /// Connects and logs in.
  ///
  /// - Throws: a permanent error at once (wrong password, no such virtual host ...), or the last
  ///   error when the deadline passes without a connection.
  package static func connect(
    _ options: BrokerOptions, on eventLoop: any EventLoop, logger: Logger,
    deadlineSeconds: Double = 30
  ) async throws(AMQPError) -> BrokerClient {
    let result = await withCheckedContinuation {
      (done: CheckedContinuation<Result<NIOLoopBound<PublishCore>, AMQPError>, Never>) in
      eventLoop.execute {
        let core = PublishCore(options, eventLoop, logger)
        let bound = NIOLoopBound(core, eventLoop: eventLoop)
        core.start(deadlineSeconds: deadlineSeconds) { error in
          done.resume(returning: error.map { .failure($0) } ?? .success(bound))
        }
      }
    }
    return BrokerClient(options, logger, try result.get())
  }

  /// Runs topology operations in order.
  ///
  /// - Throws: the first refusal: `notFound`, `preconditionFailed` ...
  @discardableResult
  package func perform(
    _ operations: [TopologyOperation]
  ) async throws(AMQPError) -> [TopologyAnswer] {
    let result = await withCheckedContinuation {
      (done: CheckedContinuation<Result<[TopologyAnswer], AMQPError>, Never>) in
      eventLoop.execute {
        self.core.value.link.perform(operations) { done.resume(returning: $0) }
      }
    }
    return try result.get()
  }

  /// How many messages are ready in a queue, and how many consumers it has.
  ///
  /// - Throws: `notFound` when there is no such queue.
  package func depth(
    of queue: String
  ) async throws(AMQPError) -> (messages: Int, consumers: Int) {
    let answers = try await perform([.assertQueue(name: queue)])
    guard case .queue(let messages, let consumers)? = answers.first else { return (0, 0) }
    return (messages, consumers)
  }

  /// Publishes a batch in one write and waits until the broker has answered for each message.
  /// Memory is bounded by what the caller has under way: batches may overlap.
  ///
  /// - Returns: an outcome for each message, in order.
  /// - Throws: `invalidMessage` before anything is sent; `stopped` when the client is closed.
  package func publish(
    _ messages: [ClientMessage]
  ) async throws(AMQPError) -> [PublishOutcome] {
    guard !messages.isEmpty else { return [] }
    let result = await withCheckedContinuation {
      (done: CheckedContinuation<Result<[PublishOutcome], AMQPError>, Never>) in
      eventLoop.execute {
        self.core.value.publish(messages) { done.resume(returning: $0) }
      }
    }
    return try result.get()
  }

  /// Consumes from a queue on a connection of its own. What has come and is not settled is bounded
  /// by the consumer's prefetch.
  package func consume(_ consumer: Consumer) -> ConsumedMessages {
    ConsumedMessages(options, consumer, eventLoop, logger)
  }

  /// Closes the publishing connection. Consumptions are closed by their own `close`.
  package func close() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      eventLoop.execute {
        self.core.value.stop { done.resume() }
      }
    }
  }
}
