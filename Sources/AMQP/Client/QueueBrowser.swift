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

/// Looks at what is in a queue: a consumer on a connection of its own, which settles only what it
/// is told to and rejects nothing, however large. What it holds goes back when it is closed. When
/// the consumer holds all that it may, another one can follow it, on a channel of its own.
///
/// It does not heal itself: when its connection is lost, so are the places of what it held.
package final class QueueBrowser: Sendable {
  private let eventLoop: any EventLoop
  private let core: NIOLoopBoundBox<BrowseCore?>
  private let lost = Lost()

  /// Shared with the core, which lives on the event loop.
  final class Lost: Sendable {
    let error = Mutex<AMQPError?>(nil)
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

  /// Why the connection is gone, and what was held is back in the queue; nil while it lives.
  package var failure: AMQPError? { lost.error.withLock { $0 } }

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

  /// What the broker says of the first message that a channel holds.
  package enum First: Sendable {
    /// It was never delivered before.
    case fresh
    /// It was, and is in the queue again.
    case redelivered
  }

  /// Holds messages without looking at them: in no memory but the broker's. Returns when the first
  /// has come, because the broker then has set aside for us all that it will; nil when none comes
  /// in so many seconds.
  package func hold(withinSeconds seconds: Double) async -> First? {
    await withCheckedContinuation { (done: CheckedContinuation<First?, Never>) in
      eventLoop.execute {
        guard let core = self.core.value else { return done.resume(returning: nil) }
        core.hold(seconds) { done.resume(returning: $0) }
      }
    }
  }

  /// Goes on with another consumer, on a channel of its own. What is held stays so, and can be
  /// settled no more: to be called when nothing more can come, or after `hold` or `cancel`.
  ///
  /// - Parameter prefetch: how many more may be held: 1 to 2000.
  /// - Returns: false when the connection may have no more channels.
  package func beginChannel(prefetch: Int) async -> Bool {
    let prefetch = Self.allowed(prefetch)
    return await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
      eventLoop.execute {
        done.resume(returning: self.core.value?.beginChannel(prefetch) ?? true)
      }
    }
  }

  /// Gives back what the oldest channel holds. It is then on its way to its queue. Does nothing
  /// when there is but one channel: that one is given back by `close`.
  package func giveBackOldest() async {
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      eventLoop.execute {
        guard let core = self.core.value else { return done.resume() }
        core.giveBackOldest { done.resume() }
      }
    }
  }

  /// Takes messages out of the queue, of the newest channel; acknowledgements are gathered.
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

  static func allowed(_ prefetch: Int) -> UInt16 {
    UInt16(clamping: min(max(1, prefetch), AMQPLimits.quorumConsumerMessages))
  }
}

extension BrokerClient {
  /// Looks at a queue's messages without taking them. Begins at once.
  ///
  /// - Parameter prefetch: how many may be held at a time: 1 to 2000.
  package func browse(_ queue: String, prefetch: Int) -> QueueBrowser {
    QueueBrowser(
      options, Consumer(queue: queue, prefetch: QueueBrowser.allowed(prefetch)), eventLoop, logger)
  }
}
