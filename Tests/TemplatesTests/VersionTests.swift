import JSON
import TestSupport
import Testing

@testable import Templates

struct VersionTests {
  static var draft: Draft {
    var draft = Draft()
    draft.files["html.mustache"] = "<p>{{ctx.name}}</p>{{>footer}}\n"
    draft.partials = [
      "footer": "-- \n{{>name}}\n", "name": "{{ctx.name}}, \"shop\" é\r\n", "other": "x",
    ]
    return draft
  }

  @Test func `Any other byte in any file or partial that is used makes another version`() throws {
    let draft = Self.draft
    let version = try draft.template().version
    #expect(version.count == 64)
    var versions: Set<String> = [version]
    var changes = 0
    for (name, text) in draft.files.merging(["template.yaml": draft.yaml], uniquingKeysWith: { $1 })
    {
      var changed = draft
      changed.files[name] = text + (name == "template.yaml" ? "# x" : " ")
      versions.insert(try changed.template().version)
      changes += 1
    }
    for name in ["footer", "name"] {
      var changed = draft
      changed.partials[name, default: ""] += " "
      versions.insert(try changed.template().version)
      changes += 1
    }
    #expect(versions.count == changes + 1)
  }

  @Test func `The folder's name and partials that are not used do not matter`() throws {
    var draft = Self.draft
    let version = try draft.template().version
    draft.name = "renamed"
    draft.partials["other"] = "y"
    draft.partials["more"] = "z"
    #expect(try draft.template().version == version)
  }

  @Test func `Moving bytes from one file to another makes another version`() {
    let one = TemplateFiles(
      name: "t", files: [.init(name: "a", bytes: [1, 2]), .init(name: "b", bytes: [3])])
    let two = TemplateFiles(
      name: "t", files: [.init(name: "a", bytes: [1]), .init(name: "b", bytes: [2, 3])])
    let three = TemplateFiles(name: "t", files: [.init(name: "a", bytes: [1, 2, 3])])
    #expect(Set([one, two, three].map { $0.version(by: .current) }).count == 3)
  }

  @Test func `The version is the SHA-256 of lengths, names and bytes, as documented`() {
    // printf '\x01\0\0\0\0\0\0\0a\x02\0\0\0\0\0\0\0hi' | sha256sum
    let files = TemplateFiles(name: "t", files: [.init(name: "a", bytes: utf8("hi"))])
    #expect(
      files.version(by: .first)
        == "cddc1822a27eb821c85f4b29ab888ceed50f1b0f53bb7dfc17231570bd2eacd8")
    // The same behind '\x02\0\0\0\0\0\0\0'.
    #expect(
      files.version(by: .second)
        == "01170d5658967120680a1fdb329d1dd223f4b99b476309c3f64c26e004f30b7d")
  }

  @Test func `A restored template has the same version and renders the same bytes`() throws {
    let template = try Self.draft.template()
    var writer = ByteWriter(capacity: 64)
    template.archive(into: &writer)
    let restored = try Template.restore(archive: writer.array())
    #expect(restored.version == template.version)
    #expect(restored.name == template.name)
    #expect(restored.files == template.files)
    #expect(restored.files.files.map(\.name).filter { $0.hasPrefix("partials/") }.count == 2)
    let parser = JSONParser()
    let event = try parser.parse(utf8(#"{"ctx":{"name":"<Elsa>\n","number":1.50}}"#))
    #expect(try Draft.content(restored, event) == Draft.content(template, event))
    var again = ByteWriter(capacity: 64)
    restored.archive(into: &again)
    #expect(again.array() == writer.array())
  }

  @Test func `A damaged archive is refused, whatever the damage`() throws {
    var generator = SeededRandom(printedSeed())
    let template = try Self.draft.template()
    var writer = ByteWriter(capacity: 64)
    template.archive(into: &writer)
    let archive = writer.array()
    for _ in 0..<2_000 {
      var damaged = archive
      let index = Int.random(in: 0..<damaged.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: damaged.remove(at: index)
      default: damaged.removeSubrange(index...)
      }
      // A name is not part of the version; everything else either is or is the form itself.
      if let restored = try? Template.restore(archive: damaged) {
        #expect(restored.version == template.version)
        #expect(restored.files.files == template.files.files)
      }
    }
    for text in [
      "", "[]", "{}", #"{"schemaVersion":2}"#,
      #"{"schemaVersion":1,"name":"a","version":"b","files":[1]}"#,
    ] {
      #expect(throws: CatalogError.self) { try Template.restore(archive: utf8(text)) }
    }
  }

  @Test func `A template whose sample no longer fits can still be restored`() throws {
    let files = Self.draft.templateFiles.files.filter { $0.name != "sample.json" }
    let template = try Template(
      TemplateFiles(name: "old", files: files), checkingSample: false)
    var writer = ByteWriter(capacity: 64)
    template.archive(into: &writer)
    #expect(try Template.restore(archive: writer.array()).version == template.version)
  }
}
