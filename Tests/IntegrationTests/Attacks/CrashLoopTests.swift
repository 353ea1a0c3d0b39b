import AMQP
import Foundation
import Testing

@Suite(
  "A crash loop",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct CrashLoopTests {
  /// The broker parks a message that it has delivered more often than 20 times.
  static let lives = 23

  @Test
  func `Lives that end right after they began to consume park no healthy message`() async throws {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(service.brokerURL)
    // Arrays take long enough that few are done when a life ends.
    let messages = (0..<1_000).map { number in
      let events = (0..<10).map { TestEvents.body("h-\(number)-\($0)") }
      return TestEvents.message(
        "h-\(number)", lane: number % 2 == 0 ? "realtime" : "batch", prefix: service.prefix,
        body: "[" + events.joined(separator: ",") + "]")
    }
    _ = try await client.publish(messages)
    for life in 0..<Self.lives {
      try service.start()
      // Looked at often: what counts is how soon after consuming the life ends.
      while service.log.components(separatedBy: "Consuming").count <= life + 1 { usleep(1_000) }
      usleep(100_000)
      service.kill()
    }
    try service.start()
    let all = messages.count * 10
    try await eventually("all \(all) events are delivered", seconds: 240) {
      let parked = try await client.depth(of: "\(service.prefix).parked").messages
      guard parked == 0 else { throw Timeout(what: "no healthy message was parked: \(parked)") }
      return try await client.depth(of: "\(service.prefix).deliveries.email").messages >= all
        && service.count("pending-delivery") == all
    }
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 0)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
