import AMQP
import Foundation
import Testing

@Suite(
  "Parked copies that do not get through",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct FullParkedQueueTests {
  /// Of each lane: more than its prefetch.
  static let malformed = 1_100

  private func malformed(_ service: ServiceProcess) -> [ClientMessage] {
    ["realtime", "batch"].flatMap { lane in
      (0..<Self.malformed).map {
        TestEvents.malformed("\(lane)-\($0)", lane: lane, prefix: service.prefix)
      }
    }
  }

  @Test func `A full parked queue stops no lane, and takes every copy when it is open again`()
    async throws
  {
    let control = TestBroker.control
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let parked = "\(service.prefix).parked"
    try control.limit(parked, to: 10)
    defer { try? control.clearLimit(parked) }
    try service.start()
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    let bad = malformed(service)
    _ = try await calm.client.publish(bad)
    try await calm.allLanesGoOn(seconds: 90)
    try await calm.goesOn()
    try await calm.ends()
    try await control.waitUntilSettled(service, seconds: 90)
    // They survive a stop and a crash: nothing but the service has them.
    #expect(try await service.stop() == 0)
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    service.kill()
    try service.start()
    try await service.waitUntilConsuming(starts: 3)
    try control.clearLimit(parked)
    let collector = Collector(calm.client, queue: parked)
    let collecting = Task { try await collector.run() }
    let expected = Set(bad.compactMap(\.messageID))
    try await eventually("every copy is in the parked queue") {
      await collector.ids.count >= expected.count
    }
    collecting.cancel()
    #expect(await collector.ids == expected)
    for message in await collector.messages {
      #expect(message.reason == "not-json" && message.body == "no JSON: \(message.id)")
    }
    #expect(try await service.stop() == 0)
    await calm.close()
  }

  @Test
  func `The copies that wait are listed with those that are parked, while it runs and while not`()
    async throws
  {
    let control = TestBroker.control
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let parked = "\(service.prefix).parked"
    try control.limit(parked, to: 3)
    defer { try? control.clearLimit(parked) }
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    let client = try await TestBroker.client(service.brokerURL)
    let bad = (0..<40).map {
      TestEvents.malformed(
        "w-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
    }
    _ = try await client.publish(bad)
    try await control.waitUntilSettled(service)
    let counted = try #require(await service.metric("meddela_parked_waiting"))
    let lines = try service.parkedLines()
    let waiting = lines.filter(\.isWaiting)
    #expect(counted > 0 && waiting.count == Int(counted))
    #expect(waiting.allSatisfy { $0.reason == "not-json" && $0.bytes == "no JSON: \($0.id)".count })
    #expect(Set(lines.map(\.id)) == Set(bad.compactMap(\.messageID)))
    let (code, text, _) = try service.run(["parked", "list"])
    #expect(code == 0 && text.contains("\(waiting.count) parked copies wait"), "\(text)")
    #expect(try service.parkedLines(["--no-waiting"]).allSatisfy { !$0.isWaiting })
    let batch = try service.parkedLines(["--lane", "batch"]).filter(\.isWaiting)
    #expect(!batch.isEmpty && batch.count < waiting.count)
    #expect(try await service.stop() == 0)
    #expect(try service.parkedLines().filter(\.isWaiting).map(\.id) == waiting.map(\.id))
    try control.clearLimit(parked)
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    try await eventually("none waits") { try !service.parkedLines().contains(where: \.isWaiting) }
    #expect(Set(try service.parkedLines().map(\.id)) == Set(bad.compactMap(\.messageID)))
    #expect(try await service.stop() == 0)
    await client.close()
  }

  @Test
  func `Copies whose headers do not fit the broker's frames are parked with fewer`() async throws {
    let broker = try OwnBroker(settings: ["frame_max = 65536"])
    let service = try ServiceProcess(brokerURL: broker.url)
    try service.start()
    try await service.waitUntilConsuming()
    let calm = try await CalmTraffic(service)
    try await calm.goesOn(5)
    var headers = HeaderWriter()
    headers.append("first", String(repeating: "a", count: 100))
    headers.append("large", String(repeating: "b", count: 65_150))
    headers.append("last", "z")
    let bad = ["realtime", "batch"].flatMap { lane in
      (0..<5).map { number in
        var message = TestEvents.malformed(
          "\(lane)-\(number)", lane: lane, prefix: service.prefix)
        message.headers = headers.bytes
        return message
      }
    }
    _ = try await calm.client.publish(bad)
    let collector = Collector(calm.client, queue: "\(service.prefix).parked")
    let collecting = Task { try await collector.run() }
    let expected = Set(bad.compactMap(\.messageID))
    try await eventually("they are parked", seconds: 60) { await collector.ids == expected }
    collecting.cancel()
    #expect(await collector.messages.allSatisfy { $0.reason == "not-json" })
    #expect(await collector.messages.allSatisfy { $0.headersCut == 1 }, "the large one")
    try await calm.allLanesGoOn()
    try await calm.ends()
    try await broker.control.waitUntilSettled(service)
    #expect(try await service.stop() == 0)
    await calm.close()
  }
}
