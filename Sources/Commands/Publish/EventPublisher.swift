internal import AMQP
internal import Messages

/// Publishes messages in batches, confirmed, at a rate; with receipts, each batch when those of
/// the one before have come.
struct EventPublisher {
  private let broker: CommandBroker
  private let exchange: String
  private let replyTo: String?
  private let receipts: ReceiptDesk?
  private let ratePerSecond: Int?
  private var batch: [ClientMessage] = []
  private var batchBytes = 0
  private var progress: ProgressBar
  private let started = Terminal.seconds
  private(set) var confirmed = 0
  private(set) var seconds = 0.0
  private var sent = 0

  /// A batch of large messages is shorter.
  private static let mostBatchBytes = 16 << 20

  init(
    broker: CommandBroker, exchange: String, replyTo: String?, receipts: ReceiptDesk?,
    ratePerSecond: Int?, total: Int?
  ) {
    self.broker = broker
    self.exchange = exchange
    self.replyTo = receipts?.queue ?? replyTo
    self.receipts = receipts
    self.ratePerSecond = ratePerSecond
    progress = ProgressBar("publishing", total: total)
  }

  mutating func add(_ event: OutgoingEvent) async throws {
    var message = ClientMessage(
      exchange: exchange, routingKey: event.routingKey, body: event.body)
    message.contentType = event.contentType
    message.messageID = event.messageID
    message.type = event.type
    message.replyTo = replyTo
    if receipts != nil { message.correlationID = event.messageID }
    message.isMandatory = true
    message.timestampSeconds = Terminal.unixSeconds
    // The return of a message without an id is told by its being alone.
    if message.messageID == nil { try await flush() }
    batch.append(message)
    batchBytes += message.body.count
    if batch.count >= batchSize || batchBytes >= Self.mostBatchBytes || message.messageID == nil {
      try await flush()
    }
  }

  /// Small enough that a slow rate is even, large enough that a fast one is fast; with receipts no
  /// more than the service keeps waiting.
  private var batchSize: Int {
    let most = receipts == nil ? 1_000 : ReceiptDesk.mostAwaited
    return ratePerSecond.map { min(most, max(1, $0 / 50)) } ?? most
  }

  mutating func finish() async throws {
    try await flush()
    progress.finish(confirmed)
    seconds = Terminal.seconds - started
  }

  private mutating func flush() async throws {
    guard !batch.isEmpty else { return }
    if let ratePerSecond {
      let due = started + Double(sent) / Double(ratePerSecond)
      let wait = due - Terminal.seconds
      if wait > 0 { try await Task.sleep(for: .seconds(wait)) }
    }
    receipts?.expect(batch.compactMap(\.messageID))
    let outcomes: [PublishOutcome]
    do {
      outcomes = try await broker.publish(batch)
    } catch let error as AMQPError {
      var failure = CommandFailure(error)
      failure.message += Self.place(batch, confirmed)
      throw failure
    }
    sent += batch.count
    for (outcome, message) in zip(outcomes, batch) { try take(outcome, message) }
    try await receipts?.collect()
    batch.removeAll(keepingCapacity: true)
    batchBytes = 0
    progress.update(confirmed)
  }

  private mutating func take(_ outcome: PublishOutcome, _ message: ClientMessage) throws {
    let name = message.messageID.map { "event \($0)" } ?? "a message"
    switch outcome {
    case .confirmed: confirmed += 1
    case .refused:
      throw CommandFailure(
        "the broker refused \(name) (nack): a queue behind \(exchange) is full", .unavailable)
    case .returned(let code, let text):
      throw CommandFailure(
        """
        no queue takes \(name) of \(message.exchange) (\(code) \(text)): start \
        `meddela serve`, or run `meddela topology apply`
        """, .unavailable)
    }
  }

  /// What is known of the messages when something fails in the middle.
  private static func place(_ batch: [ClientMessage], _ confirmed: Int) -> String {
    let largest = batch.max { $0.body.count < $1.body.count }?.body.count ?? 0
    return """
      ; \(confirmed) messages were confirmed before, the next \(batch.count) (the largest has \
      \(largest) bytes) may be there or not: publish them again, duplicates are recognised by id
      """
  }
}
