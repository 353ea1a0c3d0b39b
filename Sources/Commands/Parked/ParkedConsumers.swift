internal import AMQP

/// The consumers that hold the parked queue's messages while it is walked: RabbitMQ gives each at
/// most 2,000. The first holds the oldest, and each is full before the next one begins, so that
/// only the newest ever settles anything. Each has a channel of its own, because what a channel
/// held goes back in its order; a connection has as many channels as the broker allows it.
struct ParkedConsumers {
  /// Connections. One holds four million messages where `channel_max` is RabbitMQ's own, 2,047.
  static let most = 64
  /// Nothing has come for so long: somebody else is taking the messages.
  private static let patienceSeconds = 20.0
  /// What a closed consumer held is in its queue again after milliseconds.
  private static let returnTime = Duration.seconds(5)
  private static let lookAgainTime = Duration.milliseconds(5)

  private let client: BrokerClient
  private let queue: String
  private var connections: [Connection] = []

  private struct Connection {
    let browser: QueueBrowser
    /// Oldest first; never empty.
    var channels: [Channel]
  }

  private struct Channel {
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
  var isFull: Bool { connections.last?.channels.last?.isFull ?? true }

  /// Opens another consumer, when the newest is full or cancelled. False when there can be no more.
  mutating func open(prefetch: Int) async -> Bool {
    let prefetch = min(max(1, prefetch), AMQPLimits.quorumConsumerMessages)
    let channel = Channel(prefetch: prefetch)
    if let newest = connections.indices.last,
      await connections[newest].browser.beginChannel(prefetch: prefetch)
    {
      connections[newest].channels.append(channel)
      return true
    }
    guard connections.count < Self.most else { return false }
    let browser = client.browse(queue, prefetch: prefetch)
    connections.append(Connection(browser: browser, channels: [channel]))
    return true
  }

  /// The next messages, oldest first; empty when none come.
  ///
  /// - Throws: when a connection is lost: what it held is in the queue again, and would be met
  ///   twice.
  mutating func next() async throws -> [BrowsedMessage] {
    guard let newest = connections.indices.last else { return [] }
    let messages: [BrowsedMessage]
    do {
      messages = try await connections[newest].browser.next(withinSeconds: Self.patienceSeconds)
    } catch {
      throw Self.lost(error)
    }
    try checkAllLive()
    hold(messages.count)
    return messages
  }

  /// Takes messages out of the queue, of those that `next` gave last.
  ///
  /// - Throws: when a connection is lost: they are in the queue again.
  mutating func settle(_ messages: [IncomingMessage]) throws {
    try checkAllLive()
    hold(-messages.count)
    connections.last?.browser.settle(messages)
  }

  private var failure: AMQPError? { connections.lazy.compactMap(\.browser.failure).first }

  private func checkAllLive() throws {
    if let failure { throw Self.lost(failure) }
  }

  private mutating func hold(_ more: Int) {
    guard let newest = connections.indices.last,
      let channel = connections[newest].channels.indices.last
    else { return }
    connections[newest].channels[channel].held += more
  }

  /// Holds what was not looked at, too, as far as it was delivered before. A quorum queue keeps
  /// what it was given back in a line of its own, before the rest and in the order of giving back:
  /// to put some of that line behind the others of it would change the order.
  mutating func holdRest() async {
    await connections.last?.browser.cancel()
    while failure == nil, let ready = await depth(), ready > 0, await open(prefetch: ready) {
      hold(min(ready, AMQPLimits.quorumConsumerMessages))
      let first = await connections.last?.browser.hold(withinSeconds: Self.patienceSeconds)
      // Behind one that was never delivered there is none that was.
      guard first == .redelivered else { return }
    }
  }

  /// Gives back what is held, in its order: the oldest first, and each when the one before it is
  /// in the queue again. The newest, which may have room, is stopped before that, or it would be
  /// handed what the others give back.
  func release() async {
    let count = connections.reduce(0) { $0 + $1.channels.count }
    if count > 1 { await connections.last?.browser.cancel() }
    var isWatched = count > 1 && failure == nil
    var given = 0
    for connection in connections {
      for (index, channel) in connection.channels.enumerated() {
        given += 1
        let ready = isWatched ? await depth() : nil
        if index + 1 < connection.channels.count {
          await connection.browser.giveBackOldest()
        } else {
          await connection.browser.close()
        }
        guard isWatched, given < count else { continue }
        // Somebody else who takes messages makes this wait in vain: once is enough.
        isWatched = await isBack(ready.map { $0 + channel.held })
      }
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

  private static func lost(_ error: AMQPError) -> any Error {
    if error.isConsumerTimeout {
      return CommandFailure(
        """
        \(error.message). What was not taken is in its queue again, perhaps in another order: take \
        fewer at a time (--limit), or raise consumer_timeout at the broker
        """, .unavailable)
    }
    // What a person has to change is not helped by running it again.
    if error.isPermanent { return error }
    return CommandFailure(
      """
      a connection that reads the queue was lost: \(error). What was not taken is in its \
      queue again: run the command once more. If it fails each time, the broker cannot deliver \
      one of the messages by AMQP 0-9-1; take that one out by another protocol (AMQP 1.0)
      """, .unavailable)
  }
}
