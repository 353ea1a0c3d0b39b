import Messages
import Testing

@testable import Commands

@Suite("Events before they are published")
struct EventReaderTests {
  private let reader = EventReader(mostBytes: 300)

  private func event(_ more: String = "") -> [UInt8] {
    Array(#"{"id":"e","type":"shop.order","email":"a@example.se"\#(more),"ctx":{}}"#.utf8)
  }

  private func refusal(_ text: String) -> Rejection? {
    #expect(throws: Rejection.self) { try reader.read(Array(text.utf8)) }
  }

  @Test func `An event's type is its routing key, and its id its message_id`() throws {
    let read = try reader.read(event())
    #expect(read.routingKey == "shop.order")
    #expect(read.messageID == "e")
    #expect(read.contentType == "application/json")
    #expect(read.type == nil)
    #expect(read.body == event())
  }

  @Test func `A CloudEvent goes out as it is, with its own content type`() throws {
    let text =
      #"{"specversion":"1.0","id":"c","type":"order","source":"s","data":{"email":"a@b.se","ctx":{}}}"#
    let read = try reader.read(Array(text.utf8))
    #expect(read.contentType == "application/cloudevents+json")
    #expect(read.routingKey == "order")
    #expect(read.messageID == "c")
    #expect(String(decoding: read.body, as: UTF8.self) == text)
  }

  @Test func `What the service would park is refused, with code and path`() {
    let bad = refusal(#"{"id":"e","type":"order","email":"nobody","ctx":{}}"#)
    #expect(bad?.code == .badAddress)
    #expect(bad?.path == "$.email")
    #expect(refusal(#"{"id":"e","#)?.code == .notJSON)
    #expect(refusal(#"{"type":"order","email":"a@b.se","ctx":{}}"#)?.code == .missingField)
    let inCloud = refusal(
      #"{"specversion":"1.0","id":"c","type":"order","source":"s","data":{"email":1,"ctx":{}}}"#)
    #expect(inCloud?.path == "$.data.email")
    #expect(inCloud?.offset == nil)
  }

  @Test func `The size that counts is the service's own limit, to the byte`() throws {
    let room = 300 - event(#","x":"""#).count
    let fits = event(#","x":"\#(String(repeating: "x", count: room))""#)
    #expect(fits.count == 300)
    #expect(throws: Never.self) { try reader.read(fits) }
    let over = event(#","x":"\#(String(repeating: "x", count: room + 1))""#)
    let error = #expect(throws: Rejection.self) { try reader.read(over) }
    #expect(error?.code == .tooLarge)
  }

  @Test func `Unjudged, whatever is JSON goes out, with what can be made of type and id`() throws {
    let read = try reader.readUnjudged(Array(#"{"id":"e","type":"order"}"#.utf8))
    #expect(read.routingKey == "order" && read.messageID == "e")
    let odd = try reader.readUnjudged(Array(#"{"id":"å","type":"a b"}"#.utf8))
    #expect(odd.routingKey == "unknown" && odd.messageID == nil)
    #expect(try reader.readUnjudged(Array("[1]".utf8)).routingKey == "unknown")
    #expect(throws: Rejection.self) { try reader.readUnjudged(Array("{".utf8)) }
  }

  @Test
  func `A raw message says nothing that its body does not, and a cancel is one by its type`() {
    let raw = OutgoingEvent(raw: [0xFF], contentType: "text/plain")
    #expect(raw.body == [0xFF] && raw.contentType == "text/plain")
    #expect(raw.messageID == nil && raw.type == nil)
    let cancel = OutgoingEvent(cancel: "a\"b")
    #expect(String(decoding: cancel.body, as: UTF8.self) == #"{"id":"a\"b"}"#)
    #expect(cancel.type == "meddela.cancel" && cancel.messageID == "a\"b")
    #expect(cancel.contentType == "application/json")
  }
}
