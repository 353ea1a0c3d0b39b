import JSON
import Testing

@testable import Templates

struct RenderRulesTests {
  private static func draft(_ change: (inout Draft) -> Void = { _ in }) -> Draft {
    var draft = Draft()
    draft.metadata["from"] = "\"{{ctx.name}} <shop@example.se>\""
    draft.metadata["attachments"] = "[\"https://example.se/{{ctx.number}}.pdf\"]"
    change(&draft)
    return draft
  }

  private static let event = #"{"ctx":{"number":"a b","name":"first\nsecond"}}"#

  @Test func `A template that an event has pinned goes on by the rules of its release`() throws {
    let files = Self.draft { $0.files["subject.mustache"] = "{{ctx.name}}{{else}}\n" }.templateFiles
    let old = try Template(files, rules: .first)
    var writer = ByteWriter(capacity: 64)
    old.archive(into: &writer)
    let restored = try Template.restore(archive: writer.array())
    #expect(restored.rules == .first)
    let parser = JSONParser()
    let event = try parser.parse(utf8(Self.event))
    #expect(
      try Draft.content(restored, event)
        == #"{"from":"firstsecond <shop@example.se>","subject":"firstsecond","#
        + #""text":"Hello first\nsecond\n","attachments":["https://example.se/a b.pdf"]}"#)
  }

  @Test func `The same files have another version under other rules`() throws {
    let files = Self.draft().templateFiles
    let versions = try RenderRules.allCases.map { try Template(files, rules: $0).version }
    #expect(Set(versions).count == RenderRules.allCases.count)
    #expect(try Template(files).rules == .current)
  }

  @Test func `A display name that is made from data is one, whatever is in it`() throws {
    let draft = Self.draft { $0.metadata["replyTo"] = "'{{ctx.name}} <svar@example.se>'" }
    let content = try draft.content(#"{"ctx":{"name":"A\", evil@example.com, \"B"}}"#)
    let name = #"\"A\\\", evil@example.com, \\\"B\""#
    #expect(
      content.hasPrefix(
        "{\"from\":\"\(name) <shop@example.se>\",\"replyTo\":\"\(name) <svar@example.se>\","))
    // Without a name there are no quotes either, and those of the template are not doubled.
    #expect(
      try draft.content("{}").hasPrefix(
        #"{"from":"<shop@example.se>","replyTo":"<svar@example.se>","#))
    let quoted = Self.draft { $0.metadata["from"] = #"'"{{ctx.name}}, AB" <shop@example.se>'"# }
    #expect(
      try quoted.content(#"{"ctx":{"name":"Å"}}"#).hasPrefix(
        #"{"from":"\"Å, AB\" <shop@example.se>","#))
  }

  @Test(arguments: [
    ("a@example.se", true), ("Elsa <a@example.se>", true), (#""Elsa, AB" <a@example.se>"#, true),
    ("a@example.se, b@example.se", false), ("Elsa, AB <a@example.se>", false),
    (#""Elsa" x, <a@example.se>"#, false), (#""Elsa <a@example.se>"#, false), ("Elsa", false),
    ("<a@example.se> b@example.se", false), (#""Elsa\" <a@example.se>"#, false),
    ("Elsa <a@exa\u{200B}mple.se>", false), ("a@example.se>", false),
  ])
  func `An address that is made from data is one address`(_ value: String, isOne: Bool) throws {
    let draft = Self.draft {
      $0.metadata["from"] = "'{{{ctx.from}}}'"
      $0.files["sample.json"] =
        #"{"id":"1","type":"order","email":"a@b.se","ctx":{"number":"1","from":"a@b.se"}}"#
    }
    var event = ByteWriter(capacity: 64)
    event.write("{\"ctx\":{\"from\":")
    event.writeJSONString(value)
    event.write("}}")
    let text = String(decoding: event.array(), as: UTF8.self)
    if isOne {
      #expect(try draft.content(text).hasPrefix("{\"from\":"))
    } else {
      let error = try #require(throws: RenderError.self) { try draft.content(text) }
      #expect(error.code == .badMailbox)
      #expect(error.field == "from")
    }
  }

  @Test func `An attachment that is no URL cannot be rendered`() throws {
    let draft = Self.draft {
      $0.metadata["attachments"] = "['{{ctx.url}}']"
    }
    for value in ["invoice.pdf", "https:", ":x", "1a:b", "å:b"] {
      let error = try #require(throws: RenderError.self) {
        try draft.content("{\"ctx\":{\"url\":\"\(value)\"}}")
      }
      #expect(error.code == .badLink)
    }
    #expect(
      try draft.content(#"{"ctx":{"url":"https://x.se/faktura å"}}"#)
        .hasSuffix(#""attachments":["https://x.se/faktura%20%C3%A5"]}"#))
  }

  @Test
  func `A text message ends where its text does; an e-mail keeps its last line break`() throws {
    #expect(try Self.draft().content("{}").contains(#""text":"Hello \n","#))
    let sms = Self.draft {
      $0.metadata["channel"] = "sms"
      $0.metadata["from"] = "Kaffe"
      $0.files["subject.mustache"] = nil
      $0.files["text.mustache"] = "Hello {{ctx.name}}\r\n\n"
      $0.files["sample.json"] =
        #"{"id":"1","type":"order","channel":"sms","mobilePhone":"+4670","ctx":{"number":"1"}}"#
    }
    #expect(try sms.content("{}").contains(#""text":"Hello ","#))
  }

  @Test(arguments: [
    "{{#ctx.a}}A{{else}}B{{/ctx.a}}", "{{#ctx.l}}{{this}}{{/ctx.l}}",
    "{{#ctx.l}}{{this.name}}{{/ctx.l}}", "{{#ctx.l}}{{@index}}{{/ctx.l}}", "{{../name}}",
    "{{#if ctx.a}}A{{/if ctx.a}}", "{{#each ctx.l}}{{/each ctx.l}}", "{{~ctx.a~}}",
    "{{else if ctx.a}}",
  ])
  func `The words of Handlebars are refused, with what to write instead`(_ text: String) {
    let draft = Self.draft { $0.files["text.mustache"] = text }
    let problem = draft.problems.first
    #expect(problem?.code == .mustache)
    #expect(problem?.detail.contains("Mustache has no") == true)
  }

  @Test func `Names that the sample has nothing for are told, but for what is meant to be missing`()
    throws
  {
    let draft = Self.draft {
      $0.files["text.mustache"] = """
        {{ctx.name}} {{name}}
        {{#ctx.lines}}{{price}}{{/ctx.lines}}{{^ctx.lines}}none{{/ctx.lines}}
        {{#ctx.itmes}}x{{/ctx.itmes}}{{#ctx.list}}{{sku}}{{count}}{{/ctx.list}}
        """
      $0.files["sample.json"] = """
        {"id":"1","type":"order","email":"a@b.se",
         "ctx":{"number":"1","name":"Elsa","list":[{"sku":1},{"sku":null,"count":2}]}}
        """
    }
    #expect(
      try draft.template().unresolvedInSample().map(\.description) == [
        "order.email/text.mustache:1: {{name}}: sample.json has nothing of this name",
        "order.email/text.mustache:3: {{#ctx.itmes}}: sample.json has nothing of this name",
      ])
    #expect(try Draft().template().unresolvedInSample().isEmpty)
  }
}
