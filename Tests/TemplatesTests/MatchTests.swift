import JSON
import Messages
import Testing

@testable import Templates

/// A question to a catalog and what it answers.
struct MatchCase: Sendable, CustomTestStringConvertible {
  let what: String
  /// The metadata of the templates, by name, beside what every template needs.
  let templates: [String: [String: String]]
  var type = "order"
  var channel = "email"
  var language: String?
  var origin: String?
  var lane = Lane.realtime
  let winner: String?
  /// The reasons of the others, by name.
  let reasons: [String: String]

  var testDescription: String { what }

  static let all: [MatchCase] = [
    MatchCase(
      what: "another type", templates: ["a": ["eventType": "other"]], winner: nil, reasons: [:]),
    MatchCase(
      what: "a type in other letters", templates: ["a": ["eventType": "Order"]], winner: nil,
      reasons: ["a": "other-type"]),
    MatchCase(
      what: "another channel", templates: ["a": ["channel": "sms"], "b": [:]], winner: "b",
      reasons: ["a": "other-channel"]),
    MatchCase(
      what: "a lane that is not allowed",
      templates: ["a": ["lanes": "batch"], "b": ["lanes": "realtime", "publishedAt": early]],
      winner: "b", reasons: ["a": "lane-not-allowed"]),
    MatchCase(
      what: "windows",
      templates: [
        "future": ["publishedAt": "2027-01-01T00:00:00Z"],
        "later": ["validFrom": "2026-06-02T00:00:00Z"],
        "over": ["validTo": "2026-06-01T00:00:00Z"],
        "now": ["validFrom": "2026-06-01T00:00:00Z", "publishedAt": early],
      ], winner: "now",
      reasons: [
        "future": "not-yet-published", "later": "not-yet-valid", "over": "no-longer-valid",
      ]),
    MatchCase(
      what: "the same origin before a better language and a later publication",
      templates: [
        "same": ["origin": "shop", "publishedAt": early], "any": ["language": "sv-SE"],
        "other": ["origin": "Shop"],
      ], language: "sv-SE", origin: "shop", winner: "same",
      reasons: ["any": "less-specific-origin", "other": "other-origin"]),
    MatchCase(
      what: "no origin in the event", templates: ["any": [:], "shop": ["origin": "shop"]],
      winner: "any", reasons: ["shop": "other-origin"]),
    MatchCase(
      what: "the exact language before the base before none, whatever the publication",
      templates: [
        "exact": ["language": "sv-SE", "publishedAt": early], "base": ["language": "sv"],
        "none": [:], "other": ["language": "sv-FI"],
      ], language: "sv-SE", winner: "exact",
      reasons: [
        "base": "less-specific-language", "none": "less-specific-language",
        "other": "other-language",
      ]),
    MatchCase(
      what: "the base language before none",
      templates: ["base": ["language": "sv", "publishedAt": early], "none": [:]],
      language: "sv-SE", winner: "base", reasons: ["none": "less-specific-language"]),
    MatchCase(
      what: "the language of a region is not that of the base",
      templates: ["region": ["language": "sv-SE"], "none": [:]], language: "sv", winner: "none",
      reasons: ["region": "other-language"]),
    MatchCase(
      what: "languages without regard to case",
      templates: ["exact": ["language": "SV-se"], "none": [:]], language: "sv-SE",
      winner: "exact", reasons: ["none": "less-specific-language"]),
    MatchCase(
      what: "only another language", templates: ["fi": ["language": "fi"]], language: "sv",
      winner: nil, reasons: ["fi": "other-language"]),
    MatchCase(
      what: "a language with an empty base", templates: ["none": [:]], language: "-SE",
      winner: "none", reasons: [:]),
    MatchCase(
      what: "an empty language and origin are none", templates: ["none": [:]], language: "",
      origin: "", winner: "none", reasons: [:]),
    MatchCase(
      what: "the latest publication", templates: ["old": ["publishedAt": early], "new": [:]],
      winner: "new", reasons: ["old": "older-publication"]),
    MatchCase(
      what: "a language before an origin that is not the event's",
      templates: ["other": ["origin": "b", "language": "sv"], "any": [:]], language: "sv",
      origin: "a", winner: "any", reasons: ["other": "other-origin"]),
  ]

  private static let early = "2025-01-01T00:00:00Z"
}

struct MatchTests {
  static func template(_ name: String, _ metadata: [String: String]) throws -> Template {
    var draft = Draft(name: name)
    // The name goes into the bytes, so that no two templates are the same.
    draft.metadata.merge(metadata) { $1 }
    draft.files["text.mustache"] = "Hello from \(name)"
    draft.files["sample.json"] =
      #"{"id":"1","type":"\#(draft.metadata["eventType"] ?? "")","email":"a@b.se","ctx":{}}"#
    return try draft.template()
  }

