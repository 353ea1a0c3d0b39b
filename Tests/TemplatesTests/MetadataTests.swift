import Messages
import Testing

@testable import Templates

/// A change of `template.yaml` that must be refused.
struct BadField: Sendable, CustomTestStringConvertible {
  let key: String
  /// The new value; nil removes the key.
  let value: String?
  let code: TemplateProblem.Code
  /// A part of the sentence.
  let expected: String

  var testDescription: String { "\(key): \(value ?? "(none)")" }

  init(_ key: String, _ value: String?, _ expected: String) {
    self.init(key, value, .badValue, expected)
  }

  init(_ key: String, _ value: String?, _ code: TemplateProblem.Code, _ expected: String) {
    self.key = key
    self.value = value
    self.code = code
    self.expected = expected
  }

  static let all = [
    BadField("eventType", nil, .missingKey, "expected this key"),
    BadField("eventType", "\"\"", "expected a type"),
    BadField("eventType", "a..b", "expected a type"),
    BadField("eventType", "å", "expected a type"),
    BadField("eventType", "[order]", "expected a type"),
    BadField("eventType", String(repeating: "a", count: 129), "expected a type"),
    BadField("channel", nil, .missingKey, "expected this key"),
    BadField("channel", "Email", "expected a channel"),
    BadField("channel", String(repeating: "a", count: 33), "expected a channel"),
    BadField("language", "sv_SE", "expected a language"),
    BadField("language", "", "expected a language"),
    BadField("language", "sv-", "expected a language"),
    BadField("origin", "\"a\\nb\"", "control characters"),
    BadField("origin", "", "control characters"),
    BadField("lanes", "[]", "at least one lane"),
    BadField("lanes", "[fast]", "expected realtime or batch"),
    BadField("lanes", "{realtime: yes}", "expected a list"),
    BadField("publishedAt", nil, .missingKey, "expected this key"),
    BadField("publishedAt", "2026-01-01", "expected a time with a zone"),
    BadField("validFrom", "soon", "expected a time with a zone"),
    BadField("from", nil, .missingKey, "expected this key"),
    BadField("from", "\"\"", "expected a text that is not empty"),
    BadField("from", "[a, b]", "expected a text"),
    BadField("from", "\"{{a\"", .mustache, "not closed"),
    BadField("from", "{{ctx.a}} x", .yaml, "stands in quotes"),
    BadField("replyTo", "\"{{#a}}\"", .mustache, "expected {{/a}}"),
    BadField("headers", "[a]", "expected a mapping"),
    BadField("headers", "{\"a b\": c}", "letters, digits and hyphens"),
    BadField("headers", "{X-A: b, x-a: c}", "each name once"),
    BadField("headers", "{Reply-To: b}", "not From, Reply-To"),
    BadField("headers", "{A: \"{{>nowhere}}\"}", .unknownPartial, "no partial"),
    BadField("attachments", "a", "expected a list"),
    BadField("attachments", "[{a: b}]", "expected a text"),
    BadField("fallback", "[email]", "other channels than the template's own"),
    BadField("fallback", "[sms, sms]", "each entry once"),
    BadField("fallback", "[SMS]", "expected a channel"),
    BadField("required", "[a..b]", "expected a path"),
    BadField("required", "ctx.a", "expected a list"),
    BadField(
      "required", "[\(Array(repeating: "a", count: 33).joined(separator: ","))]", "at most 32"),
    BadField("sensitive", "\"true\"", "expected true or false, without quotes"),
    BadField("sensitive", "yes", "expected true or false"),
    BadField("sensitive", "1", "expected true or false"),
    BadField("sensitive", "", "expected true or false"),
    BadField("sensitive", "[true]", "expected true or false"),
    BadField("subject", "Hello", .unknownKey, "expected one of eventType"),
    BadField("eventtype", "order", .unknownKey, "expected one of eventType"),
    BadField("? [a]", "b", .unknownKey, "expected one of eventType"),
  ]
}

