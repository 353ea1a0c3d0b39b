import AMQP
import Foundation
import Testing

/// What tests of faults have under way: a load of events for a service, and a delivery engine that
/// answers for them.
final class Traffic {
  let client: BrokerClient
  let engine: TestEngine
  let load: Load
  private let service: ServiceProcess
  private let delivering: Task<Void, any Error>
  private let publishing: Task<Void, any Error>

  /// Begins at once. The service consumes.
  init(_ service: ServiceProcess) async throws {
    self.service = service
    client = try await TestBroker.client(service.brokerURL)
    engine = TestEngine(client, prefix: service.prefix)
    load = Load(client, prefix: service.prefix)
    delivering = Task { [engine] in try await engine.run(channel: "email") }
    publishing = Task { [load] in try await load.run() }
  }

  deinit {
    publishing.cancel()
    delivering.cancel()
  }

  /// Waits until a hundred more events are confirmed.
  func flows() async throws {
    let before = await load.confirmed.count
    try await eventually("there is load") { await load.confirmed.count > before + 100 }
  }

  /// Publishes no more, and waits for the answers to what is published: what the broker has
  /// confirmed is all that the service will ever see.
  ///
  /// - Returns: the ids of the events.
  func endLoad() async throws -> [String] {
    publishing.cancel()
    try await publishing.value
    return await load.confirmed
  }

  /// Waits until no event is open, and so many at least are sent.
  func settles(_ count: Int) async throws {
    try await eventually("each of \(count) events is sent", seconds: 300) {
      try service.count("sent") >= count && service.count("pending") == 0
        && service.count("pending-delivery") == 0
    }
  }

  /// The engine takes no more.
  func close() async {
    delivering.cancel()
    await client.close()
  }
}

/// Publishes events of both lanes, one small batch after the other, and remembers those that the
/// broker has confirmed.
actor Load {
  private(set) var confirmed: [String] = []
  private let client: BrokerClient
  private let prefix: String

  init(_ client: BrokerClient, prefix: String) {
    self.client = client
    self.prefix = prefix
  }

  /// Until the task is cancelled; then the broker has answered for all.
  func run() async throws {
    var number = 0
    while !Task.isCancelled {
      let messages = (0..<10).map { index in
        TestEvents.message(
          "load-\(number + index)", lane: index % 2 == 0 ? "realtime" : "batch", prefix: prefix)
      }
      number += messages.count
      let outcomes = try await client.publish(messages)
      for (outcome, message) in zip(outcomes, messages) where outcome == .confirmed {
        confirmed.append(message.messageID ?? "")
      }
      try? await Task.sleep(for: .milliseconds(10))
    }
  }
}
