import AMQP
import Foundation
import Testing

@Suite(
  "Messages whose receipts can never be published",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct UnpublishableTests {
  /// Two for each length of a message id up to AMQP's longest; `<id>.receipt` is longer than that.
  private func messages(_ prefix: String, replyTo: String) -> [ClientMessage] {
    ["realtime", "batch"].flatMap { lane in
      (248...255).flatMap { length in
        (0..<2).map { number in
          let name = "\(lane)-\(number)-"
          let id = name + String(repeating: "x", count: length - name.utf8.count)
          var message = TestEvents.malformed(id, lane: lane, prefix: prefix)
          message.replyTo = replyTo
          return message
        }
      }
    }
  }

  @Test func `They are parked and acknowledged, and all three queues go on, also over many starts`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    let replies = "\(service.prefix)-replies"
    try await calm.client.perform([.declareQueue(name: replies)])
    let bad = messages(service.prefix, replyTo: replies)
    let outcomes = try await calm.client.publish(bad)
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    let parked = "\(service.prefix).parked"
    try await eventually("they are parked", seconds: 60) {
      try await calm.client.depth(of: parked).messages >= bad.count
    }
    // What is not acknowledged comes again at every start, until it is taken for a poison.
    for round in 1...7 {
      service.kill()
      try service.start()
      try await service.waitUntilConsuming(starts: round + 1)
    }
    try await calm.allLanesGoOn()
    try await calm.ends(within: 60)
    try await TestBroker.control.waitUntilSettled(service)
    #expect(try await service.stop() == 0)
    let collector = Collector(calm.client, queue: parked)
    let collecting = Task { try await collector.run() }
    let expected = Set(bad.compactMap(\.messageID))
    try await eventually("the parked copies are theirs") { await collector.ids == expected }
    collecting.cancel()
    #expect(await collector.messages.allSatisfy { $0.reason == "not-json" })
    try await calm.client.perform([.deleteQueue(name: replies)])
    await calm.close()
  }
}
