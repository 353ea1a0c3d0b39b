import JSON
import Messages
import Testing

@testable import Execution

@Suite("CloudEvents and Adobe's XML are taken as events")
struct NotationTests {
  static func cloudEvent(_ id: String, email: String = "elsa@example.se") -> String {
    #"{"specversion":"1.0","id":"\#(id)","source":"shop","type":"order","#
      + #""data":{"email":"\#(email)","name":"Elsa"}}"#
  }

  static func xml(_ id: String, email: String = "elsa@example.se") -> String {
    "<rtEvent id='\(id)' type='order' email='\(email)'><ctx><name>Elsa</name></ctx></rtEvent>"
  }

  @Test func `Each notation's event is stored in ours, rendered and delivered`() throws {
    var binary = OneShard.Sent(#"{"email":"elsa@example.se","name":"Elsa"}"#, "application/json")
    binary.cloudEvent = #"{"specversion":"1.0","id":"e","source":"shop","type":"order"}"#
    for sent in [
      OneShard.Sent(Self.cloudEvent("e"), "application/cloudevents+json; charset=utf-8"),
      OneShard.Sent(Self.xml("e"), "text/xml"), binary,
    ] {
      let shard = try OneShard()
      shard.take(sent)
      #expect(shard.parked.isEmpty && shard.settled == 1)
      let delivery = try #require(shard.deliveries.first)
      #expect(delivery.messageID == "e.00.1")
      #expect(delivery.body.contains("Hello Elsa, event e"))
      #expect(shard.stored.count == 1 && shard.stored[0].contains(#""ctx":{"name":"Elsa"}"#))
    }
  }

  @Test func `The same event again is a duplicate, also while the first is on its way`() throws {
    for (body, type) in [
      (Self.cloudEvent("e"), "application/cloudevents+json"), (Self.xml("e"), "application/xml"),
    ] {
      let shard = try OneShard()
      shard.receive(OneShard.Sent(body, type))
      shard.receive(OneShard.Sent(body, type))
      shard.receive(OneShard.Sent(body.replacing("Elsa", with: "Maja"), type))
      shard.run()
      #expect(shard.deliveries.count == 1 && shard.settled == 3)
      #expect(shard.engine.counters.duplicates == 1)
      #expect(shard.parked.map(\.routingKey) == ["id-conflict"])
      #expect(shard.parked.map(\.body) == [body.replacing("Elsa", with: "Maja")])
      #expect(shard.parked.map(\.contentType) == [type])
    }
  }

  @Test
  func `With several shards message_id is the id of an event that is alone, in every notation`()
    throws
  {
    for (body, type) in [
      (Self.cloudEvent("e"), "application/cloudevents+json"), (Self.xml("e"), "application/xml"),
      (OneBadElementTests.event("e"), ""),
    ] {
      let shards = try OneShard(shardCount: 2)
      shards.take(OneShard.Sent(body, type, messageID: "other"))
      #expect(shards.parked.map(\.routingKey) == ["id-mismatch"])
      let detail = shards.parked.first?.headers["x-meddela-detail"]
      #expect(detail?.contains("the broker chooses the shard") == true)
      shards.take(OneShard.Sent(body, type, messageID: "e"))
      #expect(shards.deliveries.count == 1 && shards.engine.counters.otherMessageIDs == 0)
      let one = try OneShard()
      one.take(OneShard.Sent(body, type, messageID: "other"))
      #expect(one.deliveries.map(\.messageID) == ["e.00.1"] && one.parked.isEmpty)
      #expect(one.engine.counters.otherMessageIDs == 1)
    }
    let shard = try OneShard()
    shard.take(
      OneShard.Sent(
        "<rtEvent type='order' email='a@b.se'><ctx/></rtEvent>", "application/xml",
        messageID: "m-1"))
    #expect(shard.deliveries.map(\.messageID) == ["m-1.00.1"])
    #expect(shard.engine.counters.otherMessageIDs == 0)
  }

  @Test
  func `Of several, the faulty ones park as they stood, with their place in the message`() throws {
    let shard = try OneShard()
    let bad = Self.cloudEvent("b", email: "nobody")
    let worse = #"{"specversion":"1.0","id":1e999}"#
    let body = [Self.cloudEvent("a"), bad, worse, Self.cloudEvent("d")].joined(separator: ",\n")
    shard.take(OneShard.Sent("[\(body)]", "application/cloudevents-batch+json", messageID: "b-1"))
    #expect(shard.deliveries.map(\.messageID) == ["a.00.1", "d.00.1"])
    #expect(shard.parked.map(\.body) == [bad, worse])
    #expect(shard.parked.map(\.messageID) == ["b", ""])
    #expect(shard.parked.allSatisfy { $0.contentType == "application/cloudevents+json" })
    #expect(shard.parked.allSatisfy { $0.headers["x-meddela-batch-id"] == "b-1" })
    let details = shard.parked.compactMap { $0.headers["x-meddela-detail"] }
    #expect(details[0].hasPrefix("$[1].data.email at byte"), "\(details)")
    #expect(details[1].hasPrefix("$[2].id at byte"), "\(details)")

    let xml = try OneShard()
    let badXML = Self.xml("b", email: "nobody")
    xml.take(
      OneShard.Sent(
        "<PushEvents>\n \(Self.xml("a"))\n \(badXML)\n</PushEvents>", "application/xml"))
    #expect(xml.deliveries.map(\.messageID) == ["a.00.1"])
    #expect(xml.parked.map(\.body) == [badXML])
    #expect(xml.parked.map(\.contentType) == ["application/xml"])
    let detail = try #require(xml.parked.first?.headers["x-meddela-detail"])
    #expect(detail.contains("line 3, column 2: ") && detail.hasPrefix("$[1].email"), "\(detail)")
  }

  @Test func `What cannot be read parks whole and unchanged`() throws {
    let doctype = "<!DOCTYPE x [<!ENTITY a 'b'>]>" + Self.xml("e")
    for (body, type, reason) in [
      (doctype, "application/xml", "not-xml"), ("<rtEvent>", "text/xml", "not-xml"),
      ("{", "application/cloudevents+json", "not-json"),
      (Self.cloudEvent("e"), "application/cloudevents-batch+json", "wrong-type"),
      ("e", "text/plain", "unsupported-content-type"),
    ] {
      let shard = try OneShard()
      shard.take(OneShard.Sent(body, type, messageID: "e"))
      #expect(shard.parked.map(\.body) == [body] && shard.settled == 1)
      #expect(shard.parked.map(\.routingKey) == [reason])
      #expect(shard.parked.map(\.contentType) == [type] && shard.parked[0].messageID == "e")
    }
  }

  @Test func `A delivery log is JSON, whatever headers it has`() throws {
    let shard = try OneShard()
    var sent = OneShard.Sent(Self.xml("e"), "application/xml")
    sent.inlet = .deliveryLogs
    shard.take(sent)
    #expect(shard.parked.map(\.routingKey) == ["unsupported-content-type"])
  }

  @Test func `An event over the limit parks, whichever notation it has`() throws {
    let filler = String(repeating: "x", count: 1 << 20)
    for (body, type) in [
      (Self.cloudEvent("e").replacing("Elsa", with: filler), "application/cloudevents+json"),
      (Self.xml("e").replacing("Elsa", with: filler), "application/xml"),
      // Fewer bytes as XML than as JSON: the event that is stored counts as well.
      (
        Self.xml("e").replacing("Elsa", with: filler.dropLast(400).replacing("x", with: "\"")),
        "application/xml"
      ),
    ] {
      let shard = try OneShard()
      shard.take(OneShard.Sent(body, type))
      #expect(shard.parked.map(\.routingKey) == ["too-large"])
      #expect(shard.parked.first?.body.utf8.count == body.utf8.count)
    }
  }

  @Test func `A flood in another notation on the batch lane is translated in slices`() throws {
    let count = 3_000
    for (body, type) in [
      (
        "<PushEvents>\((0..<count).map { Self.xml("b\($0)") }.joined())</PushEvents>",
        "application/xml"
      ),
      (
        "[\((0..<count).map { Self.cloudEvent("b\($0)") }.joined(separator: ","))]",
        "application/cloudevents-batch+json"
      ),
    ] {
      let shard = try OneShard()
      var flood = OneShard.Sent(body, type)
      flood.inlet = .batch
      shard.receive(flood)
      shard.turn()
      shard.receive(OneShard.Sent(OneBadElementTests.event("urgent")))
      shard.turn()
      shard.turn()
      // Not one event of the flood has been taken, and the other is out.
      #expect(shard.deliveries.map(\.messageID) == ["urgent.00.1"])
      shard.run()
      #expect(shard.deliveries.count == count + 1 && shard.parked.isEmpty)
      #expect(shard.settled == 2)
    }
  }

  @Test
  func `A CloudEvent's own trace context goes on with its delivery, and is not stored`() throws {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    let attributes =
      #""specversion":"1.0","id":"e","source":"shop","type":"order","traceparent":"\#(parent)","#
      + #""tracestate":"a=b""#
    let data = #"{"email":"elsa@example.se"}"#
    var binary = OneShard.Sent(data)
    binary.cloudEvent = "{\(attributes)}"
    let structured = OneShard.Sent(
      "{\(attributes),\"data\":\(data)}", "application/cloudevents+json")
    for sent in [binary, structured] {
      let shard = try OneShard()
      shard.take(sent)
      #expect(shard.deliveries.first?.headers == ["traceparent": parent, "tracestate": "a=b"])
      #expect(shard.stored.first?.contains("trace") == false)
    }
  }

  @Test
  func `A fault of a CloudEvent in binary mode is told by its header, under its own id`() throws {
    for (attributes, data, code, place) in [
      (#"{"specversion":"0.3","id":"e"}"#, "{}", "bad-value", "cloudEvents:specversion: "),
      (
        #"{"specversion":"1.0","id":"e","source":"s","type":"a b"}"#, #"{"email":"a@b.se"}"#,
        "bad-type", "cloudEvents:type: "
      ),
      (
        #"{"specversion":"1.0","id":"e","source":"s","type":"t"}"#, #"{"email":"x"}"#,
        "bad-address", "$.email at byte "
      ),
      (#"{"specversion":"1.0","id":"e"}"#, "[]", "not-an-object", "$ at byte 0: "),
    ] {
      let shard = try OneShard()
      var sent = OneShard.Sent(data)
      sent.cloudEvent = attributes
      shard.take(sent)
      let parked = try #require(shard.parked.first)
      #expect(parked.routingKey == code && parked.messageID == "e" && parked.body == data)
      let detail = try #require(parked.headers["x-meddela-detail"])
      #expect(detail.hasPrefix(place), "\(detail)")
    }
  }
}
