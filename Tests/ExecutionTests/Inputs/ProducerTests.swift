import Foundation
import JSON
import Messages
import Testing

@testable import Execution

@Suite("Messages as producers' libraries send them")
struct ProducerTests {
  private static let event = OneBadElementTests.event("e")

  /// By Python's gzip: an event as `event` has it, `{"id":"bad"}`, the event again as `f`.
  private static let lines =
    "H4sIAAAAAAACA6tWykxRslJKVdJRKqksSAUy84tSUouA3NTcxMwckFROcaJDakVibkFOql4xSGFySYWSVbVSXmIuSL0r"
    + "UF6ptparGmJSUmKKEpyTRrmxADvme5ShAAAA"
  private static let gzip =
    "H4sIAAAAAAACA6tWykxRslJKVdJRKqksSAUy84tSUouA3NTcxMwckFROcaJDakVibkFOql4xSGFySYWSVbVSXmIuSL0r"
    + "UF6pthYAwwmOIEkAAAA="
  /// The same with a byte order mark in front of the event.
  private static let marked =
    "H4sIAAAAAAACA3u/e3+1UmaKkpVSqpKOUkllQSqQmV+UkloE5KbmJmbmgKRyihMdUisScwtyUvWKQQqTSyqUrKqV8hJz"
    + "QepdgfJKtbUABW74tUwAAAA="
  /// 17 MiB of zeros, compressed three times.
  private static let bomb =
    "H4sIAAAAAAACA5Pv5mAAASbmt7et+RgTRVgf1J8RkeOsYvUOyFIxyeqN0nFY66ykxdpbGtEs+8IlnVFpUUDn8RstKZ9q"
    + "r671ryzKq53KvzKm5qb7xe8z8uN2Z++TAJrW0DN7vlhhFFvLsd83XvODBNZIh546uV6kgi87thDId3ime3vtq3zFgvm9"
    + "whB+rvxz3yjWEr73j7dI/p7VUL9DdemhFFkn018MRwqqdp9zZmAAAJePh4erAAAA"

