import AMQP
import Foundation
import Testing

@Suite(
  "The parked queue beyond what one connection may hold, and a walk that is cut short",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ParkedChannelTests {
  /// With two channels a connection: two that are full, and a third.
  static let count = 9_000

  private static func filled(_ broker: OwnBroker) async throws -> (ServiceProcess, BrokerClient) {
    let service = try ServiceProcess(brokerURL: broker.url)
    let (code, out, err) = try service.run(["topology", "apply"])
    #expect(code == 0, "\(out)\(err)")
    let client = try await TestBroker.client(broker.url)
    let messages = (0..<count).map {
      ParkedTests.parked($0, service, reason: $0 % 50 == 7 ? "bad-id" : "not-json")
    }
    let outcomes = try await client.publish(messages)
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    return (service, client)
  }

  /// How many have been opened so far, by the broker's own count: its log lags behind.
  private static func connections(_ broker: OwnBroker) throws -> Int {
    let count = "element(2, hd(ets:lookup(connection_churn_metrics, node())))."
    let answer = try broker.control.run("eval", count)
    return try #require(Int(answer.trimmingCharacters(in: .whitespacesAndNewlines)), "\(answer)")
  }

  @Test func `Few channels make several connections, and all is seen in an order that stays`()
    async throws
  {
    let broker = try OwnBroker(settings: ["channel_max = 3"])
    let (service, client) = try await Self.filled(broker)
    var expected = (0..<Self.count).map { "p-\($0)" }
    // Never delivered before: nothing but what is looked at has to be held.
    #expect(try service.parkedLines(["--limit", "3"]).map(\.id) == ["p-0", "p-1", "p-2"])
    #expect(try service.parkedLines(["--limit", "2500"]).count == 2_500)
    let before = try Self.connections(broker)
    #expect(try service.parkedLines().map(\.id) == expected)
    // Besides the one that asks how many there are.
    #expect(try Self.connections(broker) == before + 4)
    // Now all were delivered before, and are held.
    #expect(try service.parkedLines(["--limit", "3"]).map(\.id) == ["p-0", "p-1", "p-2"])
    #expect(try service.parkedLines(["--id", "p-4100", "--limit", "1"]).map(\.id) == ["p-4100"])
    #expect(try service.parkedLines().map(\.id) == expected)
    // Only the newest is of interest.
    let (code, out, err) = try service.run(["parked", "discard", "--id", "p-8999", "--json"])
    #expect(code == 0 && out.contains(#""discarded":1,"looked":9000"#), "\(out)\(err)")
    expected.removeLast()
    #expect(try service.parkedLines().map(\.id) == expected)
    // The same over one connection.
    try broker.control.setting("channel_max", 2_047)
    let one = try Self.connections(broker)
    #expect(try service.parkedLines().map(\.id) == expected)
    #expect(try Self.connections(broker) == one + 2)
    let (discarded, text, why) = try service.run(["parked", "discard", "--reason", "bad-id"])
    #expect(discarded == 0 && text.contains("discarded 180 of 8999"), "\(text)\(why)")
    expected = expected.indices.filter { $0 % 50 != 7 }.map { expected[$0] }
    #expect(try service.parkedLines().map(\.id) == expected)
    // No room for a second channel.
    try broker.control.setting("channel_max", 2)
    #expect(try service.parkedLines().map(\.id) == expected)
    #expect(try service.run(["parked", "discard", "--all"]).0 == 0)
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 0)
    await client.close()
  }

  @Test func `A walk that loses its connection, or holds for too long, says so and loses nothing`()
    async throws
  {
    let broker = try OwnBroker()
    let (service, client) = try await Self.filled(broker)
    let parked = "\(service.prefix).parked"
    // One in fifty is replayed, slowly; the others are held meanwhile. The first consumer is full
    // after ten seconds, and another one follows.
    let replay = ["parked", "replay", "--reason", "bad-id", "--rate"]
    try broker.setConsumerTimeout(seconds: 12)
    let late = try RunningCommand(service, replay + ["4"])
    #expect(try await late.end(seconds: 120) == 69)
    let why = late.err
    #expect(why.contains("waited too long") && why.contains("raise consumer_timeout"), "\(why)")
    try await Self.expectAll(client, service)
    try broker.setConsumerTimeout(seconds: 1_800)
    let killed = try RunningCommand(service, replay + ["3"])
    try await eventually("two consumers hold messages") {
      #expect(killed.isRunning, "\(killed.err)")
      return try broker.control.run("list_consumers", "queue_name")
        .components(separatedBy: parked).count > 2
    }
    try broker.control.run("close_all_connections", "test")
    #expect(try await killed.end() == 69)
    #expect(killed.err.contains("a connection that reads the queue was lost"), "\(killed.err)")
    try await Self.expectAll(client, service)
    await client.close()
  }

  /// What was replayed may be there twice.
  private static func expectAll(_ client: BrokerClient, _ service: ServiceProcess) async throws {
    try await eventually("all messages are in their queues") {
      let parked = try await client.depth(of: "\(service.prefix).parked").messages
      let replayed = try await client.depth(of: "\(service.prefix).realtime.00").messages
      return parked >= count - 180 && parked + replayed >= count
    }
  }
}
