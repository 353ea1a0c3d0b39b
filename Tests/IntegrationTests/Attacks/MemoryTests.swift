import AMQP
import Foundation
import Testing

@Suite(
  "Memory beside large messages",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .enabled(if: LongTests.areWanted, Comment(rawValue: LongTests.reason)),
  .timeLimit(.minutes(15)))
struct MemoryTests {
  static let arrays = 60
  static let eventsOfOne = 12
  static let boundMiB = 512

  /// 12 MiB: as many events of a mebibyte as there may be.
  private func array(_ number: Int, _ prefix: String) -> ClientMessage {
    let padding = String(repeating: "x", count: 1_047_000)
    let events = (0..<Self.eventsOfOne).map {
      TestEvents.body("m-\(number)-\($0)", more: #","padding":"\#(padding)""#)
    }
    return TestEvents.message(
      "m-\(number)", lane: number % 2 == 0 ? "realtime" : "batch", prefix: prefix,
      body: "[" + events.joined(separator: ",") + "]")
  }

  @Test
  func `Arrays of 12 MiB that wait for a blocked broker are held within the bound`() async throws {
    let broker = try OwnBroker("--memory", "8192")
    let service = try ServiceProcess(brokerURL: broker.url)
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let client = try await TestBroker.client(broker.url)
    for number in 0..<Self.arrays {
      #expect(try await client.publish([array(number, service.prefix)]) == [.confirmed])
    }
    try broker.setAlarm(true)
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming()
    var taken = -1.0
    var unchangedSince = Date()
    try await eventually("nothing more is taken in", seconds: 120) {
      let now = await service.metric("meddela_messages_total") ?? 0
      if now != taken { unchangedSince = Date() }
      taken = now
      return taken > 0 && Date().timeIntervalSince(unchangedSince) > 10
    }
    print("\(taken) arrays taken, \(service.peakMiB) MiB at most")
    #expect(service.peakMiB <= Self.boundMiB)
    try broker.control.run("set_vm_memory_high_watermark", "absolute", "8192MB")
    let all = Self.arrays * Self.eventsOfOne
    try await eventually("all \(all) events are delivered", seconds: 300) {
      try await client.depth(of: "\(service.prefix).deliveries.email").messages >= all
    }
    print("\(service.peakMiB) MiB at most in the whole life")
    #expect(service.peakMiB <= Self.boundMiB)
    #expect(try await service.stop() == 0)
    await client.close()
  }
}
