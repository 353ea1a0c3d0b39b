import JSON
import Messages
import Testing

@testable import Templates

@Suite("Which events are sensitive")
struct SensitivityTests {
  private static func sensitivity(
    _ kinds: [(name: String, type: String?, isSensitive: Bool)], versions: [String] = []
  ) -> Sensitivity {
    var result = Sensitivity()
    for kind in kinds {
      result.add(
        TemplateKind(name: kind.name, eventType: kind.type, isSensitive: kind.isSensitive))
    }
    for version in versions { result.add(version: version) }
    return result
  }

  private static let mixed = sensitivity(
    [
      ("order.email", "order", false), ("code.sms", "code", false), ("code.email", "code", true),
      ("code.push", "code", true),
    ], versions: ["a1", "b2"])

  @Test func `A type is sensitive when any of its templates is, however it is written`() {
    #expect(Self.mixed.reason(type: "order") == nil)
    for type in ["code", "Code", "CODE"] {
      #expect(Self.mixed.reason(type: type) == .template("code.email"))
    }
    #expect(!Self.mixed.hidesNothing)
  }

  @Test
  func `A type that no template has, and no type at all, are sensitive once any template is`() {
    #expect(Self.mixed.reason(type: "kode") == .unknownType("kode"))
    #expect(Self.mixed.reason(type: nil) == .noType)
    let plain = Self.sensitivity([("order.email", "order", false)])
    #expect(plain.reason(type: "kode") == nil)
    #expect(plain.reason(type: nil) == nil)
    #expect(plain.hidesNothing)
  }

  @Test func `A version that is not known is sensitive, whatever else is known of the type`() {
    #expect(Self.mixed.reason(type: "order", pinned: [("order.email", "a1")]) == nil)
    #expect(
      Self.mixed.reason(type: "order", pinned: [("order.email", "a1"), ("old", "c3")])
        == .unknownVersion(template: "old", version: "c3"))
    #expect(
      Self.mixed.reason(type: "code", pinned: [("code.sms", "a1")]) == .template("code.email"))
    let plain = Self.sensitivity([("order.email", "order", false)])
    #expect(
      plain.reason(type: "order", pinned: [("order.email", "a1")])
        == .unknownVersion(template: "order.email", version: "a1"))
  }

  @Test func `Where nothing is known, or something cannot be read, everything is sensitive`() {
    #expect(Sensitivity().reason(type: "order") == .noTemplates)
    #expect(!Sensitivity().hidesNothing)
    // A folder that holds no template says nothing.
    #expect(
      Self.sensitivity([("notes", nil, false)]).reason(type: "order") == .noTemplates)
    let damaged = Self.sensitivity([("order.email", "order", false), ("x", nil, true)])
    #expect(damaged.reason(type: "order") == .unreadable("x"))
    #expect(!damaged.hidesNothing)
  }

  @Test func `Each reason is a sentence that names what it is about, and no value of an event`() {
    let reasons: [(Sensitivity.Reason, String)] = [
      (.template("code.email"), "template code.email is sensitive"),
      (.unknownType("kode"), "the type kode"), (.noType, "cannot be read"),
      (.unknownVersion(template: "t", version: "abcdefabcdefabcdef"), "abcdefabcdef of"),
      (.unreadable("t"), "template t"), (.noTemplates, "templates.path"),
    ]
    for (reason, part) in reasons { #expect("\(reason)".contains(part)) }
  }
}

@Suite("What a template says of being sensitive")
struct TemplateKindTests {
  private func kind(_ draft: Draft) -> TemplateKind { TemplateKind(draft.templateFiles) }

  @Test func `The key is part of the version only where it stands`() throws {
    let plain = try Draft().template()
    #expect(!plain.isSensitive)
    // As it has been since before the key was known.
    let known = "9f5e4b428961292de16acb701f97a2c18135c469ab1dfaf27bb9efab6a58bddf"
    #expect(plain.version == known)
    var draft = Draft()
    draft.metadata["sensitive"] = "true"
    let sensitive = try draft.template()
    #expect(sensitive.isSensitive && sensitive.version != plain.version)
    draft.metadata["sensitive"] = "false"
    #expect(try !draft.template().isSensitive)
    var writer = ByteWriter(capacity: 1_024)
    sensitive.archive(into: &writer)
    let restored = try Template.restore(archive: writer.array())
    #expect(restored.isSensitive && restored.version == sensitive.version)
    let archived = try TemplateKind.archived(writer.array())
    #expect(archived.version == sensitive.version)
    #expect(TemplateKind(archived.files) == kind(sensitiveDraft))
  }

  private var sensitiveDraft: Draft {
    var draft = Draft()
    draft.metadata["sensitive"] = "true"
    return draft
  }

  @Test func `It is read from a template that is refused for something else`() {
    var draft = sensitiveDraft
    draft.metadata["publishedAt"] = "soon"
    draft.metadata["colour"] = "red"
    draft.files["text.mustache"] = "{{a"
    #expect(!draft.problems.isEmpty)
    #expect(
      kind(draft) == TemplateKind(name: "order.email", eventType: "order", isSensitive: true))
    draft.metadata["sensitive"] = "maybe"
    #expect(kind(draft).isSensitive)
  }

  @Test func `What is no YAML may be sensitive when the word, or an escape, stands in it`() {
    var draft = Draft()
    for (text, isSensitive) in [
      ("a: [\nsensitive: true", true), ("a: [\n\"sensi\\u0074ive\": true", true), ("a: [", false),
    ] {
      draft.files["template.yaml"] = text
      let expected = TemplateKind(name: "order.email", eventType: nil, isSensitive: isSensitive)
      #expect(kind(draft) == expected)
    }
  }

  @Test func `A key that is written with an escape is the same key`() throws {
    var draft = Draft()
    draft.metadata[#""sensi\u0074ive""#] = "true"
    #expect(try draft.template().isSensitive)
    #expect(kind(draft).isSensitive)
    #expect(TemplateKind.mayMention(draft.templateFiles))
    #expect(!TemplateKind.mayMention(Draft().templateFiles))
  }

  @Test func `What was matched says so`() throws {
    let catalog = try TemplateCatalog([sensitiveDraft.template()])
    MatchQuery.withStrings(
      eventType: "order", channel: "email", lane: .realtime, now: time("2026-02-01T00:00:00Z")
    ) { query in
      let explanation = catalog.explain(query)
      #expect(explanation.description.contains(" (sensitive)"))
      var writer = ByteWriter(capacity: 256)
      explanation.write(to: &writer)
      let json = String(decoding: writer.array(), as: UTF8.self)
      #expect(json.contains(#""sensitive":true},"rejected""#))
    }
  }
}
