import AMQP
import Foundation
import JSON
import Testing

/// One line of `parked list --json`.
struct ParkedLine {
  var id: String
  var reason: String
  var bytes: Int
  var isWaiting: Bool

  init?(_ line: Substring) {
    let parsed = try? JSONParser().withDocument(Array(line.utf8)) { object -> ParkedLine? in
      guard let bytes = object["bytes"]?.asInt64, let isWaiting = object["waiting"]?.asBool
      else { return nil }
      return ParkedLine(
        id: object["messageId"]?.asString?.string ?? "",
        reason: object["reason"]?.asString?.string ?? "", bytes: Int(bytes), isWaiting: isWaiting)
    }
    guard let line = parsed ?? nil else { return nil }
    self = line
  }

  private init(id: String, reason: String, bytes: Int, isWaiting: Bool) {
    self.id = id
    self.reason = reason
    self.bytes = bytes
    self.isWaiting = isWaiting
  }
}

extension ServiceProcess {
  func parkedLines(_ arguments: [String] = []) throws -> [ParkedLine] {
    let (code, out, err) = try run(["parked", "list", "--json"] + arguments)
    #expect(code == 0, "\(err)")
    return out.split(separator: "\n").compactMap(ParkedLine.init)
  }
}

@Suite(
  "The parked queue beyond what one consumer may hold",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ManyParkedTests {
  /// Two consumers hold 4,000.
  static let count = 5_000

  private static func service() throws -> ServiceProcess {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    let (code, out, err) = try service.run(["topology", "apply"])
    #expect(code == 0, "\(out)\(err)")
    return service
  }

  @Test func `All of 5,000 messages are seen, in an order that stays, and each can be taken out`()
    async throws
  {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    let messages = (0..<Self.count).map {
      ParkedTests.parked($0, service, reason: $0 % 50 == 7 ? "bad-id" : "not-json")
    }
    let outcomes = try await client.publish(messages)
    #expect(outcomes.allSatisfy { $0 == .confirmed })
    var expected = (0..<Self.count).map { "p-\($0)" }
    for _ in 0..<3 { #expect(try service.parkedLines().map(\.id) == expected) }
    // Only the last one is of interest, and is behind two full consumers.
    let (code, out, err) = try service.run(["parked", "replay", "--id", "p-4999", "--json"])
    #expect(code == 0 && out.contains(#""replayed":1,"looked":5000"#), "\(out)\(err)")
    #expect(try await client.depth(of: "\(service.prefix).realtime.00").messages == 1)
    expected.removeLast()
    #expect(try service.parkedLines().map(\.id) == expected)
    // A walk that ends in the middle, with the newest consumer not full.
    #expect(try service.parkedLines(["--id", "p-4100", "--limit", "1"]).map(\.id) == ["p-4100"])
    #expect(try service.parkedLines().map(\.id) == expected)
    #expect(try service.parkedLines(["--limit", "3"]).map(\.id) == ["p-0", "p-1", "p-2"])
    #expect(try service.parkedLines().map(\.id) == expected)
    let (discarded, text, why) = try service.run(["parked", "discard", "--reason", "bad-id"])
    #expect(discarded == 0 && text.contains("discarded 100 of 4999"), "\(text)\(why)")
    expected.removeAll { $0.dropFirst(2).hasSuffix("07") || $0.dropFirst(2).hasSuffix("57") }
    expected.removeAll { $0 == "p-7" }
    #expect(expected.count == 4_899)
    #expect(try service.parkedLines().map(\.id) == expected)
    #expect(try service.run(["parked", "discard", "--all"]).0 == 0)
    #expect(try await client.depth(of: "\(service.prefix).parked").messages == 0)
    await client.close()
  }

  @Test
  func `A message too large to be shown is listed with its size, and stays until it is discarded`()
    async throws
  {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    let parked = "\(service.prefix).parked"
    let size = 16 << 20 + 10
    var large = ParkedTests.parked(1, service)
    large.body = Array(repeating: UInt8(ascii: "x"), count: size)
    _ = try await client.publish([
      ParkedTests.parked(0, service), large, ParkedTests.parked(2, service),
    ])
    for _ in 0..<2 {
      let lines = try service.parkedLines()
      #expect(lines.map(\.id) == ["p-0", "p-1", "p-2"])
      #expect(lines.map(\.bytes)[1] == size)
      try await eventually("all of them are in the queue again") {
        try await client.depth(of: parked).messages == 3
      }
    }
    let (table, text, _) = try service.run(["parked", "list"])
    #expect(table == 0 && text.contains("\(size)"), "\(text)")
    let (shown, whole, _) = try service.run(["parked", "show", "p-1"])
    #expect(shown == 0 && whole.contains("\(size) bytes") && whole.contains("not shown"))
    for arguments in [
      ["discard", "--reason", "nope"], ["discard", "--all", "--dry-run"],
      ["replay", "--all", "--dry-run"], ["replay", "--id", "p-1", "--dry-run"],
    ] {
      #expect(try service.run(["parked"] + arguments).0 == 0)
      try await eventually("all of them are in the queue again after \(arguments)") {
        try await client.depth(of: parked).messages == 3
      }
    }
    let (replayed, out, why) = try service.run(["parked", "replay", "--all"])
    #expect(replayed == 65 && why.contains("they stay parked"), "\(out)\(why)")
    #expect(try service.parkedLines().map(\.id) == ["p-1"])
    #expect(try await client.depth(of: "\(service.prefix).realtime.00").messages == 2)
    #expect(try service.run(["parked", "discard", "--id", "p-1"]).0 == 0)
    #expect(try await client.depth(of: parked).messages == 0)
    await client.close()
  }

  @Test func `What a stranger wrote moves no cursor`() async throws {
    let service = try Self.service()
    let client = try await TestBroker.client(service.brokerURL)
    var message = ParkedTests.parked(1, service, body: "a\u{1b}[2Jb\nc")
    message.messageID = "id\u{1b}]0;mine\u{7}"
    _ = try await client.publish([message])
    for arguments in [["parked", "list"], ["parked", "show"], ["parked", "show", "--reveal"]] {
      let (code, text, _) = try service.run(arguments)
      #expect(code == 0 && !text.contains("\u{1b}") && text.contains(#"\u{1b}]0;mine"#), "\(text)")
    }
    let (_, shown, _) = try service.run(["parked", "show", "--reveal"])
    #expect(shown.contains("a\\u{1b}[2Jb\nc"), "\(shown)")
    await client.close()
  }
}
