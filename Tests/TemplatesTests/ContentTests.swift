import JSON
import Testing

@testable import Templates

struct ContentTests {
  static let event = #"{"id":"1","type":"order","ctx":{"number":"1042","name":"Elsa <3"}}"#

  @Test func `The content has its fields in the order of the contract`() throws {
    var draft = Draft()
    draft.metadata["replyTo"] = "\"{{ctx.name}} <help@example.se>\""
    draft.metadata["headers"] = "{X-Order: \"{{ctx.number}}\", List-Id: shop}"
    draft.metadata["attachments"] = "[\"https://example.se/{{ctx.number}}.pdf\"]"
    draft.files["html.mustache"] = "<b>{{ctx.name}}</b>\n"
    #expect(
      try draft.content(Self.event)
        == #"{"from":"shop@example.se","replyTo":"\"Elsa <3\" <help@example.se>","#
        + #""subject":"Order 1042","#
        + #""text":"Hello Elsa <3\n","html":"<b>Elsa &lt;3</b>\n","#
        + #""headers":{"X-Order":"1042","List-Id":"shop"},"#
        + #""attachments":["https://example.se/1042.pdf"]}"#)
  }

  @Test func `Whatever an event puts into a header, it stays one line`() throws {
    var draft = Draft()
    draft.metadata["from"] = "\"{{ctx.name}} <a@example.se>\""
    draft.metadata["headers"] = "{X-Name: \"{{{ctx.name}}}\"}"
    draft.metadata["attachments"] = "[\"https://example.se/{{{ctx.name}}}\"]"
    draft.files["subject.mustache"] = "{{{ctx.name}}}"
    let content = try draft.content(#"{"ctx":{"name":"x\r\nBcc: y\n\u2028"}}"#)
    #expect(
      content
        == #"{"from":"\"x Bcc: y\" <a@example.se>","subject":"x Bcc: y","#
        + #""text":"Hello x\r\nBcc: y\n"# + "\u{2028}" + #"\n","headers":{"X-Name":"x Bcc: y"},"#
        + #""attachments":["https://example.se/x%0D%0ABcc:%20y%0A%E2%80%A8"]}"#)
  }

  @Test(arguments: [
    (#""text""#, false), ("1", false), (#""1""#, false), (#""html""#, true), ("2", true),
    ("0", true), ("null", true),
  ])
  func `A recipient who asked for text gets no html, where there is a text`(
    format: String, hasHTML: Bool
  ) throws {
    var draft = Draft()
    draft.files["html.mustache"] = "<b>{{ctx.name}}</b>"
    let event = #"{"ctx":{"name":"Elsa"},"emailFormat":\#(format)}"#
    let content = try draft.content(event)
    #expect(content.contains("\"html\"") == hasHTML && content.contains("\"text\""), "\(content)")
    draft.files["text.mustache"] = nil
    #expect(try draft.content(event).contains("\"html\""))
  }

  @Test func `An empty replyTo, header or attachment is left out; the others stay`() throws {
    var draft = Draft()
    draft.metadata["replyTo"] = "\"{{ctx.reply}}\""
    draft.metadata["headers"] = "{A: \"{{a}}\", B: \"{{b}}\", C: \"{{c}}\", D: \"{{d}}\"}"
    draft.metadata["attachments"] = "[\"{{a}}\", \"{{b}}\"]"
    draft.files["subject.mustache"] = ""
    #expect(
      try draft.content(#"{"b":"cid:2","d":4}"#)
        == #"{"from":"shop@example.se","subject":"","text":"Hello \n","#
        + #""headers":{"B":"cid:2","D":"4"},"attachments":["cid:2"]}"#)
    #expect(try draft.content("{}").hasSuffix(#","headers":{},"attachments":[]}"#))
  }

  @Test func `Without a sender there is no message`() throws {
    var draft = Draft()
    draft.metadata["from"] = "\"{{sender}}\""
    draft.files["sample.json"] =
      #"{"id":"1","type":"order","email":"a@b.se","ctx":{},"sender":"a@b.se"}"#
    let error = try #require(throws: RenderError.self) { try draft.content(Self.event) }
    #expect(error.code == .emptyField)
    #expect(error.field == "from")
  }

  @Test(arguments: [
    (#"{"ctx":{"number":"1"}}"#, true), (#"{"ctx":{"number":0}}"#, true),
    (#"{"ctx":{"number":""}}"#, true), (#"{"ctx":{"number":[]}}"#, true),
    (#"{"ctx":{"number":null}}"#, false), (#"{"ctx":{}}"#, false), ("{}", false),
    (#"{"ctx":"x"}"#, false), (#"{"number":"1"}"#, false),
  ])
  func `A required path must be there and not be null`(_ event: String, isPresent: Bool) throws {
    var draft = Draft()
    draft.metadata["required"] = "[ctx.number]"
    draft.files["subject.mustache"] = "Order"
    if isPresent {
      #expect(try draft.content(event).hasPrefix("{"))
    } else {
      let error = try #require(throws: RenderError.self) { try draft.content(event) }
      #expect(error.code == .missingRequired)
      #expect(error.field == "ctx.number")
      #expect(error.file == "order.email/template.yaml")
      #expect(error.line == 5)
    }
  }

  @Test func `After an error nothing has been appended`() throws {
    let template = try Draft().template()
    let parser = JSONParser()
    var writer = ByteWriter(capacity: 64)
    writer.write("before")
    #expect(throws: RenderError.self) {
      try template.render(try parser.parse(utf8(#"{"ctx":{"name":[]}}"#)), into: &writer)
    }
    #expect(writer.array() == utf8("before"))
  }

  @Test(arguments: [
    (
      "{{#a}}{{#a}}{{#a}}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{/a}}{{/a}}{{/a}}",
      RenderError.Code.tooLarge
    ),
    ("{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}", .tooLong),
    ("{{#a}}{{big}}{{/a}}", .tooLarge),
    ("{{big}}{{big}}{{big}}{{big}}", .tooLarge),
    ("{{#a}}{{#o}}{{missing}}{{missing}}{{missing}}{{missing}}{{/o}}{{/a}}", .tooLong),
  ])
  func `A rendering that grows without end is stopped`(_ text: String, code: RenderError.Code)
    throws
  {
    let array = Array(repeating: "1", count: 200).joined(separator: ",")
    let big = String(repeating: "b", count: 300_000)
    let members = (0..<40_000).map { "\"m\($0)\":0" }.joined(separator: ",")
    let error = try #require(throws: RenderError.self) {
      try render(text, "{\"a\":[\(array)],\"big\":\"\(big)\",\"o\":{\(members)}}")
    }
    #expect(error.code == code)
    #expect(error.file == "test")
  }

  @Test func `A rendering is stopped soon after it has become too large`() throws {
    let literal = String(repeating: "x", count: 100_000)
    var compiler = MustacheCompiler { _ in nil }
    let text = "{{#a}}{{#a}}\(literal){{/a}}{{/a}}"
    let block = compiler.add(MustacheSource(file: "test", bytes: utf8(text)), style: .text)
    let program = compiler.finish().program
    let parser = JSONParser()
    let array = Array(repeating: "1", count: 20).joined(separator: ",")
    let root = try parser.parse(utf8("{\"a\":[\(array)]}"))
    var writer = ByteWriter(capacity: 64)
    var steps = 0
    do {
      try program.run(over: root, from: 0, steps: &steps) { (run) throws(RenderError) in
        try run.render(block, into: &writer)
      }
      Issue.record("expected an error")
    } catch {
      #expect(error.code == .tooLarge)
      #expect(steps > 0)
    }
    #expect(writer.count <= TemplateLimits.outputBytes + literal.utf8.count)
  }
}
