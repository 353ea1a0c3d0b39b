import JSON
import Messages
import Testing

@testable import Execution

/// What a message of the type `meddela.cancel` may look like, and what its receipt says.
@Suite("Cancels as producers send them")
struct CancelMessageTests {
  private static func sent(
    _ body: String, _ change: (inout OneShard.Sent) -> Void = { _ in }
  ) -> OneShard.Sent {
    var sent = OneShard.Sent(body)
    sent.type = "meddela.cancel"
    change(&sent)
    return sent
  }

  private static let scheduled = """
    {"id":"e","type":"order","email":"a@example.se","scheduled":"2099-01-01T00:00:00Z","ctx":{}}
    """

  @Test func `The property type decides, whatever the content type says and however it is wrapped`()
    throws
  {
    let all = [
      Self.sent(#"{"id":"a"}"#),
      Self.sent(#"{"id":"a"}"#) { $0.inlet = .batch },
      Self.sent(#"{"schemaVersion":1,"id":"a","why":{"x":[1]}}"#) { $0.messageID = "a" },
      Self.sent(#"{"id":"a"}"#) { $0.messageID = "another" },
      Self.sent("\u{FEFF}{\"id\":\"a\"}"),
      Self.sent("\u{FEFF}{\"id\":\"a\"}") { $0.contentType = "image/png" },
      Self.sent(#"{"id":"a"}"#) { $0.contentType = "application/cloudevents+json" },
      Self.sent(#"{"id":"a","specversion":"1.0","source":"s","type":"t"}"#),
      Self.sent(#"{"id":"a"}"#) { $0.cloudEvent = #"{"id":"b","specversion":"1.0"}"# },
      Self.sent(#"{"id":"a"}"#) { $0.contentType = "application/xml" },
      Self.sent(#"{"message":{"id":"a"}}"#) { $0.contentType = "application/vnd.masstransit+json" },
      Self.sent(#"[{"id":"a"}]"#),
      Self.sent("{\"id\":\"a\"}\n") { $0.contentType = "application/x-ndjson" },
    ]
    for sent in all {
      let shard = try OneShard()
      shard.take(sent)
      #expect(shard.engine.counters.cancelsRemembered == 1, "\(sent)")
      #expect(shard.parked.isEmpty && shard.settled == 1 && shard.stored.isEmpty, "\(sent)")
    }
    // Of a delivery log the type is not read, and another type marks no cancel.
    let shard = try OneShard()
    shard.take(Self.sent(#"{"id":"a"}"#) { $0.inlet = .deliveryLogs })
    shard.take(Self.sent(#"{"id":"a"}"#) { $0.type = "Meddela.Cancel" })
    #expect(shard.engine.counters.cancelsRemembered == 0 && shard.parked.count == 2)
  }

  @Test(
    arguments: [
      ("{\"id\": ", "not-json", "$"), ("", "not-json", "$"), ("[]", "empty-batch", "$"),
      ("\"a\"", "not-an-object", "$"), ("{}", "missing-field", "$.id"),
      (#"{"id":null}"#, "missing-field", "$.id"), (#"{"eventId":"a"}"#, "missing-field", "$.id"),
      (#"{"events":[{"id":"a"}]}"#, "missing-field", "$.id"), (#"{"id":7}"#, "bad-id", "$.id"),
      (#"{"id":""}"#, "bad-id", "$.id"), (#"{"id":"a","id":"b"}"#, "duplicate-key", "$"),
      (#"{"id":"a","schemaVersion":2}"#, "bad-value", "$.schemaVersion"),
      ("<cancel id=\"a\"/>", "not-json", "$"),
    ] as [(String, String, String)])
  func `What is no cancel parks, with place and reason`(body: String, code: String, path: String)
    throws
  {
    for type in ["application/json", "application/xml", "application/cloudevents+json"] {
      let shard = try OneShard()
      shard.take(Self.sent(body) { $0.contentType = type })
      #expect(shard.engine.counters.cancelsRemembered == 0 && shard.settled == 1)
      let parked = try #require(shard.parked.first, "\(type)")
      #expect(parked.routingKey == code)
      #expect(parked.headers["x-meddela-detail"]?.hasPrefix(path) == true, "\(parked.headers)")
      #expect(parked.type == "meddela.cancel" && parked.body == body)
    }
  }

  @Test
  func `Of several the bad ones park alone, as cancels; what is too large or answered to us parks`()
    throws
  {
    let shard = try OneShard()
    shard.take(
      Self.sent(#"[{"id":"a"}, {"id":7}, {"id":"b"}, nope, {"id":"c"}]"#) { $0.messageID = "m" })
    #expect(shard.engine.counters.cancelsRemembered == 3 && shard.settled == 1)
    #expect(shard.parked.map(\.body) == [#"{"id":7}"#, "nope"])
    #expect(shard.parked.allSatisfy { $0.type == "meddela.cancel" })
    #expect(shard.parked[0].headers["x-meddela-detail"]?.hasPrefix("$[1].id at byte") == true)
    #expect(shard.parked[0].headers["x-meddela-batch-id"] == "m")
    let large = try OneShard()
    large.take(Self.sent(#"{"id":"a","x":"\#(String(repeating: "x", count: 1 << 20))"}"#))
    large.take(Self.sent(#"{"id":"a"}"#) { $0.replyTo = "meddela.realtime.00" })
    #expect(large.parked.map(\.routingKey) == ["too-large", "bad-reply-to"])
    #expect(large.engine.counters.cancelsRemembered == 0 && large.receipts.isEmpty)
  }

  @Test
  func `With more than one shard the message_id is the id, and each cancel its own message`() throws
  {
    let shard = try OneShard(shardCount: 2)
    shard.take(Self.sent(#"{"id":"a"}"#) { $0.messageID = "a" })
    shard.take(Self.sent(#"{"id":"b"}"#))
    #expect(shard.engine.counters.cancelsRemembered == 2 && shard.parked.isEmpty)
    shard.take(Self.sent(#"{"id":"c"}"#) { $0.messageID = "d" })
    shard.take(Self.sent(#"[{"id":"e"},{"id":"f"}]"#) { $0.messageID = "e" })
    #expect(shard.engine.counters.cancelsRemembered == 2)
    #expect(shard.parked.map(\.routingKey) == ["id-mismatch", "id-mismatch", "id-mismatch"])
  }

  @Test func `The receipt says what came of it, with an id of its own`() throws {
    func body(_ id: String, _ rest: String) -> String {
      #"{"schemaVersion":1,"eventId":"\#(id)",\#(rest)}"#
    }
    let shard = try OneShard()
    func cancel(_ id: String) {
      shard.receive(
        Self.sent(#"{"id":"\#(id)"}"#) { ($0.replyTo, $0.messageID) = ("answers", id) })
    }
    var event = OneShard.Sent(Self.scheduled)
    event.replyTo = "answers"
    // All in one turn: the second finds the first under way.
    shard.receive(event)
    cancel("e")
    cancel("e")
    shard.receive(event)
    shard.run()
    let why = #""reason":{"code":"cancelled","text":"nothing of the event goes out"}"#
    #expect(
      shard.receipts.map(\.messageID) == [
        "e.receipt", "e.cancel-receipt", "e.cancel-receipt", "e.receipt",
      ])
    #expect(
      shard.receipts.map(\.body) == [
        body("e", #""accepted":true,"duplicate":false,"status":"pending""#),
        body("e", #""accepted":true,"duplicate":false,"status":"ignored",\#(why)"#),
        body("e", #""accepted":true,"duplicate":true,"status":"ignored",\#(why)"#),
        body("e", #""accepted":true,"duplicate":true,"status":"ignored",\#(why)"#),
      ])
    cancel("f")
    cancel("f")
    shard.receive(OneShard.Sent(Self.scheduled.replacing("\"e\"", with: "\"f\"")))
    shard.run()
    let remembered =
      #""status":null,"reason":{"code":"cancel-remembered","#
      + #""text":"no such event has come yet: it is cancelled when it comes"}"#
    #expect(
      shard.receipts.dropFirst(4).map(\.body) == [
        body("f", #""accepted":true,"duplicate":false,\#(remembered)"#),
        body("f", #""accepted":true,"duplicate":true,\#(remembered)"#),
      ])
    #expect(shard.deliveries.isEmpty && shard.parked.isEmpty && shard.settled == 7)
  }

  @Test func `The receipt of one that came too late says where the event stands`() throws {
    let shard = try OneShard()
    shard.receive(OneShard.Sent(OneBadElementTests.event("e")))
    while shard.deliveries.isEmpty { shard.turn() }
    shard.receive(Self.sent(#"{"id":"e"}"#) { $0.replyTo = "answers" })
    shard.run()
    #expect(
      shard.receipts.map(\.body) == [
        #"{"schemaVersion":1,"eventId":"e","accepted":false,"duplicate":false,"#
          + #""status":"pending-delivery","reason":{"code":"delivery-published","#
          + #""text":"its delivery is out"}}"#
      ])
    #expect(shard.engine.counters.cancelsTooLate == 1 && shard.settled == 2)
  }
}
