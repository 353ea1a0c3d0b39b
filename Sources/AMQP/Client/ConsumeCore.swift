internal import Logging
internal import NIOCore

/// The consuming half of a `BrokerClient`, on its event loop.
final class ConsumeCore: BrokerLinkDelegate {
  private let link: BrokerLink
  private var buffered: [IncomingMessage] = []
  private var waiting: ((Result<[IncomingMessage]?, AMQPError>) -> Void)?
  private var asking: ConsumedMessages.CallToken?
  private var cancelled: ConsumedMessages.CallToken?
  private var failure: AMQPError?
  private var isStopped = false
  private var isFlushScheduled = false
  private var onStop: (() -> Void)?
  private let notice: (@Sendable (ConsumerNotice) -> Void)?

  init(
    _ options: BrokerOptions, _ role: LinkRole, _ eventLoop: any EventLoop, _ logger: Logger,
    _ notice: (@Sendable (ConsumerNotice) -> Void)?
  ) {
    self.notice = notice
    link = BrokerLink(options: options, role: role, eventLoop: eventLoop, logger: logger)
    link.delegate = self
  }

  func start() {
    link.start()
  }

  func next(
    _ token: ConsumedMessages.CallToken,
    _ done: @escaping (Result<[IncomingMessage]?, AMQPError>) -> Void
  ) {
    precondition(waiting == nil, "Consumed messages have one iterator at a time")
    if cancelled === token { return done(.success(nil)) }
    asking = token
    if let failure { return done(.failure(failure)) }
    if isStopped { return done(.success(nil)) }
    waiting = done
    hand()
  }

  func cancelNext(_ token: ConsumedMessages.CallToken) {
    cancelled = token
    if asking === token { finish() }
  }

  private func finish() {
    let done = waiting
    waiting = nil
    done?(.success(nil))
  }

  func settle(_ tags: [(UInt64, UInt32)]) {
    for (tag, epoch) in tags { link.settle(tag, epoch: epoch) }
    flushSoon()
  }

  func stop(_ done: @escaping () -> Void) {
    guard !isStopped else { return done() }
    onStop = done
    link.stop()
  }

  private func flushSoon() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    link.eventLoop.assumeIsolated().execute {
      self.isFlushScheduled = false
      self.link.flush()
    }
  }

  private func hand() {
    guard !buffered.isEmpty, let done = waiting else { return }
    waiting = nil
    let batch = buffered
    buffered = []
    done(.success(batch))
  }

  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    notice?(.consuming)
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    // They come again; whoever takes them now could not settle them.
    buffered.removeAll()
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {
    guard retryAfterSeconds == nil else {
      notice?(.interrupted(error))
      return
    }
    failure = error
    isStopped = true
    let done = waiting
    waiting = nil
    done?(.failure(error))
  }

  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {
    buffered.append(message)
  }

  /// It stays unsettled, like any other: rejecting it would destroy it where nothing is behind the
  /// queue.
  func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage) {
    notice?(.oversized(bytes: Int(clamping: message.bodyBytes)))
  }

  func brokerLinkDidRead(_ link: BrokerLink) {
    hand()
  }

  func brokerLinkDidStop(_ link: BrokerLink) {
    isStopped = true
    finish()
    onStop?()
    onStop = nil
  }
}
