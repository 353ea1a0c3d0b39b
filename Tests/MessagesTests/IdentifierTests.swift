import JSON
import Messages
import Testing

@Suite("Names on the wire are written and read back")
struct IdentifierTests {
  @Test(
    arguments: [
      ("o-1042.00.1", "o-1042", 0, 1), ("a.b.c.07.12", "a.b.c", 7, 12),
      ("1.00.1.99.65535", "1.00.1", 99, 65_535), ("..00.3", ".", 0, 3), (" .01.2", " ", 1, 2),
    ] as [(String, String, UInt8, UInt16)])
  func `A delivery id is read from the right, since an event's id may hold dots`(
    text: String, event: String, shard: UInt8, attempt: UInt16
  ) throws {
    try withBytes(text) { bytes in
      let id = try #require(DeliveryID(bytes))
      #expect(id.eventID.elementsEqual(event.utf8))
      #expect(id.shard == ShardNumber(shard))
      #expect(id.attempt == attempt)
      let again = written {
        DeliveryID.write(eventID: id.eventID, shard: id.shard, attempt: id.attempt, to: &$0)
      }
      #expect(again == text)
    }
  }

  @Test(arguments: [
    "", ".", "a", "a.00", "a.00.", ".00.1", "00.1", "a.0.1", "a.000.1", "a.00.0", "a.00.01",
    "a.00.65536", "a.00.100000", "a.00.-1", "a.00.+1", "a.00.1 ", "a.0x.1", "a.00.1\n", "å.00.1",
    "a.00.99999999999999999999", "a:00.1", "a.00:1",
  ])
  func `What is no delivery id is none`(text: String) {
    #expect(withBytes(text) { DeliveryID($0) == nil })
  }

  @Test func `The longest event id still has delivery ids, one byte more has not`() {
    let id = String(repeating: "x", count: MessageLimits.idBytes)
    #expect(withBytes(id + ".99.65535") { DeliveryID($0) != nil })
    #expect(withBytes("x" + id + ".00.1") { DeliveryID($0) == nil })
  }

  @Test func `A status update's id ends with its sequence`() {
    let text = withBytes("a.b") { id in
      written { StatusUpdateID.write(eventID: id, shard: ShardNumber(3), sequence: .max, to: &$0) }
    }
    #expect(text == "a.b.03.4294967295")
  }

  @Test func `A status update's id ends with its lineage where that is above 0`() {
    func text(_ lineage: UInt64) -> String {
      withBytes("a.b") { id in
        written {
          StatusUpdateID.write(
            eventID: id, shard: ShardNumber(0), sequence: 2, lineage: lineage, to: &$0)
        }
      }
    }
    #expect(text(0) == "a.b.00.2")
    #expect(text(1) == "a.b.00.2.1")
    #expect(text(12) == "a.b.00.2.12")
    // The longest there is, beside an id of 128 bytes, fits a property of 255.
    #expect(text(.max).utf8.count - 3 + 128 <= 255)
  }

  @Test func `A shard has two digits`() {
    for value in UInt8(0)..<100 {
      let shard = ShardNumber(value)
      let text = shard.description
      #expect(text.utf8.count == 2)
      #expect(written { shard.write(to: &$0) } == text)
      #expect(withBytes(text) { ShardNumber(digits: $0) } == shard)
    }
    for text in ["", "0", "000", "0a", "-1", " 1", "1/", "1:"] {
      #expect(withBytes(text) { ShardNumber(digits: $0) } == nil)
    }
  }

  @Test func `A shard beyond 99 is a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = ShardNumber(100) }
  }

  @Test func `Routing keys are as the contract in schemas/asyncapi.yaml has them`() {
    withBytes("push-ios") { channel in
      withBytes("shop.order") { type in
        let delivery = written {
          RoutingKey.writeDelivery(channel: channel, lane: .batch, type: type, to: &$0)
        }
        #expect(delivery == "push-ios.batch.shop.order")
        let status = written {
          RoutingKey.writeStatus(
            .pendingDelivery, lane: .realtime, channel: channel, type: type, to: &$0)
        }
        #expect(status == "pending-delivery.realtime.push-ios.shop.order")
      }
    }
  }

  @Test func `Lanes are read by their names`() {
    for lane in Lane.allCases { #expect(Lane(name: "\(lane.name)") == lane) }
    #expect(Lane(name: "Batch") == nil)
  }

  @Test(
    arguments: [
      ("", .json), ("application/json", .json), ("Application/JSON", .json),
      ("application/json; charset=utf-8", .json), ("application/json ;x", .json),
      (" application/json\t", .json), (";charset=utf-8", .json), ("application/x-ndjson", .ndjson),
      ("application/cloudevents+json; charset=UTF-8", .cloudEvent),
      ("application/cloudevents-batch+json", .cloudEventBatch), ("application/xml", .xml),
      ("text/xml", .xml), ("TEXT/XML;charset=iso-8859-1", .xml), ("text/plain", .perhapsJSON),
      ("application/jso", .unknown), ("application/jsonx", .unknown), ("json", .unknown),
      ("application/octet-stream", .perhapsJSON), ("application\u{0F}json", .unknown),
      ("application/soap+xml; charset=utf-8", .xml), ("text/json", .json),
      ("application/vnd.shop.order+json", .json), ("application/ndjson", .ndjson),
      ("application/jsonl", .ndjson), ("application/x-jsonlines", .ndjson),
      ("application/stream+json", .ndjson), ("application/vnd.masstransit+json", .massTransit),
      ("+json", .json), ("application/x-python-serialize", .unknown), ("text/html", .unknown),
    ] as [(String, BodyFormat)])
  func `The content type says how a body is written`(contentType: String, expected: BodyFormat) {
    #expect(withBytes(contentType) { BodyFormat(contentType: $0) } == expected)
  }
}
