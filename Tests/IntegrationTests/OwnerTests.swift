import AMQP
import Foundation
import Simulation
import Testing

@Suite(
  "One owner: two services and one queue set",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(15)))
struct OwnerTests {
  /// A service that runs, and a second one with a folder of its own for the same queues.
  private func pair() async throws -> (first: ServiceProcess, second: ServiceProcess) {
    let first = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let second = try ServiceProcess(brokerURL: first.brokerURL)
    try first.start()
    try await first.waitUntilConsuming()
    return (first, second)
  }

  private func sameQueues(
    _ first: ServiceProcess, _ more: [String: String] = [:]
  ) -> [String: String] {
    ["MEDDELA_TOPOLOGY_PREFIX": first.prefix].merging(more) { _, new in new }
  }

  private func publish(_ ids: [String], _ prefix: String, _ client: BrokerClient) async throws {
    let outcomes = try await client.publish(
      ids.map { TestEvents.message($0, lane: "realtime", prefix: prefix) })
    #expect(outcomes.allSatisfy { $0 == .confirmed })
  }

  /// The record as `shards list --json` has it.
  private func listed(
    _ service: ServiceProcess, _ more: [String: String] = [:]
  ) throws -> [String: Any] {
    let (code, out, err) = try service.run(["shards", "list", "--json"], more)
    #expect(code == 0, "\(err)")
    let object = try JSONSerialization.jsonObject(with: Data(out.utf8))
    return try #require(object as? [String: Any])
  }

  @Test
  func `A second service with another store is refused within seconds, and the first goes on`()
    async throws
  {
    let (first, second) = try await pair()
    let began = Date()
    let (code, _, text) = try second.run(["serve"], sameQueues(first))
    #expect(code == 75)
    #expect(Date().timeIntervalSince(began) < 15)
    let owner = try listed(first)
    #expect(owner["held"] as? Bool == true)
    #expect(owner["ours"] as? Bool == true)
    let identity = try #require(owner["identity"] as? String)
    for part in ["store \(identity)", "shards.standby", "shard 00", first.prefix] {
      #expect(text.contains(part), "\(part): \(text)")
    }
    // It has not even made a store.
    #expect(!FileManager.default.fileExists(atPath: second.storePath))
    let client = try await TestBroker.client(first.brokerURL)
    try await publish(["after-1"], first.prefix, client)
    try await eventually("the first goes on") { try first.count("pending-delivery") == 1 }
    #expect(try await first.stop() == 0)
    await client.close()
  }

  @Test func `Another store is refused when the owner is gone, until it is adopted on purpose`()
    async throws
  {
    let (first, second) = try await pair()
    let client = try await TestBroker.client(first.brokerURL)
    try await publish(["a-1", "a-2"], first.prefix, client)
    try await eventually("both are out") { try first.count("pending-delivery") == 2 }
    // Nobody takes the queues from a service that runs.
    let (early, _, why) = try second.run(["shards", "adopt"], sameQueues(first))
    #expect(early == 75, "\(why)")
    #expect(try await first.stop() == 0)

    let (code, _, text) = try second.run(["serve"], sameQueues(first))
    #expect(code == 78)
    #expect(text.contains("meddela shards adopt"), "\(text)")
    let (dry, told, _) = try second.run(["shards", "adopt", "--dry-run"], sameQueues(first))
    #expect(dry == 0)
    #expect(told.contains("accepted again"), "\(told)")
    #expect(try second.run(["serve"], sameQueues(first)).0 == 78)

    let (adopted, means, err) = try second.run(["shards", "adopt"], sameQueues(first))
    #expect(adopted == 0, "\(err)")
    #expect(means.contains("lineage 1") && means.contains("accepted again"), "\(means)")
    try second.start(sameQueues(first))
    try await second.waitUntilConsuming()
    try await publish(["b-1"], first.prefix, client)
    try await eventually("the second works") {
      try second.run(["events", "list", "--json", "--status", "pending-delivery"]).1
        .contains("b-1")
    }
    let owner = try listed(second, sameQueues(first))
    #expect(owner["lineage"] as? Int == 1)
    #expect(owner["ours"] as? Bool == true)
    // And the first has lost them.
    #expect(try first.run(["serve"]).0 == 75)
    #expect(try await second.stop() == 0)
    let (lost, _, whose) = try first.run(["serve"])
    #expect(lost == 78)
    #expect(whose.contains("another store"), "\(whose)")
    let (again, already, _) = try second.run(["shards", "adopt"], sameQueues(first))
    #expect(again == 0)
    #expect(already.contains("already"), "\(already)")
    await client.close()
  }

