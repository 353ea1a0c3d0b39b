import Testing

@testable import Templates

/// A template that must be refused.
struct Mistake: Sendable, CustomTestStringConvertible {
  let template: String
  let line: Int
  let code: TemplateProblem.Code
  /// A part of the sentence.
  let expected: String

  var testDescription: String { template }

  init(_ template: String, line: Int = 1, _ expected: String) {
    self.init(template, line: line, .mustache, expected)
  }

  init(
    _ template: String, line: Int = 1, _ code: TemplateProblem.Code, _ expected: String
  ) {
    self.template = template
    self.line = line
    self.code = code
    self.expected = expected
  }

  static let all = [
    Mistake("a\nb {{name", line: 2, "not closed: expected }}"),
    Mistake("{{{name}}", "not closed: expected }}}"),
    Mistake("{{=<% %>}}", "not closed: expected =}}"),
    Mistake("{{}}", "expected a name"),
    Mistake("{{ }}", "expected a name"),
    Mistake("{{two words}}", "expected a name"),
    Mistake("{{a..b}}", "expected a name"),
    Mistake("{{.a}}", "expected a name"),
    Mistake("{{a.}}", "expected a name"),
    Mistake("{{#}}x{{/}}", "expected a name"),
    Mistake("\n\n{{#lines}}\n{{name}}", line: 3, "expected {{/lines}} before the end"),
    Mistake("{{^lines}}", "expected {{/lines}} before the end"),
    Mistake("{{/lines}}", "no section"),
    Mistake(
      "{{#a}}\n{{#b}}\n{{/a}}{{/b}}", line: 3, "expected {{/b}}, the end of the section of line 2"),
    Mistake("{{=<%=}}", "expected two delimiters"),
    Mistake("{{=<% % %>=}}", "expected two delimiters"),
    Mistake("{{= =}}", "expected two delimiters"),
    Mistake("{{=== ===}}", "expected two delimiters"),
    Mistake("{{<parent}}", "not supported"),
    Mistake("{{$block}}", "not supported"),
    Mistake("{{%PRAGMA}}", "not supported"),
    Mistake("{{>}}", "name of a partial"),
    Mistake("{{>*dynamic}}", "names from data are not supported"),
    Mistake("{{>nowhere}}", .unknownPartial, "expected partials/nowhere.mustache"),
    Mistake("{{>self}}", .recursivePartial, "self > self"),
    Mistake("\n{{>ping}}", line: 1, .recursivePartial, "ping > pong > ping"),
    Mistake(
      "{{" + Array(repeating: "a", count: 17).joined(separator: ".") + "}}", .tooLarge, "16 parts"),
    Mistake(
      String(repeating: "{{#a}}", count: 33) + String(repeating: "{{/a}}", count: 33), .tooLarge,
      "at most 32 sections"),
    Mistake("{{>deep0}}", .tooLarge, "at most 16 partials"),
    Mistake("{{>wide0}}", .tooLarge, "too large"),
  ]
}

struct MustacheCompilerTests {
  /// Partials with which a template can go wrong.
  static let partials: [String: String] = {
    var partials = ["self": "{{>self}}", "ping": "{{>pong}}", "pong": "{{>ping}}"]
    for level in 0..<20 {
      partials["deep\(level)"] = "{{>deep\(level + 1)}}"
      partials["wide\(level)"] = String(repeating: "{{x}}{{>wide\(level + 1)}}", count: 9)
    }
    partials["deep20"] = ""
    partials["wide7"] = ""
    return partials
  }()

  @Test(arguments: Mistake.all)
  func `A mistake is refused with its line and what was expected`(_ mistake: Mistake) throws {
    let error = try #require(throws: CatalogError.self) {
      try render(mistake.template, "{}", partials: Self.partials)
    }
    let problem = error.problems[0]
    #expect(problem.code == mistake.code)
    #expect(problem.detail.contains(mistake.expected))
    if problem.line != nil { #expect(problem.line == mistake.line) }
  }

  @Test func `Several mistakes of one text are all listed`() throws {
    let error = try #require(throws: CatalogError.self) {
      try render("{{a b}}\n{{>nowhere}}\n{{..}}\n{{#open}}", "{}")
    }
    #expect(error.problems.map(\.line) == [1, 2, 3, 4])
    #expect(error.problems[1].description.hasPrefix("test:2: {{>nowhere}}: there is no partial"))
  }

  @Test func `A mistake in a partial names the partial's file and line`() throws {
    let error = try #require(throws: CatalogError.self) {
      try render("\n\n  {{>footer}}", "{}", partials: ["footer": "one\ntwo {{a b}}\n"])
    }
    #expect(error.problems[0].file == "partials/footer.mustache")
    #expect(error.problems[0].line == 2)
  }

  @Test func `A section does not swallow the text behind an inverted section`() throws {
    #expect(try render("a{{^x}}b{{/x}}c", #"{"x":true}"#) == "ac")
    #expect(try render("a{{^x}}b{{/x}}c", "{}") == "abc")
    #expect(try render("a{{#x}}b{{/x}}c", "{}") == "ac")
  }

  @Test func `An indented partial keeps its indentation on every level, and values none`() throws {
    let partials = ["outer": "<\n  {{>inner}}\n>\n", "inner": "1\n{{{x}}}\n"]
    #expect(
      try render("[\n {{>outer}}\n]", #"{"x":"a\nb"}"#, partials: partials)
        == "[\n <\n   1\n   a\nb\n >\n]")
  }

  @Test func `The bounds agree with each other`() {
    #expect(TemplateLimits.agree)
  }
}
