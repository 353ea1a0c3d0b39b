import JSON
import Messages
import TestSupport
import Testing

@Suite("Adobe's XML becomes events")
struct AdobeTests {
  @Test(arguments: Example.all("adobe/valid"))
  func `The examples become what stands beside them`(example: Example) throws {
    let name = example.name.split(separator: "/").last!.dropLast(4)
    let expected = try #require(
      Example.all("adobe/translated").first { $0.name.hasSuffix("/\(name).json") })
    let result = try translate(adobe: example.bytes)
    #expect(result.refusals.isEmpty)
    let text = result.isBatch ? "[\(result.events.joined(separator: ","))]" : result.events[0]
    #expect(try isSame(text, expected.bytes), "\(text)")
    for event in result.events {
      try withBody(event) { _ = try EventFields.decode($0, messageID: nil) }
    }
  }

  @Test(arguments: Example.all("adobe/invalid"))
  func `Invalid examples are refused`(example: Example) throws {
    do {
      let result = try translate(adobe: example.bytes)
      guard result.refusals.isEmpty else { return }
      let refusal = try rejection(ofEvent: result.events[0])
      #expect(refusal != nil, "\(result.events)")
    } catch let refusal as Rejection {
      #expect(refusal.detail.hasPrefix("line ") || refusal.code == .emptyBatch, "\(refusal)")
    }
  }

  @Test func `There are examples`() {
    #expect(Example.all("adobe/valid").count >= 5)
    #expect(Example.all("adobe/invalid").count >= 12)
  }

  @Test func `A document type is refused before its entities are looked at`() throws {
    var text = "<?xml version=\"1.0\"?>\n<!DOCTYPE rtEvent [\n<!ENTITY a0 \"ha\">\n"
    for level in 1...30 {
      let inner = String(repeating: "&a\(level - 1);", count: 10)
      text += "<!ENTITY a\(level) \"\(inner)\">\n"
    }
    text += "]>\n<rtEvent id=\"x\" type=\"t\" email=\"a@b\"><ctx><n>&a30;</n></ctx></rtEvent>"
    let refusal = try #require(refusal { try translate(adobe: Array(text.utf8)) })
    #expect(refusal.code == .notXML)
    #expect(refusal.detail.hasPrefix("line 2, column 19: a document type"), "\(refusal)")
  }

  @Test(
    arguments: [
      ("", .notXML, "/", "line 1, column 1: "),
      ("<rtEvent id='x'>\n <ctx>\n  <a></b>", .notXML, "/rtEvent/ctx/a", "line 3, column 8: "),
      ("<PushEvents>\n<other/></PushEvents>", .badValue, "/PushEvents/other", "line 2, column 1: "),
      ("<rtEvent><ctx>\u{FFFD}&x;</ctx></rtEvent>", .notXML, "/rtEvent/ctx", "line 1, column 18: "),
      ("<PushEvents></PushEvents>", .emptyBatch, "/", "expected at least one"),
      ("<rtEvent/><rtEvent/>", .notXML, "/", "line 1, column 11: "),
    ] as [(String, ReasonCode, String, String)])
  func `Faults of a document have code, path, line and column`(
    text: String, code: ReasonCode, path: String, detail: String
  ) throws {
    let refusal = try #require(refusal { try translate(adobe: Array(text.utf8)) })
    #expect(refusal.code == code && refusal.path == path, "\(refusal)")
    #expect(refusal.detail.hasPrefix(detail), "\(refusal)")
  }

  @Test func `Bytes that are not UTF-8 are told for that`() throws {
    let body = Array("<rtEvent a='".utf8) + [0xFF, 0xE5] + Array("'/>".utf8)
    #expect(refusal { try translate(adobe: body) }?.code == .invalidUTF8)
    let cut = Array("<rtEvent>".utf8) + [0xE2, 0x80]
    #expect(refusal { try translate(adobe: cut) }?.code == .invalidUTF8)
  }

  @Test
  func `Depth and size are bounded as those of JSON are; other events of the message go on`() throws
  {
    func nested(_ depth: Int) -> String {
      String(repeating: "<a>", count: depth) + "x" + String(repeating: "</a>", count: depth)
    }
    func event(_ id: String, _ inner: String) -> String {
      "<rtEvent id='\(id)' type='t' email='a@b.se'><ctx>\(inner)</ctx></rtEvent>"
    }
    // The event and its ctx are two of them.
    let deep = MessageLimits.eventDepth - 2
    let ok = try translate(adobe: Array(event("a", nested(deep)).utf8))
    #expect(ok.events.count == 1)
    let events = [event("a", nested(deep + 1)), event("b", ""), event("c", "<t>\(big)</t>")]
    let body = "<PushEvents>\(events.joined())</PushEvents>"
    let result = try translate(adobe: Array(body.utf8), maxEventBytes: 2_000)
    #expect(result.events.count == 1 && result.events[0].contains(#""id":"b""#))
    #expect(result.refusals.map(\.code) == [.tooDeep, .tooLarge])
    #expect(result.sources == events)
    let far = refusal { try translate(adobe: Array(nested(100_000).utf8)) }
    #expect(far?.code == .badValue)  // no event at all
    #expect(refusal { try translate(adobe: Array(event("a", nested(90_000)).utf8)) } != nil)
  }

  private var big: String { String(repeating: "y", count: 3_000) }

  @Test
  func `Events without an id take the message's, those of a collection their place behind it`()
    throws
  {
    func translated(_ text: String) throws -> [String] {
      try translate(adobe: Array(text.utf8), messageID: "m-\"1").events
    }
    #expect(try translated("<rtEvent type='t'/>") == [#"{"type":"t","id":"m-\"1"}"#])
    #expect(try translated("<rtEvent/>") == [#"{"id":"m-\"1"}"#])
    #expect(try translated("<rtEvent id='own'/>") == [#"{"id":"own"}"#])
    #expect(try translated("<rtEvent id=''/>") == [#"{"id":"m-\"1"}"#])
    #expect(
      try translated("<PushEvent><domEvent><rtEvent/></domEvent></PushEvent>")
        == [#"{"id":"m-\"1"}"#])
    #expect(try translated("<PushEvents><rtEvent/></PushEvents>") == [#"{"id":"m-\"1.0"}"#])
    #expect(
      try translated("<PushEvent><rtEvent/><rtEvent id='x'/><rtEvent a='1'/></PushEvent>")
        == [#"{"id":"m-\"1.0"}"#, #"{"id":"x"}"#, #"{"a":"1","id":"m-\"1.2"}"#])
  }

  @Test(arguments: [true, false])
  func `Without a message id they are refused, and told how to give one`(isCollection: Bool) throws
  {
    let event = "<rtEvent type='t'/>"
    let body = isCollection ? "<PushEvents>\(event)<rtEvent id='x'/></PushEvents>" : event
    let result = try translate(adobe: Array(body.utf8))
    let refusal = try #require(result.refusals.first)
    #expect(refusal.code == .missingField && refusal.path == "$.id")
    #expect(refusal.detail.contains("message_id"), "\(refusal)")
    #expect(result.sources[0] == event && result.events.count == (isCollection ? 1 : 0))
  }

  @Test(arguments: ["Events", "events", "ns:Liste", "rtEvent-collection", "x"])
  func `One element around the events of a collection may have any name`(name: String) throws {
    let xmlns = name.hasPrefix("ns:") ? " xmlns:ns='u'" : ""
    let body =
      "<p:PushEvents xmlns:p='urn:nms:rtEvent'><p:sessiontoken>t</p:sessiontoken>"
      + "<p:domEventCollection><\(name)\(xmlns)><rtEvent id='a'/><rtEvent id='b'/></\(name)>"
      + "</p:domEventCollection></p:PushEvents>"
    #expect(try translate(adobe: Array(body.utf8)).events == [#"{"id":"a"}"#, #"{"id":"b"}"#])
  }

  @Test(arguments: [
    "<domEventCollection><a><b><rtEvent/></b></a></domEventCollection>",
    "<domEventCollection><a><rtEvent/></a><b><rtEvent/></b></domEventCollection>",
    "<PushEvents><a><rtEvent/></a></PushEvents>", "<a><rtEvent/></a>",
  ])
  func `But one, and only there`(body: String) {
    #expect(refusal { try translate(adobe: Array(body.utf8)) }?.code == .badValue)
  }

  @Test func `Typographic quotes are UTF-8 and no XML; UTF-16 is refused whole`() throws {
    let body = "<rtEvent id='q'><app uuid=\u{201D}x\u{201D}/><ctx/></rtEvent>"
    let quotes = try #require(refusal { try translate(adobe: Array(body.utf8)) })
    #expect(quotes.code == .notXML && quotes.detail.contains("plain quotation mark"))
    let other = refusal { try translate(adobe: Array("<rtEvent a=\u{E5}/>".utf8)) }
    #expect(other?.code == .notXML && other?.detail.contains("quotation") == false)
    for mark in [[0xFF, 0xFE], [0xFE, 0xFF], []] as [[UInt8]] {
      let isLittle = mark.first != 0xFE
      let wide = mark + Array("<rtEvent/>".utf8).flatMap { isLittle ? [$0, 0] : [0, $0] }
      let refusal = try #require(refusal { try translate(adobe: wide) })
      #expect(refusal.code == .unsupportedContentType && refusal.detail.contains("UTF-8"))
    }
    #expect(
      try translate(adobe: [0xEF, 0xBB, 0xBF] + Array("<rtEvent id='a'/>".utf8)).events
        == [#"{"id":"a"}"#])
  }

  @Test(arguments: [
    ("<a/>", #"{"a":""}"#), ("<a> x\n</a>", #"{"a":"x"}"#), ("<a b='1'/>", #"{"a":{"b":"1"}}"#),
    ("<a>1</a><b/><a>2</a><a c='3'/>", #"{"a":["1","2",{"c":"3"}],"b":""}"#),
    ("<a b='1'>x<b>2</b></a>", #"{"a":{"b":["1","2"],"text":"x"}}"#),
    ("<x:a xmlns:x='u' x:b='1' c='2'/>", #"{"a":{"c":"2"}}"#),
    ("<a><![CDATA[<b>&amp;]]></a>", #"{"a":"<b>&amp;"}"#), ("<a>&lt;&#229;</a>", #"{"a":"<å"}"#),
    ("<a text='1'>2</a>", #"{"a":{"text":["1","2"]}}"#),
  ])
  func `A tree becomes JSON as the table says`(inner: String, expected: String) throws {
    let body = "<rtEvent id='x' type='t'><ctx>\(inner)</ctx></rtEvent>"
    let result = try translate(adobe: Array(body.utf8))
    #expect(result.events == [#"{"id":"x","type":"t","ctx":"# + expected + "}"])
  }

  @Test func `Many names in one element take no quadratic time`() throws {
    let names = (0..<60_000).map { "<a\($0)/>" }.joined()
    let body = Array("<rtEvent><ctx>\(names)</ctx></rtEvent>".utf8)
    let clock = ContinuousClock()
    let time = try clock.measure { _ = try translate(adobe: body, maxEventBytes: 4 << 20) }
    #expect(time < .seconds(30))
  }

  @Test(arguments: [1, 2, 3, 7, 50, 1 << 20])
  func `However the body is cut, the same comes of it`(size: Int) throws {
    for example in Example.all("adobe/valid") {
      let result = try translate(adobe: example.bytes, slice: size)
      let whole = try translate(adobe: example.bytes)
      #expect(result.events == whole.events && result.sources == whole.sources)
    }
    for example in Example.all("adobe/invalid") {
      #expect(
        refusal { try translate(adobe: example.bytes, slice: size) }
          == refusal { try translate(adobe: example.bytes) }, "\(example.name)")
    }
  }

  @Test func `A tag or a comment of many megabytes takes no quadratic time`() throws {
    let filler = String(repeating: "x", count: 8 << 20)
    var codes: [ReasonCode] = []
    let body = "<!--\(filler)--><rtEvent a='\(filler.prefix(4 << 20))'><ctx/></rtEvent>"
    let clock = ContinuousClock()
    let time = try clock.measure {
      codes = try translate(adobe: Array(body.utf8)).refusals.map(\.code)
    }
    #expect(codes == [.tooLarge])
    #expect(time < .seconds(60))
  }

  @Test
  func `Bytes changed anywhere never trap, and what comes of them is JSON of the body's events`()
    throws
  {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("damaged: seed \(seed)")
    var random = SeededRandom(seed)
    let examples = Example.all("adobe/valid") + Example.all("cloudevent/valid")
    for round in 0..<600 {
      let example = examples[Int(random.next() % UInt64(examples.count))]
      var body = example.bytes
      for _ in 0...Int(random.next() % 3) {
        body[Int(random.next() % UInt64(body.count))] =
          Array("<>&'\"/[]{}:,\\! x\u{FF}".utf8)[Int(random.next() % 18)]
      }
      let isXML = example.name.hasSuffix(".xml")
      let result = try? isXML ? translate(adobe: body) : translate(cloudEvent: body)
      for event in result?.events ?? [] {
        let kind = try? withBody(event) { $0.kind }
        #expect(kind == .object, "seed \(seed), round \(round): \(event)")
      }
    }
  }
}
