import AMQP
import Foundation
import Testing

@Suite(
  "Queues, exchanges and bindings that somebody takes away",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct TopologyTests {
  private static let exchanges = [
    "unrouted", "realtime", "batch", "delivery-logs", "deliveries", "status", "parked",
  ]
  private static let queues = [
    "unrouted", "parked", "realtime.00", "batch.00", "delivery-logs.00", "deliveries.email",
    "deliveries.sms",
  ]
  private static let bindings = [
    ("unrouted", "unrouted", ""), ("parked", "parked", "#"), ("realtime.00", "realtime", "#"),
    ("batch.00", "batch", "#"), ("delivery-logs.00", "delivery-logs", "#"),
    ("deliveries.email", "deliveries", "email.#"),
  ]

  /// Deletions that are made together: each name alone, and pairs. Most take the half minute until
  /// the next check, so all of them only on demand.
  private func deletions(_ prefix: String) -> [[TopologyOperation]] {
    let queues = Self.queues.map { TopologyOperation.deleteQueue(name: "\(prefix).\($0)") }
    let exchanges = Self.exchanges.map { TopologyOperation.deleteExchange(name: "\(prefix).\($0)") }
    let bindings = Self.bindings.map { queue, exchange, key in
      TopologyOperation.unbindQueue(
        queue: "\(prefix).\(queue)", exchange: "\(prefix).\(exchange)", routingKey: key)
    }
    let pairs = [
      [queues[4], queues[5]], [queues[2], queues[4]], [exchanges[1], queues[2]],
      [exchanges[3], queues[4]], [queues[1], exchanges[6]], [bindings[2], queues[3]],
    ]
    guard Self.isThorough else {
      return [[queues[4]], pairs[0], pairs[3], pairs[4], [bindings[2]]]
    }
    return (queues + exchanges + bindings).map { [$0] } + pairs
  }

  private static let isThorough =
    ProcessInfo.processInfo.environment["MEDDELA_TEST_THOROUGH"] == "1"

  @Test
  func `Each queue, exchange and binding, deleted alone and in pairs, is back within a minute`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "2"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let names = Set(Self.queues.map { "\(service.prefix).\($0)" })
    for (index, deletion) in deletions(service.prefix).enumerated() {
      for operation in deletion { try await client.perform([operation]) }
      let expected = deletion.map { "\($0)" }.joined(separator: ", ")
      let before = Date()
      try await eventually("back after \(expected)", seconds: 60) {
        try await isWhole(service.prefix, names, client)
      }
      let seconds = Date().timeIntervalSince(before)
      print("\(index): \(seconds.rounded()) s until back: \(expected)")
    }
    #expect(try await service.stop() == 0)
    await client.close()
  }

  /// Whether everything is there and consumed from. A binding shows by a message of ours that the
  /// exchange leads through it.
  private func isWhole(
    _ prefix: String, _ queues: Set<String>, _ client: BrokerClient
  ) async throws -> Bool {
    for queue in queues {
      guard let depth = try? await client.depth(of: queue) else { return false }
      let isInput = queue.hasSuffix(".00")
      if isInput && depth.consumers == 0 { return false }
    }
    for exchange in Self.exchanges {
      guard (try? await client.perform([.assertExchange(name: "\(prefix).\(exchange)")])) != nil
      else { return false }
    }
    for (_, exchange, key) in Self.bindings {
      var probe = ClientMessage(
        exchange: "\(prefix).\(exchange)",
        routingKey: key.replacingOccurrences(of: "#", with: "probe"), body: Array("{}".utf8))
      probe.messageID = "probe-\(UInt64.random(in: 0..<1 << 60))"
      probe.isMandatory = true
      let strays = (try? await client.depth(of: "\(prefix).unrouted"))?.messages ?? 0
      guard (try? await client.publish([probe])) == [.confirmed] else { return false }
      let now = (try? await client.depth(of: "\(prefix).unrouted"))?.messages ?? 0
      if exchange != "unrouted", now > strays { return false }
    }
    return true
  }

  @Test
  func `Where it only checks, what is missing is named in the log and by /ready`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let port = 20_000 + Int.random(in: 0..<1_000)
    try service.start(["MEDDELA_TOPOLOGY_MODE": "assert", "MEDDELA_HTTP_PORT": "\(port)"])
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    try await eventually("it is ready") { try await ready(port).hasPrefix("200") }
    try await client.perform([
      .deleteQueue(name: "\(service.prefix).delivery-logs.00"),
      .deleteExchange(name: "\(service.prefix).parked"),
    ])
    for name in ["queue \(service.prefix).delivery-logs.00", "exchange \(service.prefix).parked"] {
      try await eventually("\(name) is named", seconds: 60) {
        let answer = try await ready(port)
        return answer.hasPrefix("503") && answer.contains("topology: \(name) is missing")
          && service.log.contains("\(name) is missing")
      }
    }
    #expect(try service.run(["topology", "apply"]).0 == 0)
    try await eventually("it is ready again", seconds: 90) {
      try await ready(port).hasPrefix("200")
    }
    // A missing binding shows by what comes into the unrouted queue.
    try await client.perform([
      .unbindQueue(
        queue: "\(service.prefix).realtime.00", exchange: "\(service.prefix).realtime",
        routingKey: "#")
    ])
    _ = try await client.publish([
      TestEvents.message("stray", lane: "realtime", prefix: service.prefix)
    ])
    try await eventually("the unrouted queue is named", seconds: 60) {
      let answer = try await ready(port)
      return answer.hasPrefix("503") && answer.contains("unrouted: messages come in")
        && service.log.contains("Messages come into the unrouted queue")
    }
    #expect(try await service.stop() == 0)
    await client.close()
  }

  /// The answer of `/ready`: its status code, then its text.
  private func ready(_ port: Int) async throws -> String {
    let (code, out, _) = try Command.run(
      "/usr/bin/env",
      ["curl", "-s", "-i", "http://127.0.0.1:\(port)/ready"],
      ProcessInfo.processInfo.environment, in: FileManager.default.temporaryDirectory)
    guard code == 0, let line = out.split(separator: "\r\n").first else { return "" }
    let words = line.split(separator: " ")
    return (words.count > 1 ? String(words[1]) : "") + " " + out
  }
}
