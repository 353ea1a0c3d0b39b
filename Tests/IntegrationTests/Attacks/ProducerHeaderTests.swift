import AMQP
import Foundation
import Testing

@Suite(
  "A producer's own x-delivery-count header",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ProducerHeaderTests {
  @Test func `It makes no message a suspect: only what the broker says of a redelivery counts`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    var headers = HeaderWriter()
    headers.append("x-delivery-count", Int64(9))
    let republished = (0..<1_000).map { number in
      var message = TestEvents.message(
        "again-\(number)", lane: number % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
      message.headers = headers.bytes
      return message
    }
    _ = try await calm.client.publish(republished)
    try await eventually("they are delivered") {
      let arrivals = await calm.engine.arrivals
      return republished.allSatisfy { arrivals["\($0.messageID ?? "").00.1"] != nil }
    }
    #expect(await service.metric("meddela_isolated_total") == 0)
    #expect(!service.log.contains("Not consuming for a while"))
    try await calm.ends()
    #expect(try await service.stop() == 0)
    await calm.close()
  }
}
