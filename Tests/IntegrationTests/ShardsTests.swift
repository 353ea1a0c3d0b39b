import AMQP
import Foundation
import Testing

@Suite(
  "Several shards, in one process and in two",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(20)))
struct ShardsTests {
  /// Two processes over one store folder: the shards 0 and 1 of four, and the others.
  private func pair() throws -> [ServiceProcess] {
    let first = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let second = try ServiceProcess(brokerURL: first.brokerURL)
    first.more = ["MEDDELA_SHARDS_COUNT": "4", "MEDDELA_SHARDS_OWN": "0-1"]
    second.more = [
      "MEDDELA_SHARDS_COUNT": "4", "MEDDELA_SHARDS_OWN": "2,3",
      "MEDDELA_TOPOLOGY_PREFIX": first.prefix, "MEDDELA_STORE_PATH": first.storePath,
    ]
    return [first, second]
  }

  /// Events accepted, by shard, counted from the records.
  private func accepted(_ service: ServiceProcess) throws -> [String: Int] {
    let (code, out, err) = try service.run(["events", "reconcile", "--json"])
    #expect(code == 0, "\(out)\(err)")
    var result: [String: Int] = [:]
    for line in out.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let shard = object?["shard"] as? String else { continue }
      result[shard, default: 0] += object?["accepted"] as? Int ?? 0
    }
    return result
  }

  @Test
  func `Whichever process is killed, each event is accepted once, by its shard, and becomes final`()
    async throws
  {
    let services = try pair()
    for service in services {
      try service.start()
      try await service.waitUntilConsuming(starts: 2)
    }
    let client = try await TestBroker.client(services[0].brokerURL)
    let watcher = try await StatusWatcher(client, prefix: services[0].prefix)
    let watching = Task { try await watcher.run() }
    let traffic = try await Traffic(services[0])
    var starts = [2, 2]
    for round in 0..<6 {
      try await traffic.flows()
      let killed = services[round % 2]
      killed.kill()
      try killed.start()
      starts[round % 2] += 2
      try await killed.waitUntilConsuming(starts: starts[round % 2])
    }
    let ids = try await traffic.endLoad()
    try await traffic.settles(ids.count)
    await traffic.close()
    watching.cancel()
    #expect(await watcher.disorder.isEmpty)
    let shards = try accepted(services[0])
    // What was published without a confirm may be there, too.
    #expect(shards.values.reduce(0, +) >= ids.count)
    #expect(shards.keys.sorted() == ["00", "01", "02", "03"])
    #expect(shards.values.allSatisfy { $0 > 0 }, "\(shards)")
    let (_, listed, _) = try services[0].run(["events", "list", "--json"])
    let listedIDs = listed.split(separator: "\n").compactMap { line in
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return object?["eventId"] as? String
    }
    #expect(listedIDs.count == shards.values.reduce(0, +))
    #expect(Set(listedIDs).count == listedIDs.count, "no event is in two shards")
    for service in services { #expect(try await service.stop() == 0) }
    await client.close()
  }

  @Test func `What comes again goes to its shard, also after the broker has started again`()
    async throws
  {
    let broker = try OwnBroker("--plugins", "rabbitmq_consistent_hash_exchange")
    let service = try ServiceProcess(brokerURL: broker.url)
    service.more = ["MEDDELA_SHARDS_COUNT": "3"]
    try service.start(servesHTTP: true)
    try await service.waitUntilConsuming(starts: 3)
    let events = (0..<60).map {
      TestEvents.message(
        "again-\($0)", lane: $0 % 2 == 0 ? "realtime" : "batch", prefix: service.prefix)
    }
    func publish() async throws {
      let client = try await TestBroker.client(service.brokerURL)
      #expect(try await client.publish(events).allSatisfy { $0 == .confirmed })
      await client.close()
    }
    try await publish()
    try await eventually("all are there") {
      await service.metric("meddela_events_accepted_total") == 60
    }
    try broker.restart()
    try await eventually("the service is ready again") {
      await service.get("ready").code == 200
    }
    try await publish()
    try await eventually("all are known") {
      await service.metric("meddela_events_duplicate_total") == 60
    }
    #expect(await service.metric("meddela_events_accepted_total") == 60)
    #expect(try await service.stop() == 0)
  }

  @Test func `Another number of shards, a shard twice, and one that there is not, are refused`()
    async throws
  {
    let services = try pair()
    try services[0].start()
    try await services[0].waitUntilConsuming(starts: 2)
    let other = services[1]
    // Of its own store, and of a new one.
    let (code, _, text) = try services[0].run(["serve"], ["MEDDELA_SHARDS_COUNT": "5"])
    #expect(code == 78 && text.contains("is one of 4; the configuration says 5"), "\(text)")
    let elsewhere = other.folder.appendingPathComponent("elsewhere").path
    let (newCode, _, newText) = try other.run(
      ["serve"], ["MEDDELA_SHARDS_COUNT": "8", "MEDDELA_STORE_PATH": elsewhere])
    #expect(newCode == 78 && newText.contains("\(services[0].prefix).shards"), "\(newText)")
    #expect(newText.contains("than 8 (shards.count)"), "\(newText)")
    // Nothing was made of it: no queue of another shard, no store.
    #expect(!FileManager.default.fileExists(atPath: elsewhere))
    let client = try await TestBroker.client(other.brokerURL)
    await #expect(throws: AMQPError.self) {
      try await client.depth(of: "\(services[0].prefix).realtime.07")
    }
    for (own, expected) in [("1-2", 75), ("4", 78)] as [(String, Int32)] {
      let (code, _, text) = try other.run(
        ["serve"], ["MEDDELA_SHARDS_OWN": own, "MEDDELA_STORE_PATH": elsewhere])
      #expect(code == expected, "\(own): \(text)")
    }
    try await services[0].checkLists(["00": true, "01": true, "02": false, "03": false])
    #expect(try await services[0].stop() == 0)
    await client.close()
  }

  @Test func `A broker without the ring's plugin is named, with the way to enable it`() throws {
    let broker = try OwnBroker()
    let service = try ServiceProcess(brokerURL: broker.url)
    let (code, _, text) = try service.run(["serve"], ["MEDDELA_SHARDS_COUNT": "2"])
    #expect(code == 78)
    #expect(text.contains("rabbitmq-plugins enable rabbitmq_consistent_hash_exchange"), "\(text)")
  }
}

extension ServiceProcess {
  /// Which shards are held, as `shards list` has it.
  fileprivate func checkLists(_ held: [String: Bool]) async throws {
    let (code, out, err) = try run(["shards", "list", "--json"])
    #expect(code == 0, "\(err)")
    var found: [String: Bool] = [:]
    for line in out.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      if let shard = object?["shard"] as? String { found[shard] = object?["held"] as? Bool }
    }
    #expect(found == held)
  }
}
