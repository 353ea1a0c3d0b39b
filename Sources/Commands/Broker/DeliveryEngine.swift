internal import AMQP
internal import JSON
internal import Messages
internal import Node

/// Where deliveries go.
enum DeliverySink: Sendable {
  case simulate(ignored: Double, failed: Double)
  case maildir(Maildir)
}

/// One queue of deliveries, and what comes from it.
struct DeliveryQueue: Sendable {
  /// How many deliveries may be unanswered.
  static let prefetch = 200

  let name: String
  let messages: ConsumedMessages

  init(_ channel: String, _ broker: CommandBroker) {
    name = broker.topology.deliveriesQueue(channel)
    let notices = ConsumerNotices(name)
    messages = broker.client.consume(
      Consumer(queue: name, prefetch: UInt16(Self.prefetch)), notice: notices.take)
  }
}

/// Takes deliveries, sends them to the sink, and answers with a delivery log each. A delivery is
/// acknowledged when the broker has confirmed its log: a stop in between sends it again. Nothing
/// else is acknowledged or rejected: it stays in its queue.
actor DeliveryEngine {
  private let broker: CommandBroker
  private let sink: DeliverySink
  private let latencyMilliseconds: Int
  private let limit: Int?
  private let isJSON: Bool
  private let parser = JSONParser()
  /// Deliveries that are taken on: answered, or about to be.
  private var claimed = 0
  private var handled = 0
  /// What is no delivery and is held, by queue.
  private var foreign: [String: Int] = [:]
  private var progress = ProgressBar("delivering", total: nil)

  init(
    broker: CommandBroker, sink: DeliverySink, latencyMilliseconds: Int, limit: Int?, isJSON: Bool
  ) {
    self.broker = broker
    self.sink = sink
    self.latencyMilliseconds = latencyMilliseconds
    self.limit = limit
    self.isJSON = isJSON
  }

  /// Works on all queues until the limit is reached or the task is cancelled.
  nonisolated func run(_ queues: [DeliveryQueue]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for queue in queues {
        tasks.addTask { try await self.run(queue) }
      }
      // Only a limit ends a queue by itself, and it is one for all of them.
      try await tasks.next()
      tasks.cancelAll()
    }
  }

  private func run(_ queue: DeliveryQueue) async throws {
    try await broker.wait(
      for: .queue(queue.name), atMost: nil,
      hint: "no template names the channel, or \(CommandBroker.notYet)")
    for try await batch in queue.messages {
      try await handle(batch, queue)
      if isDone { return }
    }
  }

  private var isDone: Bool { limit.map { handled >= $0 } ?? false }

  func finish() {
    progress.finish(handled)
    if !Terminal.errorIsTerminal { writeError("delivered \(handled)\n") }
  }

  private func handle(_ batch: [IncomingMessage], _ queue: DeliveryQueue) async throws {
    if latencyMilliseconds > 0 { try await Task.sleep(for: .milliseconds(latencyMilliseconds)) }
    var logs: [ClientMessage] = []
    var answered: [IncomingMessage] = []
    for message in batch {
      // Beyond the limit they go back to the queue when it is closed.
      if let limit, claimed >= limit { break }
      guard let log = log(of: message) else {
        try holdForeign(message, queue)
        continue
      }
      claimed += 1
      logs.append(log)
      answered.append(message)
    }
    let outcomes = try await broker.publish(logs)
    guard outcomes.allSatisfy({ $0 == .confirmed }) else {
      throw CommandFailure(
        "delivery logs reach no queue: is the service's topology still there?", .unavailable)
    }
    queue.messages.settle(answered)
    handled += answered.count
    progress.update(handled)
  }

  /// A message that is no delivery is held, so that it is not met again, and goes back to its
  /// queue in the end.
  private func holdForeign(_ message: IncomingMessage, _ queue: DeliveryQueue) throws {
    let count = foreign[queue.name, default: 0] + 1
    foreign[queue.name] = count
    let name = message.text(message.properties.messageID) ?? "without id"
    warn("the message \(name) is no delivery: it stays in the queue \(queue.name)")
    guard count >= DeliveryQueue.prefetch else { return }
    throw CommandFailure(
      """
      the queue \(queue.name) holds \(count) messages that are no deliveries, and no more can be \
      held: take them out of it
      """, .data)
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
    var log = ClientMessage(
      exchange: broker.topology.deliveryLogs, routingKey: replyTo, body: writer.array())
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