  private static func bytes(_ base64: String) throws -> [UInt8] {
    Array(try #require(Data(base64Encoded: base64)))
  }

  private static func sent(
    _ body: [UInt8], _ change: (inout OneShard.Sent) -> Void
  ) -> OneShard.Sent {
    var sent = OneShard.Sent(bytes: body)
    change(&sent)
    return sent
  }

  private static func value(_ text: String) -> [UInt8] {
    let size = withUnsafeBytes(of: UInt32(text.utf8.count).bigEndian) { Array($0) }
    return [0x00, 0x53, 0x77, 0xB1] + size + Array(text.utf8)
  }

  static let envelope =
    #"{"messageId":"0dc60000-0001","messageType":["urn:message:Shop:OrderConfirmed"],"#
    + #""message": \#(event), "headers":{},"host":{}}"#

  @Test func `Each is delivered, and stored as the event itself`() throws {
    let plain = Array(Self.event.utf8)
    let all = [
      // Spring: a string, and one that is compressed.
      Self.sent(plain) { ($0.contentType, $0.contentEncoding) = ("text/plain", "UTF-8") },
      Self.sent(try Self.bytes(Self.gzip)) {
        ($0.contentType, $0.contentEncoding) = ("application/json", "gzip:UTF-8")
      },
      // Bunny's default.
      Self.sent(plain) { $0.contentType = "application/octet-stream" },
      // .NET's writers.
      Self.sent([0xEF, 0xBB, 0xBF] + plain) { $0.contentType = "application/json" },
      Self.sent(try Self.bytes(Self.marked)) { $0.contentEncoding = "gzip" },
      // A framework's own message_id.
      Self.sent(plain) { $0.messageID = "0dc60000-af01-11" },
      Self.sent(Array(Self.envelope.utf8)) {
        ($0.contentType, $0.messageID) = ("application/vnd.masstransit+json", "0dc60000-0001")
      },
      // AMQP 1.0, a string as value.
      Self.sent(Self.value(Self.event)) { $0.type = "amqp-1.0" },
      // kombu with compression="gzip".
      Self.sent(try Self.bytes(Self.gzip)) {
        ($0.contentEncoding, $0.compression) = ("utf-8", "application/x-gzip")
      },
      Self.sent(plain) { $0.contentType = "application/vnd.shop.order+json" },
      Self.sent(Array((Self.event + "\n").utf8)) { $0.contentType = "application/jsonl" },
    ]
    for sent in all {
      let shard = try OneShard()
      shard.receive(sent)
      // The same once more, as it is without all that.
      shard.receive(OneShard.Sent(Self.event))
      shard.run()
      #expect(shard.parked.isEmpty, "\(shard.parked)")
      #expect(shard.deliveries.map(\.messageID) == ["e.00.1"] && shard.settled == 2)
      #expect(shard.stored == [Self.event])
      #expect(shard.engine.counters.duplicates == 1 && shard.engine.held.total == 0)
    }
  }

  @Test func `Delivery logs are read the same way`() throws {
    let log =
      #"{"deliveryId":"e.00.1","eventId":"e","outcome":"sent","#
      + #""occurredAt":"2027-01-15T08:00:01Z"}"#
    let wrapped = #"{"messageId":"m","message":[\#(log)],"host":{}}"#
    let all = [
      Self.sent(Array(log.utf8)) { $0.contentType = "text/plain; charset=utf-8" },
      Self.sent([0xEF, 0xBB, 0xBF] + Array(log.utf8)) { $0.contentEncoding = "utf-8" },
      Self.sent(Self.value(log)) { $0.type = "amqp-1.0" },
      Self.sent(Array(wrapped.utf8)) { $0.contentType = "application/vnd.masstransit+json" },
    ]
    for sent in all {
      let shard = try OneShard()
      shard.receive(OneShard.Sent(Self.event))
      shard.turn()
      var sent = sent
      sent.inlet = .deliveryLogs
      shard.take(sent)
      #expect(shard.parked.isEmpty && shard.engine.counters.logsApplied == 1, "\(shard.parked)")
    }
  }

  @Test func `What cannot be read parks as it came, with the reason`() throws {
    let map: [UInt8] = [0x00, 0x53, 0x77, 0xC1, 1, 0]
    let utf16 = Array(Self.event.utf8).flatMap { (byte: UInt8) -> [UInt8] in [byte, 0] }
    let all = [
      (
        Self.sent(Array(Self.event.utf8)) { $0.contentEncoding = "br" }, "unsupported-content-type",
        #"content_encoding: expected gzip, deflate or a name of UTF-8; "br" is not read"#
      ),
      (
        Self.sent(Array(Self.event.utf8)) { $0.contentEncoding = "gzip" }, "bad-value",
        "content_encoding: expected a body that is compressed as it says"
      ),
      (
        Self.sent(try Self.bytes(Self.bomb)) { $0.contentEncoding = "gzip,gzip,gzip" }, "too-large",
        "$: the body is compressed"
      ),
      (
        Self.sent(map) { $0.type = "amqp-1.0" }, "unsupported-content-type",
        "type: expected a message of AMQP 1.0 with a data section"
      ),
      (
        Self.sent([0xFF, 0xFE] + utf16) { $0.contentType = "application/json" },
        "unsupported-content-type", "$ at byte 0: expected the encoding UTF-8"
      ),
      (
        Self.sent(Array("hello".utf8)) { $0.contentType = "text/plain" },
        "unsupported-content-type", "content_type: expected application/json"
      ),
      (
        Self.sent(Array(#"{"messageId":"m"}"#.utf8)) {
          $0.contentType = "application/vnd.masstransit+json"
        }, "missing-field", "$.message at byte 0: expected the event"
      ),
    ]
    for (sent, reason, detail) in all {
      let shard = try OneShard()
      shard.take(sent)
      #expect(shard.parked.map(\.routingKey) == [reason] && shard.settled == 1)
      let parked = try #require(shard.parked.first)
      #expect(parked.bytes == sent.body && parked.contentType == sent.contentType)
      #expect(parked.contentEncoding == sent.contentEncoding && parked.type == sent.type)
      let said = try #require(parked.headers["x-meddela-detail"])
      #expect(said.hasPrefix(detail), "\(said)")
      #expect(shard.engine.held.total == 0)
    }
  }

  @Test
  func `Of a compressed body with several, the faulty one parks alone, as the text that it was`()
    throws
  {
    let shard = try OneShard()
    shard.take(
      Self.sent(try Self.bytes(Self.lines)) {
        ($0.contentType, $0.contentEncoding) = ("application/x-ndjson", "gzip")
        ($0.messageID, $0.appID, $0.type) = ("batch-1", "shop", "orders")
      })
    #expect(shard.deliveries.map(\.messageID) == ["e.00.1", "f.00.1"])
    let parked = try #require(shard.parked.first)
    #expect(shard.parked.count == 1 && parked.body == #"{"id":"bad"}"#)
    #expect(parked.contentType == "application/json" && parked.contentEncoding.isEmpty)
    #expect(parked.appID == "shop" && parked.type == "orders" && parked.messageID == "bad")
    #expect(parked.headers["x-meddela-batch-id"] == "batch-1")
    let detail = try #require(parked.headers["x-meddela-detail"])
    #expect(detail.hasPrefix("line 2: $.type at byte 74: "), "\(detail)")
  }

  @Test func `Places are told in the message as it came`() throws {
    let bad = OneBadElementTests.event("e").replacing("elsa@example.se", with: "nobody")
    func detail(_ sent: OneShard.Sent) throws -> String {
      let shard = try OneShard()
      shard.take(sent)
      let parked = try #require(shard.parked.first)
      #expect(parked.bytes == sent.body && parked.messageID == "e")
      return try #require(parked.headers["x-meddela-detail"])
    }
    let offset = try #require(bad.range(of: "\"nobody\"")).lowerBound.utf16Offset(in: bad)
    let plain = try detail(OneShard.Sent(bad))
    #expect(plain.hasPrefix("$.email at byte \(offset): "), "\(plain)")
    let marked = try detail(OneShard.Sent("\u{FEFF}\(bad)"))
    #expect(marked.hasPrefix("$.email at byte \(offset + 3): "), "\(marked)")
    let head = #"{"messageId":"m","message":"#
    let enveloped = try detail(
      OneShard.Sent("\(head)\(bad)}", "application/vnd.masstransit+json"))
    #expect(
      enveloped.hasPrefix("$.message.email at byte \(offset + head.utf8.count): "),
      "\(enveloped)")
    let value = try detail(Self.sent(Self.value(bad)) { $0.type = "amqp-1.0" })
    #expect(value.hasPrefix("$.email at byte \(offset + 8): "), "\(value)")
  }

  @Test
  func `A copy keeps all properties; what the broker would act on is said in headers`() throws {
    let shard = try OneShard()
    let sent = Self.sent(Array("nope".utf8)) {
      ($0.appID, $0.type, $0.contentEncoding) = ("shop", "order", "identity")
      ($0.userID, $0.expiration, $0.messageID) = ("guest", "60000", "m-1")
      ($0.priority, $0.timestampSeconds) = (3, 1_234_567_890)
      $0.headers = "raw entries"
    }
    shard.take(sent)
    let parked = try #require(shard.parked.first)
    #expect(parked.routingKey == "not-json" && parked.messageID == "m-1")
    #expect(parked.appID == "shop" && parked.type == "order")
    #expect(parked.contentEncoding == "identity" && parked.priority == 3)
    #expect(parked.timestampSeconds == 1_234_567_890)
    #expect(parked.originalHeaders == Array("raw entries".utf8))
    #expect(parked.headers["x-meddela-original-user-id"] == "guest")
    #expect(parked.headers["x-meddela-original-expiration"] == "60000")
    shard.take(OneShard.Sent("nope"))
    let bare = try #require(shard.parked.last)
    #expect(bare.timestampSeconds == nil && bare.priority == nil && bare.appID.isEmpty)
    #expect(!bare.headers.keys.contains { $0.hasPrefix("x-meddela-original-") })
  }

  @Test func `A single event in a wrapping of XML parks with it, as it came`() throws {
    let body = "<PushEvent><domEvent>\(NotationTests.xml("e", email: "x"))</domEvent></PushEvent>"
    let shard = try OneShard()
    shard.take(OneShard.Sent(body, "text/xml", messageID: "m"))
    #expect(shard.parked.map(\.body) == [body] && shard.parked[0].messageID == "m")
  }

  @Test func `Events of a collection without ids have the message's with their place`() throws {
    let event = "<rtEvent type='order' email='a@b.se'><ctx/></rtEvent>"
    let bad = "<rtEvent type='order' email='nobody'><ctx/></rtEvent>"
    let body = "<PushEvents>\(event)\(bad)\(event)</PushEvents>"
    let shard = try OneShard()
    shard.take(OneShard.Sent(body, "application/soap+xml; charset=utf-8", messageID: "m-1"))
    #expect(shard.deliveries.map(\.messageID) == ["m-1.0.00.1", "m-1.2.00.1"])
    // Replayed it has the same id: it is alone then, and takes the message's.
    #expect(shard.parked.map(\.body) == [bad] && shard.parked[0].messageID == "m-1.1")
    let nameless = try OneShard()
    nameless.take(OneShard.Sent(body, "application/xml"))
    #expect(nameless.parked.map(\.routingKey) == Array(repeating: "missing-field", count: 3))
    #expect(nameless.parked.map(\.body) == [event, bad, event])
    let detail = nameless.parked.first?.headers["x-meddela-detail"]
    #expect(detail?.contains("$[0].id") == true && detail?.contains("message_id") == true)
  }

  @Test func `A CloudEvent that came as plain JSON is read, alone and in an array`() throws {
    let shard = try OneShard()
    shard.take(OneShard.Sent(NotationTests.cloudEvent("e"), "application/json", messageID: "e"))
    shard.take(
      OneShard.Sent("[\(NotationTests.cloudEvent("a")), \(NotationTests.cloudEvent("b"))]"))
    #expect(shard.deliveries.map(\.messageID) == ["e.00.1", "a.00.1", "b.00.1"])
    #expect(shard.parked.isEmpty)
    // Behind an event of ours the reason names the content type.
    shard.take(OneShard.Sent("[\(Self.event), \(NotationTests.cloudEvent("c"))]"))
    let detail = try #require(shard.parked.first?.headers["x-meddela-detail"])
    #expect(detail.contains("application/cloudevents+json"), "\(detail)")
    let bad = try OneShard()
    bad.take(OneShard.Sent(NotationTests.cloudEvent("e", email: "x")))
    let place = try #require(bad.parked.first?.headers["x-meddela-detail"])
    #expect(place.hasPrefix("$.data.email at byte"), "\(place)")
  }

  @Test
  func `A field that is null is the same as one that is absent, when an event comes again`() throws
  {
    let shard = try OneShard()
    let head = Self.event.dropLast()
    shard.receive(OneShard.Sent(Self.event))
    shard.receive(OneShard.Sent(#"\#(head),"origin":null}"#))
    shard.receive(OneShard.Sent(#"\#(head),"origin":"shop"}"#))
    shard.run()
    #expect(shard.engine.counters.duplicates == 1 && shard.deliveries.count == 1)
    #expect(shard.parked.map(\.routingKey) == ["id-conflict"])
  }

  @Test func `A reply_to in the form of AMQP 1.0 means the queue, ours among them`() throws {
    let shard = try OneShard()
    shard.take(Self.sent(Array(Self.event.utf8)) { $0.replyTo = "/queues/my%20answers" })
    #expect(shard.receipts.map(\.routingKey) == ["my answers"])
    shard.take(
      Self.sent(Array(Self.event.utf8)) { $0.replyTo = "/queue/meddela.realtime.00" })
    #expect(shard.parked.map(\.routingKey) == ["bad-reply-to"])
  }

  @Test func `A large compressed body leaves room for others while it is unpacked`() throws {
    let shard = try OneShard()
    var flood = Self.sent(try Self.bytes(Self.bomb)) { $0.contentEncoding = "gzip,gzip,gzip" }
    flood.inlet = .batch
    shard.receive(flood)
    shard.turn()
    shard.receive(OneShard.Sent(Self.event))
    shard.turn()
    shard.turn()
    #expect(shard.deliveries.map(\.messageID) == ["e.00.1"] && shard.parked.isEmpty)
    shard.run()
    #expect(shard.parked.map(\.routingKey) == ["too-large"])
  }

  @Test func `The e-mail format is in the delivery and decides its parts`() throws {
    let shard = try OneShard()
    let head = Self.event.dropLast()
    shard.take(OneShard.Sent(#"\#(head),"emailFormat":"2"}"#))
    #expect(shard.deliveries.first?.body.contains(#","emailFormat":"html","template":"#) == true)
    shard.take(OneShard.Sent(OneBadElementTests.event("f")))
    #expect(shard.deliveries.last?.body.contains("emailFormat") == false)
  }
}
