import AMQP
import Foundation
import Testing

/// A producer that does nothing wrong, beside whatever a test does to the service: ten real-time
/// events and a batch event a second, and a delivery engine that answers them on the email channel.
final class CalmTraffic {
  let client: BrokerClient
  let engine: TestEngine
  let producer: CalmProducer
  private let service: ServiceProcess
  private let delivering: Task<Void, any Error>
  private let publishing: Task<Void, any Error>

  /// Begins at once. The queue of email deliveries exists.
  init(_ service: ServiceProcess) async throws {
    self.service = service
    client = try await TestBroker.client(service.brokerURL)
    engine = TestEngine(client, prefix: service.prefix)
    producer = CalmProducer(
      try await TestBroker.client(service.brokerURL), prefix: service.prefix)
    delivering = Task { [engine] in try await engine.run(channel: "email") }
    publishing = Task { [producer] in try await producer.run() }
  }

  deinit {
    publishing.cancel()
    delivering.cancel()
  }

  /// Waits until so many real-time events that are published from now on are delivered.
  func goesOn(_ count: Int = 20, seconds: Double = 60) async throws {
    let from = await producer.next
    try await eventually("\(count) calm real-time events more are delivered", seconds: seconds) {
      let arrivals = await engine.arrivals
      let later = await producer.realtime.filter { $0.number >= from }
      return later.filter { arrivals["\($0.id).00.1"] != nil }.count >= count
    }
  }

  /// Waits until an event of each lane that is published from now on is answered, so that each
  /// of the three queues is consumed.
  func allLanesGoOn(seconds: Double = 60) async throws {
    let from = await producer.next
    for isRealtime in [true, false] {
      try await eventually("an event of each lane is sent", seconds: seconds) {
        let later = await isRealtime ? producer.realtime : producer.batch
        guard let id = later.first(where: { $0.number >= from })?.id else { return false }
        return try service.run(["events", "show", id, "--json"]).1.contains(#""sent""#)
      }
    }
  }

  /// Publishes no more, waits until every event is delivered, and expects none of the real-time
  /// ones to have waited longer than the bound, from the broker's confirm on.
  func ends(within bound: Double = 15) async throws {
    publishing.cancel()
    try await publishing.value
    let all = await producer.realtime + producer.batch
    try await eventually("all \(all.count) calm events are delivered") {
      let arrivals = await engine.arrivals
      return all.allSatisfy { arrivals["\($0.id).00.1"] != nil }
    }
    let arrivals = await engine.arrivals
    let delays = await producer.realtime.map { event in
      arrivals["\(event.id).00.1"]?.timeIntervalSince(event.confirmedAt) ?? .infinity
    }
    let worst = delays.max() ?? .infinity
    print("calm: \(delays.count) real-time events, the slowest after \(worst) s")
    #expect(worst <= bound, "a calm real-time event waited \(worst) s")
  }

  /// The engine takes no more.
  func close() async {
    publishing.cancel()
    delivering.cancel()
    await producer.client.close()
    await client.close()
  }
}

/// Publishes one event after the other, in calm.
actor CalmProducer {
  struct Event {
    var id: String
    var number: Int
    var confirmedAt: Date
  }

  /// The number of the next event.
  private(set) var next = 0
  private(set) var realtime: [Event] = []
  private(set) var batch: [Event] = []
  nonisolated let client: BrokerClient
  private let prefix: String

  init(_ client: BrokerClient, prefix: String) {
    self.client = client
    self.prefix = prefix
  }

  /// Until the task is cancelled.
  func run() async throws {
    while !Task.isCancelled {
      if next % 10 == 0, let event = try await publish("batch") { batch.append(event) }
      if let event = try await publish("realtime") { realtime.append(event) }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private func publish(_ lane: String) async throws -> Event? {
    let number = next
    next += 1
    let id = "calm-\(number)"
    let outcomes = try await client.publish([
      TestEvents.message(id, lane: lane, prefix: prefix)
    ])
    guard outcomes == [.confirmed] else { return nil }
    return Event(id: id, number: number, confirmedAt: Date())
  }
}