  @Test(arguments: MatchCase.all)
  func `The winner and every reason are those of the table`(_ test: MatchCase) throws {
    let templates = try test.templates.map { try Self.template($0.key, $0.value) }
    let catalog = try TemplateCatalog(templates)
    let (winner, explanation) = MatchQuery.withStrings(
      eventType: test.type, channel: test.channel, language: test.language, origin: test.origin,
      lane: test.lane, now: time("2026-06-01T12:00:00Z")
    ) { (catalog.match($0), catalog.explain($0)) }
    #expect(winner?.name == test.winner)
    #expect(explanation.winner === winner)
    let reasons = explanation.rejected.map { ($0.template.name, $0.reason.rawValue) }
    #expect(Dictionary(uniqueKeysWithValues: reasons) == test.reasons)
  }

  @Test func `Of templates published at once the higher version wins`() throws {
    let templates = try (0..<5).map { try Self.template("t\($0)", [:]) }
    let catalog = try TemplateCatalog(templates)
    let explanation = MatchQuery.withStrings(
      eventType: "order", channel: "email", lane: .batch, now: time("2026-06-01T12:00:00Z")
    ) { catalog.explain($0) }
    #expect(explanation.winner?.version == templates.map(\.version).max())
    #expect(explanation.rejected.map(\.reason) == Array(repeating: .lowerVersion, count: 4))
  }

  @Test func `Publication and validity switch exactly on time`() throws {
    let catalog = try TemplateCatalog([
      try Self.template("old", ["publishedAt": "2020-01-01T00:00:00Z"]),
      try Self.template("new", ["publishedAt": "2026-06-01T00:00:00Z"]),
      try Self.template(
        "campaign",
        [
          "validFrom": "2026-07-01T00:00:00Z", "validTo": "2026-08-01T00:00:00Z",
          "publishedAt": "2026-06-15T00:00:00Z",
        ]),
    ])
    func winner(_ text: String, _ offset: Int64) -> String? {
      let now = Timestamp(nanoseconds: time(text).nanoseconds + offset)
      return MatchQuery.withStrings(
        eventType: "order", channel: "email", lane: .realtime, now: now
      ) { catalog.match($0)?.name }
    }
    #expect(winner("2020-01-01T00:00:00Z", -1) == nil)
    #expect(winner("2020-01-01T00:00:00Z", 0) == "old")
    #expect(winner("2026-06-01T00:00:00Z", -1) == "old")
    #expect(winner("2026-06-01T00:00:00Z", 0) == "new")
    #expect(winner("2026-07-01T00:00:00Z", -1) == "new")
    #expect(winner("2026-07-01T00:00:00Z", 0) == "campaign")
    #expect(winner("2026-08-01T00:00:00Z", -1) == "campaign")
    #expect(winner("2026-08-01T00:00:00Z", 0) == "new")
  }

  @Test func `A query for an event takes its fields, and another channel for a fallback`() throws {
    let catalog = try TemplateCatalog([
      try Self.template("mail", ["origin": "shop", "language": "sv"]),
      try Self.template("text", ["channel": "sms"]),
    ])
    let parser = JSONParser()
    let root = try parser.parse(
      utf8(
        #"{"id":"1","type":"order","email":"a@b.se","origin":"shop","language":"sv","ctx":{}}"#))
    let event = try EventFields.decode(root, messageID: nil)
    let now = time("2026-06-01T12:00:00Z")
    #expect(catalog.match(MatchQuery(event, lane: .batch, now: now))?.name == "mail")
    utf8("sms").withUnsafeBytes { sms in
      let query = MatchQuery(event, channel: sms, lane: .batch, now: now)
      #expect(catalog.match(query)?.name == "text")
    }
  }

  @Test func `An explanation shows no control character of the event`() throws {
    let catalog = try TemplateCatalog([try Self.template("order", [:])])
    let text = MatchQuery.withStrings(
      eventType: "order", channel: "email", language: "\u{1B}[2J", origin: "a\nb", lane: .batch,
      now: time("2026-06-01T12:00:00Z")
    ) { catalog.explain($0).question }
    #expect(text.contains("language ?[2J, origin a?b,"))
  }

  @Test func `An explanation reads well and is JSON`() throws {
    let catalog = try TemplateCatalog([
      try Self.template("order.sv", ["language": "sv"]), try Self.template("order", [:]),
    ])
    let explanation = MatchQuery.withStrings(
      eventType: "order", channel: "email", language: "sv-SE", origin: "shop", lane: .batch,
      now: time("2026-06-01T12:00:00Z")
    ) { catalog.explain($0) }
    let lines = explanation.description.split(separator: "\n")
    #expect(
      lines[0] == "an event of type order on channel email, language sv-SE, origin shop, "
        + "lane batch, at 2026-06-01T12:00:00.000Z")
    #expect(lines[1].hasPrefix("taken: order.sv@"))
    #expect(lines[2].hasSuffix("less-specific-language: its language is none, the winner's sv"))
    var writer = ByteWriter(capacity: 64)
    explanation.write(to: &writer)
    let parser = JSONParser()
    let root = try parser.parse(writer.array())
    #expect(root["winner"]?["name"]?.asString?.string == "order.sv")
    #expect(root["rejected"]?.count == 1)
    let rejected = try #require(root["rejected"].flatMap { Array($0.elements).first })
    #expect(rejected["reason"]?.asString?.string == "less-specific-language")
  }
}
