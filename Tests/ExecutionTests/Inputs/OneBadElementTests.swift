import JSON
import Messages
import Testing

@testable import Execution

@Suite("One bad element of a batch parks alone")
struct OneBadElementTests {
  static func event(_ id: String, _ more: String = "") -> String {
    #"{"id":"\#(id)","type":"order","email":"elsa@example.se","ctx":{"name":"Elsa"\#(more)}}"#
  }

  private static func nested(_ depth: Int) -> String {
    #","d":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  }

  /// What the parser refuses, in the middle of a batch: the element, the reason, what its path
  /// begins with behind the element's own.
  static let bad: [(String, ReasonCode, String)] = [
    (event("bad", #","n":1e999"#), .numberOutOfRange, ".ctx.n"),
    (event("bad", #","n":18446744073709551616"#), .numberOutOfRange, ".ctx.n"),
    (event("bad", nested(63)), .tooDeep, ".ctx.d"),
    (event("bad", #","n":tru"#), .notJSON, ".ctx.n"),
    (event("bad", #","n":"\q""#), .notJSON, ".ctx.n"),
    (event("bad", ",\"n\":\"\u{1}\""), .notJSON, ".ctx.n"),
    ("nope", .notJSON, ""),
    // A string without its colon may be a value: no path names it.
    (#"{"id" "bad"}"#, .notJSON, " at byte"),
  ]

  @Test(arguments: bad.indices, [false, true])
  func `In an array and in an object around it`(index: Int, isObject: Bool) throws {
    let (bad, reason, path) = Self.bad[index]
    let elements = [Self.event("a"), bad, Self.event("c")].joined(separator: ",\n ")
    let body = isObject ? #"{ "events": [\#(elements)] }"# : "[\(elements)]"
    let shard = try OneShard()
    var sent = OneShard.Sent(body, messageID: "batch-1")
    sent.replyTo = "client"
    shard.take(sent)
    #expect(shard.deliveries.map(\.messageID) == ["a.00.1", "c.00.1"])
    let parked = try #require(shard.parked.first)
    #expect(shard.parked.count == 1 && shard.settled == 1 && shard.receipts.count == 3)
    #expect(parked.body == bad)
    #expect(parked.contentType == "application/json")
    #expect(parked.headers["x-meddela-reason"] == reason.rawValue)
    #expect(parked.headers["x-meddela-batch-id"] == "batch-1")
    let detail = try #require(parked.headers["x-meddela-detail"])
    #expect(detail.hasPrefix((isObject ? "$.events[1]" : "$[1]") + path), "\(detail)")
    #expect(detail.contains("line 2, column "), "\(detail)")
    let words = detail.split(whereSeparator: { " :".contains($0) })
    let offset = try #require(words.firstIndex(of: "byte").flatMap { Int(words[$0 + 1]) })
    let start = elements.utf8.count - bad.utf8.count - Self.event("c").utf8.count - 3
    let distance = offset - start - (isObject ? 13 : 1)
    #expect((0...bad.utf8.count).contains(distance), "\(detail)")
  }

  @Test func `Bytes that are not UTF-8 hurt no other element`() throws {
    var sent = OneShard.Sent("")
    sent.body =
      Array("[\(Self.event("a")),{\"id\":\"".utf8) + [0xFF] + Array("\"},\(Self.event("b"))]".utf8)
    let shard = try OneShard()
    shard.take(sent)
    #expect(shard.deliveries.count == 2)
    #expect(shard.parked.map(\.routingKey) == ["invalid-utf8"])
  }

  @Test func `An element that parses and is no event is told by its place, too`() throws {
    let shard = try OneShard()
    shard.take(OneShard.Sent("[\(Self.event("a")),{\"id\":\"b\",\"type\":\"order\"}]"))
    let detail = try #require(shard.parked.first?.headers["x-meddela-detail"])
    #expect(detail.hasPrefix("$[1].email at byte \(Self.event("a").count + 2): "), "\(detail)")
    let lines = try OneShard()
    lines.take(
      OneShard.Sent(
        "\(Self.event("a"))\n\n{\"id\":\"b\"\n\(Self.event("c"))", "application/x-ndjson"))
    #expect(lines.deliveries.count == 2)
    let other = try #require(lines.parked.first?.headers["x-meddela-detail"])
    #expect(other.hasPrefix("line 3: $.id at byte"), "\(other)")
    #expect(other.contains("line 3, column "), "\(other)")
  }

  @Test(arguments: [
    ("[\(event("a")),", ReasonCode.notJSON), ("[\(event("a")),]", .notJSON),
    ("[\(event("a"))}]", .notJSON), (#"{"events":[1e999],"schemaVersion":2}"#, .badValue),
    (#"{"events":[1e999],"id":"x"}"#, .numberOutOfRange),
  ])
  func `What cannot be cut parks whole`(body: String, reason: ReasonCode) throws {
    let shard = try OneShard()
    shard.take(OneShard.Sent(body))
    #expect(shard.deliveries.isEmpty && shard.settled == 1)
    #expect(shard.parked.map(\.body) == [body])
    #expect(shard.parked.map(\.routingKey) == [reason.rawValue])
  }

  @Test
  func `An event is as deep as may be, alone, in an array and in an object; not deeper`() throws {
    // The event and its ctx are two levels.
    let deep = Self.event("a", Self.nested(62))
    for body in [deep, "[\(deep)]", #"{"events":[\#(deep)]}"#] {
      let shard = try OneShard()
      shard.take(OneShard.Sent(body))
      #expect(shard.deliveries.count == 1 && shard.parked.isEmpty, "\(body)")
    }
    let tooDeep = Self.event("a", Self.nested(63))
    for body in [tooDeep, "[\(tooDeep)]", #"{"events":[\#(tooDeep)]}"#] {
      let shard = try OneShard()
      shard.take(OneShard.Sent(body))
      #expect(shard.deliveries.isEmpty && shard.parked.map(\.routingKey) == ["too-deep"], "\(body)")
    }
  }

  @Test func `Delivery logs in one array are judged alone, too`() throws {
    let shard = try OneShard()
    var sent = OneShard.Sent(#"[{"deliveryId":"a.00.1"}, {"n":1e999}]"#)
    sent.inlet = .deliveryLogs
    shard.take(sent)
    #expect(shard.parked.map(\.routingKey) == ["missing-field", "number-out-of-range"])
    #expect(shard.parked.map(\.body) == [#"{"deliveryId":"a.00.1"}"#, #"{"n":1e999}"#])
  }
}
