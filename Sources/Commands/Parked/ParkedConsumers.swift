internal import AMQP

/// The consumers that hold the parked queue's messages while it is walked: RabbitMQ gives each at
/// most 2,000. The first holds the oldest, and each is full before the next one begins, so that
/// only the newest ever settles anything.
struct ParkedConsumers {
  /// So many make 128,000 messages.
  static let most = 64
  /// Nothing has come for so long: somebody else is taking the messages.
  private static let patienceSeconds = 20.0
  /// What a closed consumer held is in its queue again after milliseconds.
  private static let returnTime = Duration.seconds(5)
  private static let lookAgainTime = Duration.milliseconds(5)

  private let client: BrokerClient
  private let queue: String
  private var consumers: [Consumer] = []

  private struct Consumer {
    let browser: QueueBrowser
    let prefetch: Int
    /// Handed out and not settled.
    var held = 0

    var isFull: Bool { held >= prefetch }
  }

  init(_ client: BrokerClient, _ queue: String) {
    self.client = client
    self.queue = queue
  }

  /// Whether nothing more can come before another consumer is opened.
  var isFull: Bool { consumers.last?.isFull ?? true }
  var mayOpen: Bool { consumers.count < Self.most }

  mutating func open(prefetch: Int) {
    precondition(isFull && mayOpen, "consumers follow each other, and are bounded")
    let prefetch = min(max(1, prefetch), AMQP.Limits.quorumConsumerMessages)
    consumers.append(
      Consumer(browser: client.browse(queue, prefetch: prefetch), prefetch: prefetch))
  }

  /// The next messages, oldest first; empty when none come.
  ///
  /// - Throws: when a connection is lost: what it held is in the queue again, and would be met
  ///   twice.
  mutating func next() async throws -> [BrowsedMessage] {
    guard let newest = consumers.indices.last else { return [] }
    let messages: [BrowsedMessage]
    do {
      messages = try await consumers[newest].browser.next(withinSeconds: Self.patienceSeconds)
    } catch {
      // What a person has to change is not helped by running it again.
      if error.isPermanent { throw error }
      throw Self.lost("\(error)")
    }
    if consumers.contains(where: \.browser.isLost) { throw Self.lost("it was closed") }
    consumers[newest].held += messages.count
    return messages
  }

  /// Takes messages out of the queue, of those that `next` gave last.
  mutating func settle(_ messages: [IncomingMessage]) {
    guard let newest = consumers.indices.last else { return }
    consumers[newest].held -= messages.count
    consumers[newest].browser.settle(messages)
  }

  /// Holds what was not looked at, too. A quorum queue keeps what it was given back in a line of
  /// its own, before the rest and in the order of giving back: to put some of that line behind the
  /// others of it would change the order.
  mutating func holdRest() async {
    await consumers.last?.browser.cancel()
    while mayOpen, let ready = await depth(), ready > 0 {
      let prefetch = min(ready, AMQP.Limits.quorumConsumerMessages)
      let browser = client.browse(queue, prefetch: prefetch)
      consumers.append(Consumer(browser: browser, prefetch: prefetch, held: prefetch))
      guard await browser.hold(withinSeconds: Self.patienceSeconds) else { return }
    }
  }

  /// Gives back what is held, in its order: the oldest first, and each when the one before it is
  /// in the queue again. The newest, which may have room, is stopped before that, or it would be
  /// handed what the others give back.
  func release() async {
    if consumers.count > 1 { await consumers.last?.browser.cancel() }
    var isWatched = consumers.count > 1
    for (index, consumer) in consumers.enumerated() {
      let ready = isWatched ? await depth() : nil
      await consumer.browser.close()
      guard isWatched, index < consumers.count - 1 else { continue }
      // Somebody else who takes messages makes this wait in vain: once is enough.
      isWatched = await isBack(ready.map { $0 + consumer.held })
    }
  }

  private func isBack(_ expected: Int?) async -> Bool {
    guard let expected else { return false }
    let end = ContinuousClock.now + Self.returnTime
    while ContinuousClock.now < end {
      guard let ready = await depth() else { return false }
      if ready >= expected { return true }
      try? await Task.sleep(for: Self.lookAgainTime)
    }
    return false
  }

  private func depth() async -> Int? {
    try? await client.depth(of: queue).messages
  }

  private static func lost(_ why: String) -> CommandFailure {
    CommandFailure(
      """
      a connection that reads the queue was lost: \(why). What was not taken is in its \
      queue again: run the command once more. If it fails each time, the broker cannot deliver \
      one of the messages by AMQP 0-9-1; take that one out by another protocol (AMQP 1.0)
      """, .unavailable)
  }
}
