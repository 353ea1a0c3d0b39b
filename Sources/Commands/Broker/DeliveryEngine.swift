internal import AMQP
internal import JSON
internal import Messages

/// Where deliveries go.
enum DeliverySink: Sendable {
  case simulate(ignored: Double, failed: Double)
  case maildir(Maildir)
}

/// Takes deliveries, sends them to the sink, and answers with a delivery log each. A delivery is
/// acknowledged when the broker has confirmed its log: a stop in between sends it again.
actor DeliveryEngine {
  private let client: BrokerClient
  private let exchange: String
  private let sink: DeliverySink
  private let latencyMilliseconds: Int
  private let limit: Int?
  private let isJSON: Bool
  private let parser = JSONParser()
  private var handled = 0
  private var progress = ProgressBar("delivering", total: nil)

  init(
    client: BrokerClient, exchange: String, sink: DeliverySink, latencyMilliseconds: Int,
    limit: Int?, isJSON: Bool
  ) {
    self.client = client
    self.exchange = exchange
    self.sink = sink
    self.latencyMilliseconds = latencyMilliseconds
    self.limit = limit
    self.isJSON = isJSON
  }

  /// Works on all streams until the limit is reached or the task is cancelled.
  nonisolated func run(_ streams: [ConsumedMessages]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for stream in streams {
        tasks.addTask { try await self.run(stream) }
      }
      // Only a limit ends a stream by itself, and it is one for all of them.
      try await tasks.next()
      tasks.cancelAll()
    }
  }

  private func run(_ messages: ConsumedMessages) async throws {
    for try await batch in messages {
      try await handle(batch, messages)
      if let limit, handled >= limit { return }
    }
  }

  func finish() {
    progress.finish(handled)
    if !Terminal.errorIsTerminal { writeError("delivered \(handled)\n") }
  }

  private func handle(_ batch: [IncomingMessage], _ messages: ConsumedMessages) async throws {
    if latencyMilliseconds > 0 { try await Task.sleep(for: .milliseconds(latencyMilliseconds)) }
    var logs: [ClientMessage] = []
    var answered: [IncomingMessage] = []
    for message in batch {
      guard let log = log(of: message) else {
        writeError("a message that is no delivery goes to the parked queue\n")
        messages.reject(message, requeue: false)
        continue
      }
      logs.append(log)
      answered.append(message)
    }
    let outcomes = try await client.publish(logs)
    guard outcomes.allSatisfy({ $0 == .confirmed }) else {
      throw CommandFailure(
        "delivery logs reach no queue: is the service's topology still there?", .unavailable)
    }
    messages.settle(answered)
    handled += answered.count
    progress.update(handled)
  }

  /// Sends one delivery; its log, or nil when the message is not one.
  private func log(of message: IncomingMessage) -> ClientMessage? {
    let body = message.withBody { Array($0) }
    guard let replyTo = message.text(message.properties.replyTo) else { return nil }
    let log = try? parser.withDocument(body) { self.log(of: $0, replyTo: replyTo) }
    return log ?? nil
  }

  private func log(of root: JSONValue, replyTo: String) -> ClientMessage? {
    guard let deliveryID = root["deliveryId"]?.asString?.string,
      let eventID = root["eventId"]?.asString?.string
    else { return nil }
    let (outcome, reason) = send(root, deliveryID)
    var writer = ByteWriter(capacity: 256)
    writer.write(#"{"deliveryId":"#)
    writer.writeJSONString(deliveryID)
    writer.write(#","eventId":"#)
    writer.writeJSONString(eventID)
    writer.write(string: #","outcome":"\#(outcome)""#)
    if let reason {
      writer.write(#","reason":{"code":"#)
      writer.writeJSONString(reason.code)
      writer.write(#","text":"#)
      writer.writeJSONString(reason.text)
      writer.write("}")
    }
    writer.write(string: #","occurredAt":"\#(WallClock.now().text)"}"#)
    if isJSON { writer.withBytes { writeLine(String(decoding: $0, as: UTF8.self)) } }
    var log = ClientMessage(exchange: exchange, routingKey: replyTo, body: writer.array())
    log.contentType = "application/json"
    log.messageID = "\(deliveryID).log"
    log.correlationID = eventID
    log.isMandatory = true
    log.timestampSeconds = Terminal.unixSeconds
    return log
  }

  private func send(
    _ delivery: JSONValue, _ deliveryID: String
  ) -> (outcome: String, reason: (code: String, text: String)?) {
    switch sink {
    case .simulate(let ignored, let failed):
      let share = Double(StableHash.of(deliveryID) % 10_000) / 10_000
      if share < ignored { return ("ignored", ("suppressed", "the recipient is suppressed")) }
      if share < ignored + failed { return ("failed", ("hard-bounce", "no such recipient")) }
      return ("sent", nil)
    case .maildir(let maildir):
      do {
        try maildir.write(delivery, deliveryID: deliveryID)
        return ("sent", nil)
      } catch {
        return ("failed", ("not-written", error.message))
      }
    }
  }
}

/// FNV-1a with a finish: the same share for an id on every machine.
enum StableHash {
  static func of(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    return hash ^ (hash >> 33)
  }
}
