import AMQP
import Foundation
import Testing

@Suite(
  "A reply_to that the broker cannot take",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ReplyToTests {
  private func event(_ id: String, _ replyTo: String?, _ service: ServiceProcess) -> ClientMessage {
    var message = TestEvents.message(id, lane: "realtime", prefix: service.prefix)
    message.replyTo = replyTo
    return message
  }

  /// Publishes events that ask for receipts there, and sees them delivered, acknowledged and
  /// without receipts, while everybody else is served.
  ///
  /// - Parameter isCounted: whether the broker says that it will not take the receipts.
  /// - Parameter good: a queue whose receipts arrive meanwhile; nil when none can.
  private func attack(
    _ service: ServiceProcess, replyTo: String, isCounted: Bool, good: String?
  ) async throws {
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    let bad = (0..<5).map { event("bad-\($0)", replyTo, service) }
    _ = try await calm.client.publish(bad)
    try await eventually("the events that asked for receipts are delivered", seconds: 60) {
      let arrivals = await calm.engine.arrivals
      return bad.allSatisfy { arrivals["\($0.messageID ?? "").00.1"] != nil }
    }
    try await calm.goesOn()
    if isCounted {
      try await eventually("their receipts are given up", seconds: 60) {
        await service.metric("meddela_receipts_given_up_total") ?? 0 >= 5
      }
    }
    if let good {
      let collector = Collector(calm.client, queue: good)
      let collecting = Task { try await collector.run() }
      _ = try await calm.client.publish((0..<5).map { event("good-\($0)", good, service) })
      try await eventually("other receipts arrive", seconds: 60) {
        await collector.ids.isSuperset(of: (0..<5).map { "good-\($0).receipt" })
      }
      collecting.cancel()
    }
    try await calm.ends()
    try await TestBroker.control.waitUntilSettled(service)
    #expect(try await service.stop() == 0)
    await calm.close()
  }

  @Test
  func `A direct reply-to token of another broker ends nobody's connection but the receipts'`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let client = try await TestBroker.client(service.brokerURL)
    let good = "\(service.prefix)-replies"
    try await client.perform([.declareQueue(name: good)])
    try service.start(servesHTTP: true)
    try await attack(
      service, replyTo: "amq.rabbitmq.reply-to.g1h2AA==.x", isCounted: true, good: good)
    try await client.perform([.deleteQueue(name: good)])
    await client.close()
  }

  @Test
  func `Several of them, each of which ends the connection, do not cost others their receipts`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let client = try await TestBroker.client(service.brokerURL)
    let good = "\(service.prefix)-replies"
    try await client.perform([.declareQueue(name: good)])
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    let collector = Collector(client, queue: good)
    let collecting = Task { try await collector.run() }
    let bad = (0..<8).map { event("bad-\($0)", "amq.rabbitmq.reply-to.g1h2AA==.\($0)", service) }
    _ = try await client.publish(bad + (0..<5).map { event("good-\($0)", good, service) })
    // Each has ten seconds: a pause that doubles from one connection to the next is longer.
    try await eventually("the other receipts arrive", seconds: 60) {
      await collector.ids.isSuperset(of: (0..<5).map { "good-\($0).receipt" })
    }
    collecting.cancel()
    try await eventually("those of the foreign queues are given up", seconds: 60) {
      await service.metric("meddela_receipts_given_up_total") == 8
    }
    #expect(try await service.stop() == 0)
    try await client.perform([.deleteQueue(name: good)])
    await client.close()
  }

  @Test
  func `An account that may not write to the default exchange loses receipts and nothing else`()
    async throws
  {
    let url = try #require(TestBroker.url)
    let control = TestBroker.control
    let service = try ServiceProcess(brokerURL: url)
    let user = "\(service.prefix)-user"
    try control.run("add_user", user, "secret")
    defer { _ = try? control.run("delete_user", user) }
    let own = "^\(service.prefix)\\..*"
    try control.run("set_permissions", user, own, own, own)
    try service.start(
      ["MEDDELA_BROKER_USERNAME": user, "MEDDELA_BROKER_PASSWORD": "secret"], servesHTTP: true)
    try await attack(
      service, replyTo: "\(service.prefix)-replies", isCounted: true, good: nil)
  }

  @Test func `A reply queue that is gone`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let client = try await TestBroker.client(service.brokerURL)
    let good = "\(service.prefix)-replies"
    try await client.perform([.declareQueue(name: good)])
    try service.start(servesHTTP: true)
    try await attack(service, replyTo: "\(service.prefix)-gone", isCounted: false, good: good)
    try await client.perform([.deleteQueue(name: good)])
    await client.close()
  }
}