struct MetadataTests {
  @Test(arguments: BadField.all)
  func `A wrong value is refused with its line, its key and what was expected`(_ field: BadField)
    throws
  {
    var draft = Draft()
    draft.metadata[field.key] = field.value
    let problem = try #require(draft.problems.first)
    #expect(problem.code == field.code)
    #expect(problem.file == "order.email/template.yaml")
    #expect(problem.detail.contains(field.expected))
    if field.value != nil {
      let lines = draft.yaml.split(separator: "\n")
      let line = lines.firstIndex { $0.hasPrefix("\(field.key): ") }.map { $0 + 1 }
      if !field.key.hasPrefix("?") { #expect(problem.line == line) }
    } else {
      #expect(problem.field == field.key)
    }
  }

  @Test func `Every wrong key is listed, not only the first`() {
    var draft = Draft()
    draft.metadata["channel"] = "E-Mail"
    draft.metadata["lanes"] = "fast"
    draft.metadata["colour"] = "red"
    draft.metadata["from"] = nil
    draft.files["text.mustache"] = "{{a"
    #expect(
      draft.problems.map { "\($0.file) \($0.field ?? "-")" } == [
        "order.email/template.yaml from", "order.email/template.yaml channel",
        "order.email/template.yaml colour", "order.email/template.yaml lanes",
        "order.email/text.mustache -",
      ])
  }

  @Test func `A window that ends before it begins is refused`() {
    var draft = Draft()
    draft.metadata["validFrom"] = "2026-02-01T00:00:00Z"
    draft.metadata["validTo"] = "2026-02-01T01:00:00+01:00"
    #expect(draft.problems.map(\.detail) == ["expected a time after validFrom"])
  }

  @Test(arguments: [
    ("channel: email\nchannel: sms\n", "each key once"), ("a: [\n", "expected YAML"),
    ("- a\n", "expected a mapping"), ("", "expected a mapping"),
    ("a: b\n---\nc: d\n", "expected"),
    (String(repeating: "[", count: 8_000), "expected YAML"),
    (String(repeating: "- ", count: 8_000), "expected"),
    ("a: \u{1}", "expected YAML"),
  ])
  func `A key twice, a file that is not YAML, and one that is no mapping are refused`(
    _ text: String, expected: String
  ) {
    var draft = Draft()
    draft.files["template.yaml"] = text
    #expect(draft.problems.first?.detail.contains(expected) == true)
  }

  @Test func `Everything that template.yaml may say arrives in the template`() throws {
    var draft = Draft()
    draft.metadata["language"] = "sv-SE"
    draft.metadata["origin"] = "shop"
    draft.metadata["lanes"] = "[batch, realtime]"
    draft.metadata["validFrom"] = "2026-01-02T00:00:00Z"
    draft.metadata["validTo"] = "2026-01-03T00:00:00+01:00"
    draft.metadata["fallback"] = "[sms, push-ios]"
    draft.metadata["required"] = "[ctx.number]"
    #expect(try !draft.template().isSensitive)
    draft.metadata["sensitive"] = "true"
    let template = try draft.template()
    #expect(template.isSensitive)
    #expect(template.name == "order.email")
    #expect(template.eventType == "order")
    #expect(template.channel == "email")
    #expect(template.language == "sv-SE")
    #expect(template.origin == "shop")
    #expect(template.lanes == [.realtime, .batch])
    #expect(template.publishedAt == time("2026-01-01T00:00:00Z"))
    #expect(template.validFrom == time("2026-01-02T00:00:00Z"))
    #expect(template.validTo == time("2026-01-02T23:00:00Z"))
    #expect(template.fallback == ["sms", "push-ios"])
    #expect(template.required == ["ctx.number"])
    draft.metadata["lanes"] = "batch"
    #expect(try draft.template().lanes == [.batch])
  }

  @Test(arguments: [
    ("email", ["subject", "text"], true), ("email", ["subject", "html"], true),
    ("email", ["text"], false), ("email", ["subject"], false), ("sms", ["text"], true),
    ("sms", ["html"], false), ("push-ios", ["text", "subject"], true), ("push-ios", [], false),
  ])
  func `Each channel has the files it needs`(_ channel: String, _ names: [String], isComplete: Bool)
  {
    var draft = Draft()
    draft.metadata["channel"] = channel
    for name in ["subject", "text", "html"] {
      draft.files["\(name).mustache"] = names.contains(name) ? "x" : nil
    }
    #expect(draft.problems.isEmpty == isComplete)
    #expect(draft.problems.allSatisfy { $0.code == .missingFile })
  }
}