  @Test
  func `A standby on the same store takes over after kill -9, and nothing is lost`() async throws {
    let (first, second) = try await pair()
    let more = sameQueues(
      first, ["MEDDELA_STORE_PATH": first.storePath, "MEDDELA_SHARDS_STANDBY": "true"])
    try second.start(more, servesHTTP: true)
    try await eventually("the standby says so") {
      let ready = await second.get("ready")
      return ready.code == 503 && ready.text.contains("standby")
        && ready.text.contains("held by")
    }
    #expect(await second.metric("meddela_shard_unowned") == 1)
    let client = try await TestBroker.client(first.brokerURL)
    let engine = TestEngine(client, prefix: first.prefix)
    let answering = Task { try await engine.run(channel: "email") }
    let ids = (0..<400).map { "s-\($0)" }
    for start in stride(from: 0, to: ids.count, by: 20) {
      if start == 200 { first.kill() }
      try await publish(Array(ids[start..<start + 20]), first.prefix, client)
      try await Task.sleep(for: .milliseconds(20))
    }
    try await second.waitUntilConsuming()
    try await eventually("every event is sent") { try first.count("sent") == ids.count }
    try await eventually("it is ready") { await second.get("ready").code == 200 }
    #expect(await second.metric("meddela_shard_unowned") == 0)
    // What both of them have sent has the same ids.
    let sent = Set(await engine.deliveries)
    #expect(sent == Set(ids.map { "\($0).00.1" }))
    answering.cancel()
    #expect(try await second.stop() == 0)
    await client.close()
  }

  @Test func `A standby ends at once when it is told to`() async throws {
    let (first, second) = try await pair()
    try second.start(sameQueues(first, ["MEDDELA_SHARDS_STANDBY": "true"]))
    try await eventually("it waits") { second.log.contains("Standby: waiting for the lease") }
    #expect(try await second.stop() == 0)
    // Nor does it open a store that is not the recorded one.
    try second.start(sameQueues(first, ["MEDDELA_SHARDS_STANDBY": "true"]))
    #expect(try await first.stop() == 0)
    let process = try #require(second.process)
    try await eventually("it is refused") { !process.isRunning }
    #expect(process.terminationStatus == 78)
    #expect(second.log.contains("belong to another store"))
  }

  @Test func `A copy that its owner has gone on without is refused, and told how much is missing`()
    async throws
  {
    let (first, second) = try await pair()
    #expect(try await first.stop() == 0)
    try FileManager.default.copyItem(atPath: first.storePath, toPath: second.storePath)
    let before = try #require(try listed(first)["lsn"] as? Int)
    try first.start()
    try await first.waitUntilConsuming(starts: 2)
    let client = try await TestBroker.client(first.brokerURL)
    try await publish(["c-1", "c-2", "c-3"], first.prefix, client)
    try await eventually("they are out") { try first.count("pending-delivery") == 3 }
    #expect(try await first.stop() == 0)
    let after = try #require(try listed(first)["lsn"] as? Int)
    #expect(after > before)

    let (code, _, text) = try second.run(["serve"], sameQueues(first))
    #expect(code == 78)
    #expect(text.contains("\(after - before) records of the owner are missing"), "\(text)")
    // The owner itself goes on, for as long as nobody adopts the copy.
    try first.start()
    try await first.waitUntilConsuming(starts: 3)
    #expect(try await first.stop() == 0)
    #expect(try second.run(["shards", "adopt"], sameQueues(first)).0 == 0)
    try second.start(sameQueues(first))
    try await second.waitUntilConsuming()
    #expect(try await second.stop() == 0)
    #expect(try first.run(["serve"]).0 == 78)
    await client.close()
  }

