import AMQP
import Foundation
import Messages
import Testing

@Suite(
  "A day of scheduled events, compressed",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct ScheduleTests {
  private static func number(_ name: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
  }

  /// A real day is MEDDELA_TEST_SCHEDULED=86400 and MEDDELA_TEST_SCHEDULED_SECONDS=86400.
  private static let count = number("MEDDELA_TEST_SCHEDULED", 2_000)
  private static let seconds = number("MEDDELA_TEST_SCHEDULED_SECONDS", 20)

  @Test
  func `Each is delivered once, not before its time, and a kill makes none late for long`()
    async throws
  {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    try service.start()
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let engine = TestEngine(client, prefix: service.prefix)
    let delivering = Task { try await engine.run(channel: "email") }

    // Not in the order of their times.
    let ahead = 10 + Self.count / 500
    let first = Date().addingTimeInterval(Double(ahead)).timeIntervalSince1970
    func due(_ index: Int) -> Double {
      let place = index &* 7_919 % Self.count
      return first + Double(place * Self.seconds) / Double(Self.count)
    }
    for start in stride(from: 0, to: Self.count, by: 500) {
      let messages = (start..<min(start + 500, Self.count)).map { index -> ClientMessage in
        let time = Timestamp(nanoseconds: Int64(due(index) * 1000) * 1_000_000)
        let body = TestEvents.body("s-\(index)", more: #","scheduled":"\#(time.text)""#)
        return TestEvents.message(
          "s-\(index)", lane: index % 2 == 0 ? "realtime" : "batch", prefix: service.prefix,
          body: body)
      }
      _ = try await client.publish(messages)
    }
    try await eventually("all are acknowledged") {
      let realtime = try await client.depth(of: "\(service.prefix).realtime.00").messages
      let batch = try await client.depth(of: "\(service.prefix).batch.00").messages
      return realtime + batch == 0
    }

    let middle = first + Double(Self.seconds) / 2 - Date().timeIntervalSince1970
    if middle > 0 { try await Task.sleep(for: .seconds(middle)) }
    let killed = Date().timeIntervalSince1970
    service.kill()
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    let back = Date().timeIntervalSince1970
    try await eventually("all are delivered", seconds: Double(ahead + Self.seconds + 300)) {
      await engine.arrivals.count == Self.count
    }

    var late: [Double] = []
    let arrivals = await engine.arrivals
    for index in 0..<Self.count {
      let arrival = try #require(arrivals["s-\(index).00.1"]).timeIntervalSince1970
      let due = due(index)
      #expect(arrival >= due - 0.001, "s-\(index) came \(due - arrival) s too early")
      if due < killed - 5 || due > back { late.append(arrival - due) }
    }
    late.sort()
    print("lateness: median \(late[late.count / 2]) s, worst \(late.last ?? 0) s of \(late.count)")
    // Generous: a loop that came to its sockets too seldom made half of many events 26 s late.
    #expect(late[late.count / 2] < 10)
    #expect(late.last ?? 0 < 60)
    // A kill may come between a delivery's confirm and the record of it.
    let again = await engine.deliveries.count - Self.count
    #expect(again <= 200, "\(again) deliveries came twice")
    delivering.cancel()
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
