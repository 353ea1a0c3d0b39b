import JSON
import Messages
import Testing

@Suite("Adobe's XML becomes events")
struct AdobeTests {
  @Test("The examples become what stands beside them", arguments: Example.all("adobe/valid"))
  func valid(example: Example) throws {
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

  @Test("Invalid examples are refused", arguments: Example.all("adobe/invalid"))
  func invalid(example: Example) throws {
    do {
      let result = try translate(adobe: example.bytes)
      guard result.refusals.isEmpty else { return }
      let refusal = try rejection(ofEvent: result.events[0])
      #expect(refusal != nil, "\(result.events)")
    } catch let refusal as Rejection {
      #expect(refusal.detail.hasPrefix("line ") || refusal.code == .emptyBatch, "\(refusal)")
    }
  }

  @Test("There are examples")
  func found() {
    #expect(Example.all("adobe/valid").count >= 5)
    #expect(Example.all("adobe/invalid").count >= 12)
  }

  @Test("A document type is refused before its entities are looked at")
  func documentType() throws {
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
    "Faults of a document have code, path, line and column",
    arguments: [
      ("", .notXML, "/", "line 1, column 1: "),
      ("<rtEvent id='x'>\n <ctx>\n  <a></b>", .notXML, "/rtEvent/ctx/a", "line 3, column 8: "),
      ("<PushEvents>\n<other/></PushEvents>", .badValue, "/PushEvents/other", "line 2, column 1: "),
      ("<rtEvent><ctx>\u{FFFD}&x;</ctx></rtEvent>", .notXML, "/rtEvent/ctx", "line 1, column 18: "),
      ("<PushEvents></PushEvents>", .emptyBatch, "/", "expected at least one"),
      ("<rtEvent/><rtEvent/>", .notXML, "/", "line 1, column 11: "),
    ] as [(String, ReasonCode, String, String)])
  func faults(text: String, code: ReasonCode, path: String, detail: String) throws {
    let refusal = try #require(refusal { try translate(adobe: Array(text.utf8)) })
    #expect(refusal.code == code && refusal.path == path, "\(refusal)")
    #expect(refusal.detail.hasPrefix(detail), "\(refusal)")
  }

  @Test("Bytes that are not UTF-8 are told for that")
  func encoding() throws {
    let body = Array("<rtEvent a='".utf8) + [0xFF, 0xE5] + Array("'/>".utf8)
    #expect(refusal { try translate(adobe: body) }?.code == .invalidUTF8)
  }

  @Test("Depth and size are bounded as those of JSON are; other events of the message go on")
  func limits() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "<a>", count: depth) + "x" + String(repeating: "</a>", count: depth)
    }
    func event(_ id: String, _ inner: String) -> String {
      "<rtEvent id='\(id)' type='t' email='a@b.se'><ctx>\(inner)</ctx></rtEvent>"
    }
    // The event and its ctx are two of them.
    let deep = Limits.eventDepth - 2
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

  @Test("An event that is alone and has no id takes the message's; one of several does not")
  func messageID() throws {
    func translated(_ text: String) throws -> [String] {
      try translate(adobe: Array(text.utf8), messageID: "m-\"1").events
    }
    #expect(try translated("<rtEvent type='t'/>") == [#"{"type":"t","id":"m-\"1"}"#])
    #expect(try translated("<rtEvent/>") == [#"{"id":"m-\"1"}"#])
    #expect(try translated("<rtEvent id='own'/>") == [#"{"id":"own"}"#])
    #expect(
      try translated("<PushEvent><domEvent><rtEvent/></domEvent></PushEvent>")
        == [#"{"id":"m-\"1"}"#])
    #expect(try translated("<PushEvents><rtEvent/></PushEvents>") == ["{}"])
    #expect(try translated("<PushEvent><rtEvent/><rtEvent/></PushEvent>") == ["{}", "{}"])
  }

  @Test(
    "A tree becomes JSON as the table says",
    arguments: [
      ("<a/>", #"{"a":""}"#), ("<a> x\n</a>", #"{"a":"x"}"#), ("<a b='1'/>", #"{"a":{"b":"1"}}"#),
      ("<a>1</a><b/><a>2</a><a c='3'/>", #"{"a":["1","2",{"c":"3"}],"b":""}"#),
      ("<a b='1'>x<b>2</b></a>", #"{"a":{"b":["1","2"],"text":"x"}}"#),
      ("<x:a xmlns:x='u' x:b='1' c='2'/>", #"{"a":{"c":"2"}}"#),
      ("<a><![CDATA[<b>&amp;]]></a>", #"{"a":"<b>&amp;"}"#), ("<a>&lt;&#229;</a>", #"{"a":"<å"}"#),
      ("<a text='1'>2</a>", #"{"a":{"text":["1","2"]}}"#),
    ])
  func tree(inner: String, expected: String) throws {
    let body = "<rtEvent id='x' type='t'><ctx>\(inner)</ctx></rtEvent>"
    let result = try translate(adobe: Array(body.utf8))
    #expect(result.events == [#"{"id":"x","type":"t","ctx":"# + expected + "}"])
  }

  @Test("Many names in one element take no quadratic time")
  func manyNames() throws {
    let names = (0..<60_000).map { "<a\($0)/>" }.joined()
    let body = Array("<rtEvent><ctx>\(names)</ctx></rtEvent>".utf8)
    let clock = ContinuousClock()
    let time = try clock.measure { _ = try translate(adobe: body, maxEventBytes: 4 << 20) }
    #expect(time < .seconds(30))
  }

  @Test("However the body is cut, the same comes of it", arguments: [1, 2, 3, 7, 50, 1 << 20])
  func slices(size: Int) throws {
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

  @Test("A tag or a comment of many megabytes takes no quadratic time")
  func longTokens() throws {
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

  @Test("Bytes changed anywhere never trap, and what comes of them is JSON of the body's events")
  func damaged() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("damaged: seed \(seed)")
    var random = SeededBytes(state: seed)
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

/// Sebastiano Vigna's SplitMix64.
private struct SeededBytes {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
