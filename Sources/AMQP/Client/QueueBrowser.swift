internal import Logging
internal import NIOCore
internal import Synchronization

/// A message that a browser holds. What is larger than the limit for bodies has none here.
package struct BrowsedMessage: Sendable {
  /// The message; `bodyCount` is 0 when the body was left out.
  package let message: IncomingMessage
  /// How large the body is.
  package let bodyBytes: Int

  /// Whether the body is there.
  package var isWhole: Bool { message.bodyCount == bodyBytes }

  init(_ message: IncomingMessage) {
    self.message = message
    bodyBytes = message.bodyCount
  }

  init(_ oversized: OversizedMessage) {
    message = oversized.envelope
    bodyBytes = Int(clamping: oversized.bodyBytes)
  }
}

/// Looks at what is in a queue: one consumer on a connection of its own, which settles only what
/// it is told to and rejects nothing, however large. What it holds goes back when it is closed.
///
/// It does not heal itself: when its connection is lost, so are the places of what it held.
package final class QueueBrowser: Sendable {
  private let eventLoop: any EventLoop
  private let core: NIOLoopBoundBox<BrowseCore?>
  private let lost = Lost()

  /// Shared with the core, which lives on the event loop.
  final class Lost: Sendable {
    let flag = Atomic(false)
  }

  /// Begins to connect and to consume.
  init(
    _ options: BrokerOptions, _ consumer: Consumer, _ eventLoop: any EventLoop, _ logger: Logger
  ) {
    self.eventLoop = eventLoop
    let box = NIOLoopBoundBox<BrowseCore?>.makeEmptyBox(eventLoop: eventLoop)
    core = box
    let lost = lost
    eventLoop.execute {
      let core = BrowseCore(options, consumer, eventLoop, logger, lost)
      box.value = core
      core.start()
    }
  }

  /// Whether the connection is gone, and what was held is back in the queue.
  package var isLost: Bool { lost.flag.load(ordering: .acquiring) }

  /// Waits for messages: what has come since the last call, oldest first. Empty when nothing comes
  /// in so many seconds. At most one call at a time.
  ///
  /// - Throws: why nothing can come any more: the queue is refused, or the connection is lost.
  package func next(withinSeconds seconds: Double) async throws(AMQPError) -> [BrowsedMessage] {
    let result = await withCheckedContinuation {
      (done: CheckedContinuation<Result<[BrowsedMessage], AMQPError>, Never>) in
      eventLoop.execute {
        guard let core = self.core.value else { return done.resume(returning: .success([])) }
        core.next(seconds) { done.resume(returning: $0) }
      }
    }
    return try result.get()
  }

  /// Holds messages without looking at them: in no memory but the broker's. Returns when the first
  /// has come, because the broker then has set aside for us all that it will; false when none
  /// comes in so many seconds.
  package func hold(withinSeconds seconds: Double) async -> Bool {
    await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
      eventLoop.execute {
        guard let core = self.core.value else { return done.resume(returning: false) }
        core.hold(seconds) { done.resume(returning: $0) }
      }
    }
  }

  /// Takes messages out of the queue; acknowledgements are gathered.
  package func settle(_ messages: [IncomingMessage]) {
    guard !messages.isEmpty else { return }
    let tags = messages.map { ($0.deliveryTag, $0.channelEpoch) }
    eventLoop.execute { self.core.value?.settle(tags) }
  }

  /// Lets nothing more come. What is held stays so; what was on its way is held and not shown.
  package func cancel() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      eventLoop.execute {
        guard let core = self.core.value else { return done.resume() }
        core.cancel { done.resume() }
      }
    }
  }

  /// Gives back what is held, after what was settled has been sent, and disconnects.
  package func close() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      eventLoop.execute {
        guard let core = self.core.value else { return done.resume() }
        core.stop { done.resume() }
      }
    }
  }
}

extension BrokerClient {
  /// Looks at a queue's messages without taking them. Begins at once.
  ///
  /// - Parameter prefetch: how many may be held at a time: 1 to 2000.
  package func browse(_ queue: String, prefetch: Int) -> QueueBrowser {
    let prefetch = UInt16(clamping: min(max(1, prefetch), Limits.quorumConsumerMessages))
    return QueueBrowser(
      options, Consumer(queue: queue, prefetch: prefetch), eventLoop, logger)
  }
}
