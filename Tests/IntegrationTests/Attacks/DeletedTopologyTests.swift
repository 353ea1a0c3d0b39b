import AMQP
import Foundation
import Testing

@Suite(
  "Queues, exchanges and bindings that somebody deletes",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct DeletedTopologyTests {
  /// What is deleted together: queues, exchanges, and a queue's bindings, by the names behind the
  /// prefix.
  enum Part: Hashable {
    case queue(String)
    case exchange(String)
    case bindings(of: String, to: String)
  }

  static let cases: [[Part]] = [
    [.queue("delivery-logs.00")], [.queue("realtime.00")], [.queue("batch.00")],
    [.queue("deliveries.email")], [.queue("parked"), .queue("unrouted")],
    [.queue("delivery-logs.00"), .queue("realtime.00")],
    [.queue("delivery-logs.00"), .queue("deliveries.email")],
    [.exchange("deliveries")], [.exchange("delivery-logs")],
    [.exchange("realtime"), .exchange("status")], [.exchange("parked"), .queue("batch.00")],
    [.bindings(of: "delivery-logs.00", to: "delivery-logs")],
    [.bindings(of: "realtime.00", to: "realtime")], [.bindings(of: "parked", to: "parked")],
  ]

  @Test func `Each is back within a minute by itself, and messages take their whole way again`()
    async throws
  {
    let url = try #require(TestBroker.url)
    // At the same time, each with a service of its own: what takes time is waiting.
    let complaints = await withTaskGroup(of: String?.self) { group in
      for parts in Self.cases { group.addTask { await Self.complaint(url, parts) } }
      var complaints: [String] = []
      for await complaint in group { complaints += [complaint].compactMap(\.self) }
      return complaints
    }
    #expect(complaints.isEmpty, "\(complaints.joined(separator: "\n"))")
  }

  /// What went wrong; nil when nothing did.
  private static func complaint(_ url: String, _ parts: [Part]) async -> String? {
    do {
      let service = try ServiceProcess(brokerURL: url)
      try service.start()
      try await service.waitUntilConsuming()
      let client = try await TestBroker.client(url)
      let engine = TestEngine(client, prefix: service.prefix)
      // It ends when the broker returns one of its logs.
      let delivering = Task {
        while !Task.isCancelled { _ = try? await engine.run(channel: "email") }
      }
      defer { delivering.cancel() }
      try await eventually("the engine consumes") {
        try await client.depth(of: "\(service.prefix).deliveries.email").consumers == 1
      }
      try await client.perform(parts.flatMap { operations($0, service.prefix) })
      let begin = Date()
      let publishing = Task { [prefix = service.prefix] in await publish(url, prefix) }
      defer { publishing.cancel() }
      try await eventually("all is back", seconds: 75) {
        try await isBack(parts, client, service)
      }
      print("\(parts): back after \(Int(Date().timeIntervalSince(begin))) s")
      publishing.cancel()
      await publishing.value
      await client.close()
      let code = try await service.stop()
      return code == 0 ? nil : "\(parts): the service ended with \(code)"
    } catch {
      return "\(parts): \(error)"
    }
  }

  private static func operations(_ part: Part, _ prefix: String) -> [TopologyOperation] {
    switch part {
    case .queue(let name): [.deleteQueue(name: "\(prefix).\(name)")]
    case .exchange(let name): [.deleteExchange(name: "\(prefix).\(name)")]
    case .bindings(let queue, let exchange):
      ["#", "\(prefix).\(queue)"].map {
        .unbindQueue(queue: "\(prefix).\(queue)", exchange: "\(prefix).\(exchange)", routingKey: $0)
      }
    }
  }

  /// An event and a malformed message again and again, until the task is cancelled.
  private static func publish(_ url: String, _ prefix: String) async {
    var number = 0
    while !Task.isCancelled {
      number += 1
      let messages = ["realtime", "batch"].flatMap { lane in
        [
          TestEvents.message("\(lane)-\(number)", lane: lane, prefix: prefix),
          TestEvents.malformed("bad-\(lane)-\(number)", lane: lane, prefix: prefix),
        ]
      }
      // What an exchange that is away does to the connection is only this client's.
      if let client = try? await TestBroker.client(url) {
        let sending = Task { _ = try? await client.publish(messages) }
        try? await Task.sleep(for: .milliseconds(500))
        await client.close()
        await sending.value
      }
    }
  }

  /// Whether the parts exist, and both lanes' events, delivery logs and parked copies get through.
  private static func isBack(
    _ parts: [Part], _ client: BrokerClient, _ service: ServiceProcess
  ) async throws -> Bool {
    let prefix = service.prefix
    for part in parts {
      let check: TopologyOperation? =
        switch part {
        case .queue(let name): .assertQueue(name: "\(prefix).\(name)")
        case .exchange(let name): .assertExchange(name: "\(prefix).\(name)")
        case .bindings: nil
        }
      if let check, (try? await client.perform([check])) == nil { return false }
    }
    guard (try? await client.depth(of: "\(prefix).parked").messages) ?? 0 > 0 else { return false }
    let sent = try service.run(["events", "list", "--json", "--status", "sent"]).1
    return sent.contains("realtime-") && sent.contains("batch-")
  }
}
