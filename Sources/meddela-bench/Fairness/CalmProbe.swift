internal import AMQP
internal import Glibc
internal import NIOPosix
internal import Node

/// A calm producer of real-time events, so many a second whatever happens, and the delivery engine
/// that takes their deliveries from a queue of their own. Both have connections that nobody else
/// uses.
///
/// An event counts from the moment at which it was to be published: when the bench itself comes
/// late, that is seen and not forgotten.
///
/// A second one beside it publishes to its own queue, past the service: what it waits for is the
/// broker and the machine.
final class CalmProbe: Sendable {
  /// Which way its messages take.
  enum Path: String {
    case service = "calm"
    case brokerOnly = "bare"

    var queue: String { "bench.\(rawValue)" }
  }

  static let eventType = "calm"
  static let template = BenchTemplate(name: eventType, text: "Hello {{ctx.name}}, all is calm.")

  let ledger = CalmLedger()
  private let bench: Bench
  private let client: BrokerClient
  private let label: String
  private let rate: Int
  private let messages: ConsumedMessages
  private let tasks: [Task<Void, any Error>]

  /// Begins at once.
  init(_ bench: Bench, _ path: Path, label: String, rate: Int) async throws {
    self.bench = bench
    self.label = label
    self.rate = rate
    client = try await bench.connect(path.rawValue)
    messages = client.consume(Consumer(queue: path.queue, prefetch: 1_000))
    let (ledger, messages, client) = (ledger, messages, client)
    let (exchange, routingKey) =
      path == .service ? (bench.topology.realtime, Self.eventType) : ("", path.queue)
    let reader = Task.detached(priority: .high) {
      let iterator = messages.makeAsyncIterator()
      while let batch = try await iterator.next() {
        let now = ContinuousClock.now
        for message in batch {
          if let id = message.text(message.properties.correlationID) { ledger.received(id, now) }
        }
        messages.settle(batch)
      }
    }
    let writer = Task.detached(priority: .high) {
      let start = ContinuousClock.now
      var number = 0
      while !Task.isCancelled {
        let due = start + .seconds(1) * number / rate
        try await ContinuousClock().sleep(until: due)
        let id = "\(path.rawValue)-\(getpid())-\(label)-\(number)"
        number += 1
        var message = ClientMessage(
          exchange: exchange, routingKey: routingKey,
          body: BenchEvent(id: id, type: Self.eventType).body)
        message.messageID = id
        message.correlationID = id
        message.contentType = "application/json"
        ledger.sent(id, due)
        let prepared = message
        // Without waiting for the confirm: the next one is due whatever becomes of this one.
        Task.detached {
          _ = try await client.publish([prepared])
          ledger.confirmed()
        }
      }
    }
    tasks = [reader, writer]
  }

  /// Publishes no more, and waits for what is under way.
  func finish(limitSeconds: Double) async throws -> CalmOutcome {
    tasks[1].cancel()
    _ = await tasks[1].result
    let end = ContinuousClock.now + .seconds(limitSeconds)
    while ledger.waitingCount > 0, ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(10))
    }
    let outcome = ledger.close(at: .now)
    await messages.close()
    _ = await tasks[0].result
    await client.close()
    return outcome
  }

  /// The queue of the calm deliveries, bound to them alone, and the one past the service.
  static func declare(_ bench: Bench) async throws {
    for path in [Path.service, .brokerOnly] {
      try await bench.client.perform([
        .declareQueue(
          name: path.queue, arguments: [AMQP.Argument("x-queue-type", .string("quorum"))]),
        .purgeQueue(name: path.queue),
      ])
    }
    try await bench.client.perform([
      .bindQueue(
        queue: Path.service.queue, exchange: bench.topology.deliveries,
        routingKey: "email.realtime.\(eventType)")
    ])
  }
}
