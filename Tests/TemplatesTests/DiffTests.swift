import JSON
import Messages
import TestSupport
import Testing

@testable import Templates

@Suite("Two sets of templates are compared event by event")
struct DiffTests {
  private static func catalog(_ templates: [(name: String, type: String, text: String)]) throws
    -> TemplateCatalog
  {
    try TemplateCatalog(
      templates.map { name, type, text in
        let head = """
          eventType: \(type)
          channel: email
          publishedAt: 2020-01-01T00:00:00Z
          from: shop@example.se
          required: [ctx.name]

          """
        return try Template(
          TemplateFiles(
            name: name,
            files: [
              TemplateFile(name: "template.yaml", bytes: utf8(head)),
              TemplateFile(name: "subject.mustache", bytes: utf8("For {{ctx.name}}")),
              TemplateFile(name: "text.mustache", bytes: utf8(text)),
            ]),
          checkingSample: false)
      })
  }

  private func change(
    _ old: TemplateCatalog, _ new: TemplateCatalog, type: String = "a",
    ctx: String = #"{"name":"E"}"#
  ) throws -> RenderingChange {
    let parser = JSONParser()
    let body = #"{"id":"1","type":"\#(type)","email":"a@b.se","ctx":\#(ctx)}"#
    return try parser.withDocument(utf8(body)) { root in
      let fields = try EventFields.decode(root, messageID: nil)
      let now = time("2026-01-01T00:00:00Z")
      return RenderingChange(
        Rendering(fields, catalog: old, lane: .batch, at: now),
        Rendering(fields, catalog: new, lane: .batch, at: now), using: (JSONParser(), JSONParser()))
    }
  }

  @Test func `Each kind of change is told for what it is`() throws {
    let old = try Self.catalog([("a.email", "a", "one\ntwo {{ctx.name}}\nthree")])
    #expect(try change(old, old).kind == .same)
    // Another version that says the same to this event.
    let comment = try Self.catalog([("a.email", "a", "one\ntwo {{! new }}{{ctx.name}}\nthree")])
    #expect(try change(old, comment).kind == .same)
    let content = try change(old, Self.catalog([("a.email", "a", "one\n2 {{ctx.name}}\nthree")]))
    #expect(content.kind == .otherContent)
    #expect(content.fields.map(\.name) == ["text"])
    #expect(content.fields[0].lines.map(\.text) == [" one", "-two E", "+2 E", " three"])
    let renamed = try change(old, Self.catalog([("b.email", "a", "one\ntwo {{ctx.name}}\nthree")]))
    #expect(renamed.kind == .otherTemplate && renamed.fields.isEmpty)
    let gone = try change(old, Self.catalog([("b.email", "b", "x {{ctx.name}}")]))
    #expect(gone.kind == .newlyNotCovered && gone.new.template == nil)
    let come = try change(Self.catalog([("b.email", "b", "x {{ctx.name}}")]), old)
    #expect(come.kind == .newlyCovered)
    let lacking = try change(old, old, ctx: "{}")
    #expect(lacking.kind == .same && lacking.new.template?.name == "a.email")
    let broken = try change(old, Self.catalog([("a.email", "a", "{{ctx}}")]))
    #expect(broken.kind == .newlyNotCovered && broken.new.template?.name == "a.email")
  }

  @Test(
    arguments: [
      ("a", "a", []), ("", "", []), ("a", "b", ["-a", "+b"]), ("a\nb", "a\nb\n", [" b", "+"]),
      ("1\n2\n3\n4\n5\n6", "1\n2\nx\n4\n5\n6", [" 2", "-3", "+x", " 4"]),
      ("1\n2\n3", "0\n1\n2\n3", ["+0", " 1"]), ("1\n2", "2", ["-1", " 2"]),
      ("e\u{301}", "\u{E9}", ["-e\u{301}", "+\u{E9}"]),
    ] as [(String, String, [String])])
  func `Lines that differ are shown with their neighbours`(
    old: String, new: String, expected: [String]
  ) {
    #expect(LineDiff(old, new).lines.map(\.text) == expected)
  }

  @Test func `Old and new can be read off the result`() {
    var random = SeededRandom(printedSeed())
    for _ in 0..<200 {
      func text() -> [String] {
        (0..<Int.random(in: 0...12, using: &random)).map { _ in
          ["a", "b", "c", ""].randomElement(using: &random)!
        }
      }
      let (old, new) = (text(), text())
      let lines = LineDiff(old.joined(separator: "\n"), new.joined(separator: "\n")).lines
      let removed = lines.filter { if case .removed = $0 { true } else { false } }.count
      let added = lines.filter { if case .added = $0 { true } else { false } }.count
      // An empty text is one empty line.
      #expect(max(1, old.count) - removed == max(1, new.count) - added)
      #expect((old.joined(separator: "\n") == new.joined(separator: "\n")) == lines.isEmpty)
    }
  }

  @Test func `A text of very many lines is told in numbers`() {
    let old = (0..<5_000).map(String.init).joined(separator: "\n")
    #expect(LineDiff(old, old + "\nx").lines.map(\.text) == ["-(5000 lines)", "+(5001 lines)"])
    #expect(LineDiff(old, old).lines.isEmpty)
  }
}
