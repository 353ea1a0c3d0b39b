import JSON
import Messages
import Testing

@Suite("A CloudEvent becomes an event")
struct CloudEventTests {
  static let whole =
    #"{"specversion":"1.0","id":"c-1","source":"shop","type":"t","data":{"email":"a@b.se","#
    + #""ctx":{"n":1.50}}}"#

  @Test(arguments: Example.all("cloudevent/valid"))
  func `The examples become what stands beside them`(example: Example) throws {
    let name = example.name.split(separator: "/").last!
    let expected = try #require(
      Example.all("cloudevent/translated").first { $0.name.hasSuffix("/\(name)") })
    let result = try translate(cloudEvent: example.bytes)
    #expect(result.refusals.isEmpty && !result.isBatch)
    #expect(try isSame(result.events[0], expected.bytes), "\(result.events)")
    try withBody(result.events[0]) { _ = try EventFields.decode($0, messageID: nil) }
  }

  @Test(arguments: Example.all("cloudevent/invalid"))
  func `Invalid examples are refused`(example: Example) throws {
    let result = try translate(cloudEvent: example.bytes)
    guard result.refusals.isEmpty else { return }
    let refusal = try rejection(ofEvent: result.events[0])
    #expect(refusal != nil, "\(result.events)")
  }

  @Test func `There are examples`() {
    #expect(Example.all("cloudevent/valid").count >= 4)
    #expect(Example.all("cloudevent/invalid").count >= 15)
  }

  @Test func `Numbers stay as they were written, and the same body gives the same bytes`() throws {
    let one = try translate(cloudEvent: Array(Self.whole.utf8))
    let other = try translate(cloudEvent: Array(Self.whole.utf8))
    #expect(one.events == other.events)
    #expect(
      one.events == [
        #"{"id":"c-1","type":"t","origin":"shop","email":"a@b.se","ctx":{"n":1.50},"#
          + #""cloudevent":{"specversion":"1.0"}}"#
      ])
  }

  @Test(
    arguments: [
      (#"[]"#, .notAnObject, "$"), (#"{}"#, .missingField, "$.specversion"),
      (#"{"specversion":"1.0","data_base64":"e30="}"#, .unsupportedContentType, "$.data_base64"),
      (
        #"{"specversion":"1.0","datacontenttype":"text/xml"}"#, .unsupportedContentType,
        "$.datacontenttype"
      ),
      (#"{"specversion":"1.0","id":"x","id":"x"}"#, .duplicateKey, "$"),
      (#"{"specversion":"1.0","data":{"a":1,"a":2}}"#, .duplicateKey, "$.data"),
      (#"{"specversion":"1.0","data":{"id":"y","ctx":{}}}"#, .missingField, "$.id"),
      (
        #"{"specversion":"1.0","id":"x","type":"t","source":"s","data":{"id":"y","ctx":{}}}"#,
        .idMismatch, "$.data.id"
      ),
      (
        #"{"specversion":"1.0","id":"x","type":"t","source":"s","data":{"origin":"o","ctx":{}}}"#,
        .idMismatch, "$.data.origin"
      ),
      (#"{"specversion":"1.0""#, .notJSON, "$.specversion"),
    ] as [(String, ReasonCode, String)])
  func `Each fault has its code and path`(text: String, code: ReasonCode, path: String) throws {
    let refusal = try #require(refusal { try translate(cloudEvent: Array(text.utf8)) })
    #expect(refusal.code == code && refusal.path == path, "\(refusal)")
  }

  @Test func `In a batch, each element is judged alone, one that is no JSON among them`() throws {
    let body = "[\(Self.whole), {\"specversion\":\"0.3\"}, {\"n\":1e999}, \(Self.whole)]"
    let result = try translate(cloudEvent: Array(body.utf8), isBatch: true)
    #expect(result.isBatch)
    #expect(result.events.count == 2)
    #expect(result.refusals.map(\.code) == [.badValue, .numberOutOfRange])
    #expect(result.sources == [Self.whole, #"{"specversion":"0.3"}"#, #"{"n":1e999}"#, Self.whole])
  }

  @Test(arguments: ["[]", "{}", "1", "[1", "[1,]"])
  func `A batch that is none is refused whole`(text: String) {
    #expect(refusal { try translate(cloudEvent: Array(text.utf8), isBatch: true) } != nil)
  }

  @Test func `In binary mode the body is the data`() throws {
    let attributes =
      #"{"specversion":"1.0","id":"c-1","source":"shop","type":"t","time":"2026-01-01T00:00:00Z","#
      + #""traceparent":"00-a-b-01"}"#
    let result = try translate(binary: attributes, #"{"email":"a@b.se","order":{"n":1}}"#)
    #expect(
      result.events == [
        #"{"id":"c-1","type":"t","origin":"shop","email":"a@b.se","ctx":{"order":{"n":1}},"#
          + #""cloudevent":{"specversion":"1.0","time":"2026-01-01T00:00:00Z"}}"#
      ])
    #expect(result.traceParent == "00-a-b-01")
    #expect(refusal { try translate(binary: attributes, "{", isJSON: true) }?.code == .notJSON)
    #expect(
      refusal { try translate(binary: attributes, "<a/>", isJSON: false) }?.code
        == .unsupportedContentType)
    #expect(refusal { try translate(binary: "{}", "{}") }?.path == "$.specversion")
  }

  @Test func `Without a ctx, data is the producer's own: its id and type are context`() throws {
    let body =
      #"{"specversion":"1.0","id":"c","source":"s","type":"t","#
      + #""data":{"id":7,"type":"B2C","email":"a@b.se"}}"#
    #expect(
      try translate(cloudEvent: Array(body.utf8)).events == [
        #"{"id":"c","type":"t","origin":"s","email":"a@b.se","ctx":{"id":7,"type":"B2C"},"#
          + #""cloudevent":{"specversion":"1.0"}}"#
      ])
  }

  @Test func `It is known by its four attributes`() throws {
    let whole = #"{"specversion":"1.0","id":"c","source":"s","type":"t"}"#
    #expect(try withBody(whole) { CloudEvent.isStructured($0) })
    for name in ["specversion", "id", "source", "type"] {
      let other = whole.replacing("\"\(name)\"", with: "\"x\"")
      #expect(try withBody(other) { CloudEvent.isStructured($0) } == false)
    }
    #expect(try withBody("[]") { CloudEvent.isStructured($0) } == false)
    let key = refusal { try translate(cloudEvent: Array(#"{"data":1,"id":1,"id":2}"#.utf8)) }
    #expect(key?.code == .duplicateKey && key?.detail.contains(#""id""#) == true)
  }

  @Test func `A fault of the event is told by its place in the CloudEvent`() {
    func path(_ path: String, _ isBinary: Bool = false) -> String {
      CloudEvent.sourcePath(path, isBinary: isBinary)
    }
    #expect(path("$.email") == "$.data.email" && path("$.id") == "$.id")
    #expect(path("$.origin") == "$.source" && path("$") == "$")
    #expect(path("$.ctx.a[1]") == "$.data.ctx.a[1]" && path("$.identity") == "$.data.identity")
    #expect(path("$.type", true) == "cloudEvents:type" && path("$.email", true) == "$.email")
  }
}