  @Test
  func `Subscribers tell what a store restored from an older backup says from what came before`()
    async throws
  {
    let (first, second) = try await pair()
    let client = try await TestBroker.client(first.brokerURL)
    let updates = "\(first.prefix).test.updates"
    try await client.perform([
      .declareQueue(name: updates, arguments: [Argument("x-queue-type", .string("quorum"))]),
      .bindQueue(queue: updates, exchange: "\(first.prefix).status", routingKey: "#"),
    ])
    let backup = first.folder.appendingPathComponent("backup").path
    #expect(try first.run(["store", "backup", backup]).0 == 0)
    try await publish(["r-1"], first.prefix, client)
    try await eventually("it is out") { try first.count("pending-delivery") == 1 }
    #expect(try await first.stop() == 0)

    #expect(try second.run(["store", "restore", backup]).0 == 0)
    let (code, _, text) = try second.run(["serve"], sameQueues(first))
    #expect(code == 78)
    #expect(text.contains("restored from") && text.contains("missing"), "\(text)")
    #expect(try second.run(["shards", "adopt"], sameQueues(first)).0 == 0)
    try second.start(sameQueues(first))
    try await second.waitUntilConsuming()
    // The producer was told of nothing: its id comes again, and its sequences are given again.
    try await publish(["r-1"], first.prefix, client)
    try await eventually("it is out again") {
      try second.run(["events", "list", "--json", "--status", "pending-delivery"]).1
        .contains("\"lineage\":1")
    }
    #expect(try await second.stop() == 0)
    let seen = try await statusUpdates(updates, client)
    #expect(seen.map(\.id) == ["r-1.00.2", "r-1.00.2.1"])
    #expect(seen.map(\.lineage) == [0, 1])
    try await client.perform([.deleteQueue(name: updates)])
    await client.close()
  }

  private func statusUpdates(
    _ queue: String, _ client: BrokerClient
  ) async throws -> [(id: String, lineage: Int)] {
    let browser = client.browse(queue, prefetch: 100)
    let messages = try await browser.next(withinSeconds: 10)
    let found = try messages.map { browsed in
      let message = browsed.message
      SeenMessages.add(message)
      let body = Data(message.withBody { Array($0) })
      let object = try JSONSerialization.jsonObject(with: body) as? [String: Any]
      return (message.text(message.properties.messageID) ?? "", object?["lineage"] as? Int ?? -1)
    }
    await browser.close()
    return found
  }

  @Test
  func `Another prefix or virtual host on an existing store is refused until it is confirmed`()
    async throws
  {
    let (first, second) = try await pair()
    #expect(try await first.stop() == 0)
    let moved = ["MEDDELA_TOPOLOGY_PREFIX": second.prefix]
    let (code, _, text) = try first.run(["serve"], moved)
    #expect(code == 78)
    for part in [first.prefix, second.prefix, "meddela shards adopt"] {
      #expect(text.contains(part), "\(part): \(text)")
    }
    let (vhost, _, why) = try first.run(
      ["serve"], ["MEDDELA_BROKER_URLS": "\(first.brokerURL)/%2fother"])
    #expect(vhost == 78, "\(why)")
    #expect(why.contains("/other"), "\(why)")
    let (adopted, means, err) = try first.run(["shards", "adopt"], moved)
    #expect(adopted == 0, "\(err)")
    #expect(means.contains(first.prefix), "\(means)")
    try first.start(moved)
    try await first.waitUntilConsuming(starts: 2)
    #expect(try await first.stop() == 0)
    #expect(try first.run(["serve"]).0 == 78)
  }
}
