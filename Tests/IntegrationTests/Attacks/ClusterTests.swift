import AMQP
import Foundation
import Testing

@Suite(
  "A cluster of three nodes",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .enabled(if: LongTests.mayStartClusters, "Tests/Scripts/attack-test --cluster runs it"),
  .timeLimit(.minutes(15)))
struct ClusterTests {
  /// A quorum queue's first leader is the node that it is declared on.
  private func declareTextQueue(_ url: String, _ service: ServiceProcess) async throws {
    let client = try await TestBroker.client(url)
    try await client.perform([
      .declareQueue(
        name: "\(service.prefix).deliveries.sms",
        arguments: [
          Argument("x-queue-type", .string("quorum")),
          Argument("x-delivery-limit", .int64(1_000_000)),
          Argument("x-dead-letter-exchange", .string("\(service.prefix).parked")),
          Argument("x-dead-letter-routing-key", .string("delivery-limit")),
        ])
    ])
    await client.close()
  }

  private func leader(_ queue: String, _ broker: OwnBroker) throws -> String {
    let lines = try broker.control.run("list_queues", "name", "leader").split(separator: "\n")
    let line = lines.first { $0.hasPrefix(queue + "\t") }
    return line?.split(separator: "\t").last.map(String.init) ?? ""
  }

  @Test
  func `While the node that leads one delivery queue is frozen, emails of the same lane go on`()
    async throws
  {
    let first = try OwnBroker()
    let others = try (0..<2).map { _ in try OwnBroker("--join", first.folder.path) }
    let service = try ServiceProcess(brokerURL: first.url)
    try await declareTextQueue(others[1].url, service)
    try service.start(["MEDDELA_DELIVERY_RETRY_MAX_SECONDS": "2"])
    try await service.waitUntilConsuming()
    let sms = "\(service.prefix).deliveries.sms"
    let leaders = (try leader(sms, first), try leader("\(service.prefix).realtime.00", first))
    #expect(leaders.0 != leaders.1, "both are led by \(leaders.0)")
    let calm = try await CalmTraffic(service)
    try await calm.goesOn()
    try others[1].pause()
    let begin = Date()
    // More than what a queue may have unconfirmed, in both lanes.
    let texts = (0..<400).map {
      TestEvents.sms("t-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
    }
    _ = try await calm.client.publish(texts)
    try await eventually("a minute and a half of it has passed, and emails go on", seconds: 180) {
      try await calm.goesOn(10)
      return Date().timeIntervalSince(begin) > 90
    }
    try others[1].resume()
    try await eventually("text messages are delivered, each once", seconds: 180) {
      try await calm.client.depth(of: sms).messages >= texts.count
    }
    try await calm.allLanesGoOn()
    try await calm.ends(within: 10)
    #expect(try await service.stop() == 0)
    await calm.close()
  }
}
