import AMQP
import Execution
import Foundation
import Testing

@Suite(
  "A message that kills the process",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .enabled(if: DeliberateBreaks.areBuilt, "only a debug build can be killed by a message"),
  .timeLimit(.minutes(10)))
struct PoisonTests {
  @Test func `It is parked in the end, its neighbours are delivered, and none of them is parked`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(
      (0..<81).map { index in
        let isPoison = index == 40
        return TestEvents.message(
          "p-\(index)", lane: index % 2 == 0 ? "realtime" : "batch", prefix: service.prefix,
          body: TestEvents.body("p-\(index)", type: isPoison ? "test.poison" : "order_confirmation")
        )
      })
    let parked = "\(service.prefix).parked"
    var lives = 0
    try service.start(["TEST_DIES_OF_POISON": "1"])
    try await eventually("the broker parks the poison", seconds: 400) {
      if service.process?.isRunning == false {
        lives += 1
        try service.start(["TEST_DIES_OF_POISON": "1"])
      }
      return try await client.depth(of: parked).messages >= 1
    }
    // The broker counts a delivery for each life; the message is parked behind the limit.
    #expect(lives > 5 && lives <= 25, "\(lives) lives")
    // Its last life may end after that.
    _ = try await client.publish([
      TestEvents.message("p-81", lane: "realtime", prefix: service.prefix)
    ])
    try await eventually("its neighbours are delivered, and what comes behind it") {
      if service.process?.isRunning == false { try service.start(["TEST_DIES_OF_POISON": "1"]) }
      return try await client.depth(of: "\(service.prefix).deliveries.email").messages >= 81
    }
    try await eventually("each of them is in the store as delivered") {
      try service.run(["events", "list", "--json", "--status", "pending-delivery"]).1
        .split(separator: "\n").count == 81
    }
    let (code, list, _) = try service.run(["parked", "list", "--json"])
    #expect(code == 0 && list.contains("p-40") && list.contains("delivery-limit"), "\(list)")
    #expect(list.split(separator: "\n").count == 1, "\(list)")
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
