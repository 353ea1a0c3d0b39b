internal import AMQP
internal import JSON
internal import Messages

/// Publishes messages in batches, confirmed, at a rate.
struct EventPublisher {
  let client: BrokerClient
  let exchange: String
  let replyTo: String?
  let ratePerSecond: Int?
  private var batch: [ClientMessage] = []
  private var progress: ProgressBar
  private let started = Terminal.seconds
  private let parser = JSONParser()
  private(set) var confirmed = 0
  private(set) var seconds = 0.0
  private var sent = 0

  init(
    client: BrokerClient, exchange: String, replyTo: String?, ratePerSecond: Int?, total: Int?
  ) {
    self.client = client
    self.exchange = exchange
    self.replyTo = replyTo
    self.ratePerSecond = ratePerSecond
    progress = ProgressBar("publishing", total: total)
  }

  /// Adds one event. One that cannot be read goes as it is: the service says what is wrong.
  mutating func add(_ event: [UInt8]) async throws {
    var routingKey = "unknown"
    var messageID: String?
    try? parser.withDocument(event) { root in
      if let type = root["type"]?.asString, isEventType(type.bytes) { routingKey = type.string }
      if let id = root["id"]?.asString, isEventID(id.bytes) { messageID = id.string }
    }
    try await add(event, "application/json", routingKey, messageID)
  }

  /// Adds one message as it is: no message id, so that it says nothing that the body does not.
  mutating func addRaw(_ body: [UInt8], contentType: String) async throws {
    try await add(body, contentType, "raw", nil)
  }

  private mutating func add(
    _ body: [UInt8], _ contentType: String, _ routingKey: String, _ messageID: String?
  ) async throws {
    var message = ClientMessage(exchange: exchange, routingKey: routingKey, body: body)
    message.contentType = contentType
    message.messageID = messageID
    message.replyTo = replyTo
    // A return is told by the message id; without one the alternate exchange keeps the message.
    message.isMandatory = messageID != nil
    message.timestampSeconds = Terminal.unixSeconds
    batch.append(message)
    if batch.count >= batchSize { try await flush() }
  }

  /// Small enough that a slow rate is even, large enough that a fast one is fast.
  private var batchSize: Int { ratePerSecond.map { min(1_000, max(1, $0 / 50)) } ?? 1_000 }

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
    let outcomes = try await client.publish(batch)
    sent += batch.count
    for (outcome, message) in zip(outcomes, batch) {
      switch outcome {
      case .confirmed: confirmed += 1
      case .refused:
        throw CommandFailure("the broker refused a message (nack)", .unavailable)
      case .returned(let code, let text):
        throw CommandFailure(
          """
          no queue takes messages of \(message.exchange) (\(code) \(text)): start \
          `meddela serve`, or run `meddela topology apply`
          """, .unavailable)
      }
    }
    batch.removeAll(keepingCapacity: true)
    progress.update(confirmed)
  }
}
