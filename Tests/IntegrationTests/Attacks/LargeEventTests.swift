import AMQP
import Foundation
import Testing

@Suite(
  "An event larger than a record of the event log",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct LargeEventTests {
  @Test
  func `Either the limit that would let it in is refused at start, or it is parked`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start(["MEDDELA_EVENTS_MAX_BYTES": "\(16 << 20)"])
    let process = try #require(service.process)
    try await eventually("the service consumes or refuses") {
      !process.isRunning || service.log.contains("Consuming")
    }
    if !process.isRunning {
      #expect(process.terminationStatus == 78)
      #expect(service.log.contains("events.maxBytes"), "\(service.log)")
      return
    }
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    let padding = String(repeating: "x", count: 3 << 20)
    let body = TestEvents.body("large", more: #","padding":"\#(padding)""#)
    _ = try await calm.client.publish([
      TestEvents.message("large", lane: "batch", prefix: service.prefix, body: body)
    ])
    try await eventually("it is parked, and the service lives", seconds: 60) {
      guard process.isRunning else { throw Timeout(what: "the service lives on") }
      return try await calm.client.depth(of: "\(service.prefix).parked").messages == 1
    }
    try await calm.ends()
    #expect(try await service.stop() == 0)
    await calm.close()
  }
}
