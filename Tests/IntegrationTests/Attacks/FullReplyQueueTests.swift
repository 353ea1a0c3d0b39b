import AMQP
import Foundation
import Testing

@Suite(
  "A producer's reply queue that is full",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct FullReplyQueueTests {
  /// More than a lane's prefetch.
  static let events = 1_200

  @Test
  func `It costs receipts and nothing else, and a stop with receipts outstanding ends in time`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    let replies = "\(service.prefix)-replies"
    try await calm.client.perform([
      .declareQueue(
        name: replies,
        arguments: [
          Argument("x-max-length", .int64(1)), Argument("x-overflow", .string("reject-publish")),
        ])
    ])
    let asking = (0..<Self.events).map { number in
      var message = TestEvents.message(
        "asks-\(number)", lane: number % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      message.replyTo = replies
      return message
    }
    // Refused elements want receipts too.
    let refused = (0..<Self.events).map { number in
      var message = TestEvents.malformed(
        "refused-\(number)", lane: number % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      message.replyTo = replies
      return message
    }
    _ = try await calm.client.publish(asking + refused)
    try await eventually("all that asked are delivered", seconds: 90) {
      let arrivals = await calm.engine.arrivals
      return asking.allSatisfy { arrivals["\($0.messageID ?? "").00.1"] != nil }
    }
    try await calm.allLanesGoOn()
    try await calm.goesOn()
    try await eventually("receipts are given up", seconds: 60) {
      await service.metric("meddela_receipts_given_up_total") ?? 0 >= 1_000
    }
    // Some are under way when the service is asked to stop.
    _ = try await calm.client.publish(
      (0..<300).map { number in
        var message = TestEvents.message(
          "late-\(number)", lane: "realtime", prefix: service.prefix)
        message.replyTo = replies
        return message
      })
    try await calm.ends()
    let end = try await service.stopTimed()
    #expect(end.code == 0)
    #expect(end.seconds < 40, "the stop took \(end.seconds) s")
    try await calm.client.perform([.deleteQueue(name: replies)])
    await calm.close()
  }
}
