internal import Logging
internal import NIOCore
internal import Synchronization

/// The work of a `QueueBrowser`, on its event loop.
final class BrowseCore: BrokerLinkDelegate {
  private let link: BrokerLink
  private let lost: QueueBrowser.Lost
  private var buffered: [BrowsedMessage] = []
  private var bufferedBytes = 0
  private var waiting: ((Result<[BrowsedMessage], AMQPError>) -> Void)?
  private var patience: Scheduled<Void>?
  /// Why nothing can come any more.
  private var failure: AMQPError?
  /// Of the newest attempt to connect.
  private var lastError: AMQPError?
  private var wasReady = false
  /// Of the first message on the newest channel; nil before that.
  private var first: QueueBrowser.First?
  /// What comes is held by the broker's count only, and shown to nobody.
  private var isIgnoring = false
  private var isStopping = false
  private var isStopped = false
  private var isFlushScheduled = false
  private var onCancelled: (() -> Void)?
  private var onGivenBack: (() -> Void)?
  private var onStop: (() -> Void)?

  init(
    _ options: BrokerOptions, _ consumer: Consumer, _ eventLoop: any EventLoop, _ logger: Logger,
    _ lost: QueueBrowser.Lost
  ) {
    self.lost = lost
    var role = LinkRole(consumers: [consumer])
    role.mostChannels = AMQPLimits.browsedChannels
    link = BrokerLink(options: options, role: role, eventLoop: eventLoop, logger: logger)
    link.delegate = self
  }

  func start() {
    link.start()
  }

  func next(_ seconds: Double, _ done: @escaping (Result<[BrowsedMessage], AMQPError>) -> Void) {
    precondition(waiting == nil, "a browser is asked by one at a time")
    if let failure { return done(.failure(failure)) }
    if isStopping || isIgnoring { return done(.success([])) }
    waiting = done
    hand()
    beginPatience(seconds)
  }

  func hold(_ seconds: Double, _ done: @escaping (QueueBrowser.First?) -> Void) {
    precondition(waiting == nil, "a browser is asked by one at a time")
    ignore()
    if failure != nil || isStopping { return done(nil) }
    if let first { return done(first) }
    waiting = { _ in done(self.failure == nil ? self.first : nil) }
    beginPatience(seconds)
  }

  func beginChannel(_ prefetch: UInt16) -> Bool {
    precondition(waiting == nil, "a browser is asked by one at a time")
    // It has none to add and needs none: `next` says why nothing comes.
    if failure != nil || isStopping { return true }
    guard link.hasAnotherChannel else { return false }
    first = nil
    link.beginChannel(prefetch: prefetch, passesOver: isIgnoring)
    return true
  }

  func giveBackOldest(_ done: @escaping () -> Void) {
    guard failure == nil, !isStopping, link.hasRetiredChannel else { return done() }
    onGivenBack = done
    link.giveBackOldest()
  }

  func brokerLinkGaveBack(_ link: BrokerLink) {
    gaveBack()
  }

  private func gaveBack() {
    let done = onGivenBack
    onGivenBack = nil
    done?()
  }

  private func ignore() {
    isIgnoring = true
    buffered = []
    link.pauseIntake(false)
  }

  private func beginPatience(_ seconds: Double) {
    guard waiting != nil else { return }
    let delay = TimeAmount.nanoseconds(Int64(seconds * 1e9))
    patience = link.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.nothingCame() }
  }

  private func nothingCame() {
    if !wasReady, let lastError { return answer(.failure(lastError)) }
    answer(.success([]))
  }

  private func answer(_ result: Result<[BrowsedMessage], AMQPError>) {
    patience?.cancel()
    patience = nil
    let done = waiting
    waiting = nil
    done?(result)
  }

  private func hand() {
    guard !buffered.isEmpty, waiting != nil else { return }
    let batch = buffered
    buffered = []
    bufferedBytes = 0
    link.pauseIntake(false)
    answer(.success(batch))
  }

  func settle(_ tags: [(UInt64, UInt32)]) {
    for (tag, epoch) in tags { link.settle(tag, epoch: epoch) }
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    link.eventLoop.assumeIsolated().execute {
      self.isFlushScheduled = false
      self.link.flush()
    }
  }

  func cancel(_ done: @escaping () -> Void) {
    ignore()
    answer(.success([]))
    // What has come may have been faster than the answer that makes the link ready.
    let isConsuming = link.isReady ? link.isConsuming : first != nil
    guard failure == nil, !isStopping, isConsuming else { return done() }
    onCancelled = done
    link.setConsuming(false)
  }

  func stop(_ done: @escaping () -> Void) {
    guard !isStopped else { return done() }
    isStopping = true
    buffered = []
    onStop = done
    link.stop()
  }

  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    wasReady = true
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    guard !isStopping else { return }
    fail(error)
    // Another connection would begin at the front of the queue again.
    link.eventLoop.assumeIsolated().execute { self.link.stop() }
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {
    lastError = error
    if retryAfterSeconds == nil {
      isStopped = true
      fail(error)
    }
  }

  private func fail(_ error: AMQPError) {
    lost.error.withLock { $0 = $0 ?? error }
    buffered = []
    if failure == nil { failure = error }
    answer(.failure(error))
    cancelled()
    gaveBack()
  }

  private func cancelled() {
    let done = onCancelled
    onCancelled = nil
    done?()
  }

  func brokerLink(_ link: BrokerLink, received message: consuming IncomingMessage) {
    take(BrowsedMessage(message))
  }

  /// It stays unsettled, like any other: rejecting it would destroy it where nothing is behind the
  /// queue.
  func brokerLink(_ link: BrokerLink, oversized message: OversizedMessage) {
    take(BrowsedMessage(message))
  }

  private func take(_ message: BrowsedMessage) {
    if first == nil { first = message.message.isRedelivered ? .redelivered : .fresh }
    guard !isStopping, failure == nil else { return }
    if isIgnoring { return answer(.success([])) }
    buffered.append(message)
    bufferedBytes += message.message.storage.count
    // Nobody has asked for them yet: they wait in the socket, not in memory.
    if bufferedBytes >= AMQPLimits.browsedBytes { link.pauseIntake(true) }
  }

  func brokerLinkDidRead(_ link: BrokerLink) {
    hand()
  }

  func brokerLink(_ link: BrokerLink, isConsuming: Bool) {
    if !isConsuming { cancelled() }
  }

  func brokerLinkDidStop(_ link: BrokerLink) {
    isStopped = true
    answer(failure.map { .failure($0) } ?? .success([]))
    cancelled()
    gaveBack()
    onStop?()
    onStop = nil
  }
}
