import AMQP
import Foundation
import JSON
import Testing

@Suite(
  "Parked messages are looked at, replayed and thrown away",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ParkedTests {
  /// A message in the parked queue as the service leaves one there.
  static func parked(
    _ number: Int, _ service: ServiceProcess, reason: String = "bad-address",
    lane: String = "realtime", body: String? = nil
  ) -> ClientMessage {
    var message = ClientMessage(
      exchange: "\(service.prefix).parked", routingKey: reason,
      body: Array((body ?? TestEvents.body("p-\(number)")).utf8))
    message.contentType = "application/json"
    message.messageID = "p-\(number)"
    message.correlationID = "c-\(number)"
    message.isMandatory = true
    var headers = HeaderWriter()
    headers.append("x-meddela-reason", reason)
    headers.append("x-meddela-detail", "$.email at byte 3: expected one address")
    headers.append("x-meddela-lane", lane)
    headers.append("x-meddela-exchange", "\(service.prefix).\(lane)")
    headers.append("x-meddela-routing-key", "order_confirmation")
    headers.append(
      "x-meddela-first-seen", String(format: "2026-11-23T10:%02d:00.000Z", number % 60))
    headers.append("tenant", "north")
    headers.append("attempts", Int64(number))
    message.headers = headers.bytes
    return message
  }

  private static func service() throws -> ServiceProcess {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let (code, out, err) = try service.run(["topology", "apply"])
    #expect(code == 0, "\(out)\(err)")
    return service
  }

  private static func list(
    _ service: ServiceProcess, _ arguments: [String] = []
  ) throws -> [String] {
    let (code, out, err) = try service.run(["parked", "list", "--json"] + arguments)
    #expect(code == 0, "\(err)")
    return out.split(separator: "\n").compactMap { line in
      let parser = JSONParser()
      return try? parser.withDocument(Array(line.utf8)) { $0["messageId"]?.asString?.string } ?? ""
    }
  }

  @Test func `Looking changes neither what is parked nor its order, however often`() async throws {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(
      (0..<300).map { Self.parked($0, service, reason: $0 % 3 == 0 ? "bad-id" : "not-json") })
    let expected = (0..<300).map { "p-\($0)" }
    for _ in 0..<3 { #expect(try Self.list(service) == expected) }
    #expect(try Self.list(service, ["--limit", "7"]) == Array(expected.prefix(7)))
    let thirds = expected.indices.filter { $0 % 3 == 0 }.map { expected[$0] }
    #expect(try Self.list(service, ["--reason", "bad-id"]) == thirds)
    #expect(try Self.list(service, ["--id", "p-17"]) == ["p-17"])
    #expect(try Self.list(service, ["--lane", "batch"]).isEmpty)
    #expect(try Self.list(service, ["--type", "order_confirmation"]) == expected)
    #expect(try Self.list(service, ["--type", "other"]).isEmpty)
    let window = ["--since", "2026-11-23T10:05:00Z", "--until", "2026-11-23T11:07:00+01:00"]
    let inside = expected.indices.filter { (5..<7).contains($0 % 60) }.map { expected[$0] }
    #expect(try Self.list(service, window) == inside)
    let (code, text, _) = try service.run(["parked", "show", "p-17"])
    #expect(code == 0)
    for part in ["order_confirmation", "tenant", "north", "elsa@example.se"] {
      #expect(text.contains(part), "\(text)")
    }
    #expect(try service.run(["parked", "show", "nobody"]).0 == 66)
    #expect(try Self.list(service) == expected)
    await client.close()
  }

  @Test
  func `A replayed message is the one that was parked, where it was published first`() async throws
  {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish((0..<6).map { Self.parked($0, service) })
    _ = try await client.publish([Self.parked(6, service, lane: "batch")])
    #expect(try service.run(["parked", "replay"]).0 == 64)
    let (dry, text, _) = try service.run(["parked", "replay", "--lane", "batch", "--dry-run"])
    #expect(dry == 0 && text.contains("p-6") && text.contains("nothing was changed"), "\(text)")
    #expect(try Self.list(service).count == 7)
    let (code, out, err) = try service.run(
      ["parked", "replay", "--lane", "realtime", "--limit", "4", "--rate", "50", "--json"])
    #expect(code == 0 && out.contains(#""replayed":4"#), "\(out)\(err)")
    #expect(try Self.list(service) == ["p-4", "p-5", "p-6"])
    #expect(try await client.depth(of: "\(service.prefix).batch.00").messages == 0)
    let stream = client.consume(Consumer(queue: "\(service.prefix).realtime.00", prefetch: 10))
    var seen: [IncomingMessage] = []
    for try await batch in stream {
      seen += batch
      if seen.count >= 4 { break }
    }
    await stream.close()
    for (number, message) in seen.enumerated() {
      #expect(message.text(message.properties.messageID) == "p-\(number)")
      #expect(message.text(message.properties.correlationID) == "c-\(number)")
      #expect(message.text(message.properties.contentType) == "application/json")
      #expect(message.text(message.routingKey) == "order_confirmation")
      #expect(message.text(message.exchange) == "\(service.prefix).realtime")
      #expect(message.withBody { Array($0) } == Array(TestEvents.body("p-\(number)").utf8))
      var names: [String] = []
      message.storage.withUnsafeBytes { bytes in
        HeaderTable(entries: bytes.slice(message.properties.headers)).forEach { name, _, _ in
          names.append(String(decoding: name, as: UTF8.self))
        }
      }
      #expect(names.filter { $0.hasPrefix("x-meddela") }.isEmpty)
      #expect(names.contains("tenant") && names.contains("attempts"))
    }
    await client.close()
  }

  @Test func `What is taken from behind one that stays is gone at once`() async throws {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    for round in 0..<5 {
      _ = try await client.publish(
        (0..<3).map { Self.parked($0, service, reason: $0 == 1 ? "not-json" : "bad-id") })
      let verb = round % 2 == 0 ? "discard" : "replay"
      let (code, out, err) = try service.run(["parked", verb, "--reason", "not-json"])
      #expect(code == 0, "\(out)\(err)")
      #expect(try Self.list(service) == ["p-0", "p-2"])
      #expect(try service.run(["parked", "discard", "--all"]).0 == 0)
    }
    await client.close()
  }

  @Test func `What nobody takes stays parked`() async throws {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish([Self.parked(0, service)])
    try await client.perform([
      .deleteQueue(name: "\(service.prefix).realtime.00"),
      .deleteQueue(name: "\(service.prefix).unrouted"),
    ])
    let (code, _, text) = try service.run(["parked", "replay", "--all"])
    #expect(code == 69 && text.contains("stays parked"), "\(text)")
    #expect(try Self.list(service) == ["p-0"])
    await client.close()
  }

  @Test func `Throwing away wants a filter or --all, and takes only what it says`() async throws {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    _ = try await client.publish(
      (0..<10).map { Self.parked($0, service, reason: $0 < 4 ? "bad-id" : "not-json") })
    let (refused, _, why) = try service.run(["parked", "discard"])
    #expect(refused == 64 && why.contains("--all"))
    #expect(try service.run(["parked", "discard", "--all", "--reason", "x"]).0 == 64)
    #expect(try service.run(["parked", "discard", "--reason", "bad-id", "--dry-run"]).0 == 0)
    #expect(try Self.list(service).count == 10)
    let (code, out, _) = try service.run(["parked", "discard", "--reason", "bad-id"])
    #expect(code == 0 && out.contains("discarded 4 of 10"), "\(out)")
    #expect(try Self.list(service) == (4..<10).map { "p-\($0)" })
    #expect(try service.run(["parked", "discard", "--all"]).0 == 0)
    #expect(try service.run(["parked", "list"]).1.contains("nothing is parked"))
    await client.close()
  }

  @Test func `What the broker itself parked goes back with the routing key that it came with`()
    async throws
  {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    let prefix = service.prefix
    // A queue whose messages are dead-lettered at once, as a delivery limit would have it.
    try await client.perform([
      .declareQueue(
        name: "\(prefix).short",
        arguments: [
          AMQP.Argument("x-message-ttl", .int64(1)),
          AMQP.Argument("x-dead-letter-exchange", .string("\(prefix).parked")),
          AMQP.Argument("x-dead-letter-routing-key", .string("delivery-limit")),
        ]),
      .bindQueue(queue: "\(prefix).short", exchange: "\(prefix).batch", routingKey: "my.own.type"),
    ])
    var message = TestEvents.message("own-1", lane: "batch", prefix: prefix)
    message.routingKey = "my.own.type"
    _ = try await client.publish([message])
    try await eventually("the message is parked") { try Self.list(service) == ["own-1"] }
    try await client.perform([.deleteQueue(name: "\(prefix).short")])
    let before = try await client.depth(of: "\(prefix).batch.00").messages
    let (code, _, err) = try service.run(["parked", "replay", "--id", "own-1"])
    #expect(code == 0, "\(err)")
    #expect(try await client.depth(of: "\(prefix).batch.00").messages == before + 1)
    let stream = client.consume(Consumer(queue: "\(prefix).batch.00", prefetch: 1))
    for try await batch in stream {
      #expect(batch.allSatisfy { $0.text($0.routingKey) == "my.own.type" })
      break
    }
    await stream.close()
    await client.close()
  }

  @Test
  func `A replayed message without an id that no queue takes stays parked, too`() async throws {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    var messages = (0..<3).map { Self.parked($0, service) }
    messages[1].messageID = nil
    messages[1].isMandatory = false
    _ = try await client.publish(messages)
    // Nothing is behind the exchange, not even the alternate one.
    try await client.perform([
      .deleteQueue(name: "\(service.prefix).realtime.00"),
      .deleteExchange(name: "\(service.prefix).unrouted"),
    ])
    let (code, _, text) = try service.run(["parked", "replay", "--all"])
    #expect(code == 69 && text.contains("stays parked"), "\(text)")
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 3)
    #expect(try service.run(["parked", "discard", "--id", "p-0"]).0 == 0)
    #expect(try service.run(["parked", "replay", "--all", "--limit", "1"]).0 == 69)
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 2)
    #expect(try service.run(["topology", "apply"]).0 == 0)
    let (replayed, out, err) = try service.run(["parked", "replay", "--all"])
    #expect(replayed == 0 && out.contains("replayed 2 of 2"), "\(out)\(err)")
    #expect(try await client.depth(of: "\(service.prefix).realtime.00").messages == 2)
    await client.close()
  }
}
