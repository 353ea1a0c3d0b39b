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
  /// Memory is bounded by what the caller has under way: batches may overlap. A mandatory message
  /// without an id has to be alone under way: its return is told from others by that.
  ///
  /// - Parameter seconds: fails when the broker refuses one of them by closing the channel (no such
  ///   exchange, no permission, too large), and when it has answered for none for so long; nil:
  ///   tries again until all are answered for.
  /// - Returns: an outcome for each message, in order.
  /// - Throws: `invalidMessage` before anything is sent; `stopped` when the client is closed; with
  ///   `seconds` also why nothing more is to be expected. What was not confirmed may or may not be
  ///   in the broker then.
  package func publish(
    _ messages: [ClientMessage], silence seconds: Double? = nil
  ) async throws(AMQPError) -> [PublishOutcome] {
    guard !messages.isEmpty else { return [] }
    let result = await withCheckedContinuation {
      (done: CheckedContinuation<Result<[PublishOutcome], AMQPError>, Never>) in
      eventLoop.execute {
        self.core.value.publish(messages, silence: seconds) { done.resume(returning: $0) }
      }
    }
    return try result.get()
  }

  /// Consumes from a queue on a connection of its own. What has come and is not settled is bounded
  /// by the consumer's prefetch. Nothing is ever rejected: a message above the limit for bodies
  /// stays unsettled, and goes back to its queue when consuming ends.
  ///
  /// - Parameters:
  ///   - declarations: run before consuming, at every connection: for a queue of one's own.
  ///   - notice: is told, on the event loop, what the sequence itself does not say.
  package func consume(
    _ consumer: Consumer, declaring declarations: [TopologyOperation] = [],
    notice: (@Sendable (ConsumerNotice) -> Void)? = nil
  ) -> ConsumedMessages {
    let role = LinkRole(topology: declarations, consumers: [consumer])
    return ConsumedMessages(options, role, eventLoop, logger, notice)
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
