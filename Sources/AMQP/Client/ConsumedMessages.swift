internal import Logging
internal import NIOCore

/// What a consumer meets beside messages.
package enum ConsumerNotice: Sendable {
  /// Nothing comes at present; it is tried again.
  case interrupted(AMQPError)
  /// The broker delivers from now on.
  case consuming
  /// A message above the limit for bodies has come. It is held, not handed out.
  case oversized(bytes: Int)
}

/// The messages of one consumer, as an asynchronous sequence of batches: what has come since the
/// last batch was taken. At most `prefetch` messages are unsettled, so the buffer is bounded.
///
/// One iterator at a time. Messages that are not settled come again, to us or another consumer.
package struct ConsumedMessages: AsyncSequence, Sendable {
  /// One or more messages, oldest first.
  package typealias Element = [IncomingMessage]

  private let eventLoop: any EventLoop
  private let core: NIOLoopBoundBox<ConsumeCore?>
  private let options: BrokerOptions
  private let role: LinkRole
  private let logger: Logger
  private let notice: (@Sendable (ConsumerNotice) -> Void)?

  init(
    _ options: BrokerOptions, _ role: LinkRole, _ eventLoop: any EventLoop, _ logger: Logger,
    _ notice: (@Sendable (ConsumerNotice) -> Void)?
  ) {
    self.options = options
    self.role = role
    self.notice = notice
    self.eventLoop = eventLoop
    self.logger = logger
    core = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
  }

  /// Starts to consume.
  package func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(messages: self)
  }

  /// Marks messages as done; acknowledgements are gathered. Stale ones (the connection was lost
  /// since) are dropped.
  package func settle(_ messages: [IncomingMessage]) {
    let tags = messages.map { ($0.deliveryTag, $0.channelEpoch) }
    eventLoop.execute { core.value?.settle(tags) }
  }

  /// Stops consuming and closes the connection, after what was settled has been sent. The iterator
  /// then ends.
  package func close() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      eventLoop.execute {
        guard let core = core.value else { return done.resume() }
        core.stop { done.resume() }
      }
    }
  }

  private func next() async throws(AMQPError) -> [IncomingMessage]? {
    // Cancelling may overtake asking: the token tells which call is meant.
    let token = CallToken()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation {
        (done: CheckedContinuation<Result<[IncomingMessage]?, AMQPError>, Never>) in
        eventLoop.execute {
          started().next(token) { done.resume(returning: $0) }
        }
      }
    } onCancel: {
      eventLoop.execute { core.value?.cancelNext(token) }
    }
    return try result.get()
  }

  private func started() -> ConsumeCore {
    if let core = core.value { return core }
    let made = ConsumeCore(options, role, eventLoop, logger, notice)
    core.value = made
    made.start()
    return made
  }

  final class CallToken: Sendable {}

  /// Takes one batch after the other.
  package struct AsyncIterator: AsyncIteratorProtocol {
    let messages: ConsumedMessages

    /// Waits for messages. nil once closed or when the task is cancelled.
    ///
    /// - Throws: a permanent error of the first attempt to consume (`notFound`, `accessRefused`).
    package func next() async throws(AMQPError) -> [IncomingMessage]? {
      try await messages.next()
    }
  }
}
