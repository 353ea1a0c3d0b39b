internal import DequeModule
internal import Logging
internal import NIOCore

/// The publishing half of a `BrokerClient`, on its event loop.
final class PublishCore: BrokerLinkDelegate {
  final class Batch {
    var outcomes: [PublishOutcome]
    var remaining: Int
    let done: (Result<[PublishOutcome], AMQPError>) -> Void
    /// How long the broker may be silent; nil: as long as it likes.
    let patience: TimeAmount?
    /// When it last answered for one of them, or the socket took some bytes.
    var heardAt = NIODeadline.now()
    /// What the socket had not taken when that was looked at.
    var pendingBytes = Int.max

    init(
      count: Int, patience: TimeAmount?,
      done: @escaping (Result<[PublishOutcome], AMQPError>) -> Void
    ) {
      outcomes = Array(repeating: .refused, count: count)
      remaining = count
      self.patience = patience
      self.done = done
    }
  }

  struct Pending {
    let message: ClientMessage
    let batch: Batch
    let index: Int
    var returned: PublishOutcome?
  }

  let link: BrokerLink
  var pending: [UInt64: Pending] = [:]
  /// Tokens to publish once the link is ready again, in order.
  private var waiting: Deque<UInt64> = []
  private var nextToken: UInt64 = 1
  /// Why there is no connection, while there is none.
  private(set) var lastError: AMQPError?
  private var onReady: ((AMQPError?) -> Void)?
  private var onStop: (() -> Void)?
  private var isStopped = false

  init(_ options: BrokerOptions, _ eventLoop: any EventLoop, _ logger: Logger) {
    link = BrokerLink(
      options: options, role: LinkRole(publishes: true), eventLoop: eventLoop, logger: logger)
    link.delegate = self
  }

  func start(deadlineSeconds: Double, _ done: @escaping (AMQPError?) -> Void) {
    onReady = done
    let delay = TimeAmount.nanoseconds(Int64(deadlineSeconds * 1e9))
    link.eventLoop.assumeIsolated().scheduleTask(in: delay) {
      guard self.onReady != nil else { return }
      self.finishStart(self.lastError ?? AMQPError(.connectFailed, "No broker answered in time"))
      self.link.stop()
    }
    link.start()
  }

  func stop(_ done: @escaping () -> Void) {
    guard !isStopped else { return done() }
    onStop = done
    link.stop()
  }

  /// - Parameter seconds: how long the broker may be silent; nil: as long as it likes.
  func publish(
    _ messages: [ClientMessage], silence seconds: Double?,
    _ done: @escaping (Result<[PublishOutcome], AMQPError>) -> Void
  ) {
    if isStopped { return done(.failure(AMQPError(.stopped, "The client is closed"))) }
    if let error = Self.problem(messages) { return done(.failure(error)) }
    let patience = seconds.map { TimeAmount.nanoseconds(Int64($0 * 1e9)) }
    let batch = Batch(count: messages.count, patience: patience, done: done)
    for (index, message) in messages.enumerated() {
      pending[nextToken] = Pending(message: message, batch: batch, index: index)
      waiting.append(nextToken)
      nextToken += 1
    }
    send()
    watch(batch)
  }

  private static func problem(_ messages: [ClientMessage]) -> AMQPError? {
    for message in messages {
      if message.isMandatory, message.messageID == nil, messages.count > 1 {
        return AMQPError(
          .invalidMessage, "Of several mandatory messages each needs a message id")
      }
      let texts = [
        message.exchange, message.routingKey, message.contentType, message.contentEncoding,
        message.messageID, message.correlationID, message.replyTo, message.type, message.appID,
      ]
      if texts.contains(where: { ($0?.utf8.count ?? 0) > AMQPLimits.shortStringBytes }) {
        return AMQPError(.invalidMessage, "A name or property of a message is above 255 bytes")
      }
      if (message.headers?.count ?? 0) > Int(AMQPLimits.frameMaxBytes) / 2 {
        return AMQPError(.invalidMessage, "The headers of a message are above 64 KiB")
      }
    }
    return nil
  }

  private func send() {
    while link.isReady, link.isWritable, let token = waiting.popFirst() {
      guard let message = pending[token]?.message else { continue }
      do {
        try message.withView { (view, body) throws(AMQPError) in
          try link.publish(view, body: body, token: token)
        }
      } catch {
        settle(token, .refused)
      }
    }
    link.flush()
  }

  private func settle(_ token: UInt64, _ outcome: PublishOutcome) {
    guard let entry = pending.removeValue(forKey: token) else { return }
    entry.batch.heardAt = .now()
    entry.batch.outcomes[entry.index] = entry.returned ?? outcome
    entry.batch.remaining -= 1
    if entry.batch.remaining == 0 { entry.batch.done(.success(entry.batch.outcomes)) }
  }

  private func finishStart(_ error: AMQPError?) {
    let done = onReady
    onReady = nil
    done?(error)
  }

  func brokerLink(_ link: BrokerLink, isReady epoch: UInt32) {
    lastError = nil
    finishStart(nil)
    send()
  }

  func brokerLink(
    _ link: BrokerLink, lost epoch: UInt32, _ error: AMQPError, unconfirmed: [UInt64]
  ) {
    if error.code != .stopped { lastError = error }
    if error.refusesPublishing { fail(unconfirmed, error) }
    // Again, in order, before what has not been sent yet.
    waiting.prepend(contentsOf: unconfirmed)
    for token in unconfirmed { pending[token]?.returned = nil }
  }

  func brokerLink(_ link: BrokerLink, failed error: AMQPError, retryAfterSeconds: Double?) {
    lastError = error
    guard retryAfterSeconds == nil else { return }
    isStopped = true
    finishStart(error)
  }

  func brokerLink(_ link: BrokerLink, confirmed tokens: [UInt64]) {
    for token in tokens { settle(token, .confirmed) }
  }

  func brokerLink(_ link: BrokerLink, refused tokens: [UInt64]) {
    for token in tokens { settle(token, .refused) }
  }

  func brokerLink(_ link: BrokerLink, returned message: ReturnedMessage) {
    let id = message.message.text(message.message.properties.messageID)
    let candidates = pending.filter { _, entry in
      entry.message.isMandatory && entry.message.messageID == id && entry.returned == nil
    }
    guard let token = candidates.keys.min() else { return }
    pending[token]?.returned = .returned(code: message.replyCode, text: message.replyText)
  }

  func brokerLinkIsWritable(_ link: BrokerLink) {
    send()
  }

  func brokerLinkDidStop(_ link: BrokerLink) {
    isStopped = true
    waiting.removeAll()
    var batches: [ObjectIdentifier: Batch] = [:]
    for entry in pending.values { batches[ObjectIdentifier(entry.batch)] = entry.batch }
    pending.removeAll()
    for batch in batches.values {
      batch.done(.failure(AMQPError(.stopped, "The client was closed before all was confirmed")))
    }
    onStop?()
    onStop = nil
  }
}
