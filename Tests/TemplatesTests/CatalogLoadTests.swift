import Foundation
import Testing

@testable import Templates

struct CatalogLoadTests {
  @Test func `A folder of templates becomes a catalog`() throws {
    try withFolder { folder in
      var email = Draft()
      email.metadata["fallback"] = "[sms]"
      email.partials["footer"] = "Bye\n"
      email.files["text.mustache"] = "{{>footer}}"
      try email.write(to: folder)
      var sms = Draft(name: "order.sms")
      sms.metadata["channel"] = "sms"
      try sms.write(to: folder)
      try Data().write(to: folder.appendingPathComponent("README.md"))
      try Data().write(to: folder.appendingPathComponent(".hidden"))
      let catalog = try TemplateCatalog.load(path: folder.path)
      #expect(catalog.templates.map(\.name).sorted() == ["order.email", "order.sms"])
      #expect(catalog.channels == ["email", "sms"])
      for template in catalog.templates {
        #expect(catalog.template(version: template.version) === template)
      }
      #expect(catalog.template(version: "0") == nil)
      #expect(try catalog.templates.contains { $0.version == (try email.template().version) })
    }
  }

  @Test func `A catalog with mistakes is refused whole, and every one is listed`() throws {
    try withFolder { folder in
      try Draft().write(to: folder)
      var first = Draft(name: "a")
      first.metadata["chanel"] = "sms"
      first.files["text.mustache"] = "\n{{#x}}"
      first.files["sample.json"] = nil
      try first.write(to: folder)
      var second = Draft(name: "b")
      second.files["note.txt"] = "x"
      second.files["html.mustache"] = "{{>missing}}"
      second.partials["broken"] = "{{/x}}"
      try second.write(to: folder)
      try Data("{{".utf8).write(to: folder.appendingPathComponent("partials/x.html"))
      try Data().write(to: folder.appendingPathComponent("text.mustache"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("empty"), withIntermediateDirectories: true)
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("bad name"), withIntermediateDirectories: true)
      let found = problems(in: folder)
      #expect(
        found.map { "\($0.file):\($0.line ?? 0) \($0.code.rawValue)" } == [
          "a/template.yaml:1 unknown-key", "a/text.mustache:2 mustache",
          "b/html.mustache:1 unknown-partial", "b/note.txt:0 unexpected-file",
          "bad name:0 bad-value", "empty/template.yaml:0 missing-file",
          "partials/broken.mustache:1 mustache", "partials/x.html:0 unexpected-file",
          "text.mustache:0 unexpected-file",
        ])
    }
  }

  @Test(arguments: [
    ("{", "expected JSON"), ("[]", "expected"),
    (#"{"id":"1","type":"order","email":"a@b.se"}"#, "ctx"),
    (#"{"id":"1","type":"other","email":"a@b.se","ctx":{}}"#, "expected an event of type order"),
    (
      #"{"id":"1","type":"order","email":"a@b.se","ctx":{"name":{}}}"#,
      "text.mustache:1: {{ctx.name}}"
    ),
    (#"{"id":"1","type":"order","email":"a@b.se","ctx":{"number":null}}"#, "ctx.number"),
  ])
  func `A template that its own sample does not render is refused`(
    _ sample: String, expected: String
  ) throws {
    var draft = Draft()
    draft.metadata["required"] = "[ctx.number]"
    draft.files["subject.mustache"] = "Order"
    if sample.contains("ctx\":{\"name") {
      draft.metadata["required"] = nil
    }
    draft.files["sample.json"] = sample
    let problem = try #require(draft.problems.first)
    #expect(problem.file == "order.email/sample.json")
    #expect(problem.code == .sample)
    #expect(problem.description.contains(expected))
  }

  @Test func `Links are followed inside the folder and refused when they lead out of it`() throws {
    try withFolder { folder in
      try withFolder { outside in
        try Draft(name: "real").write(to: folder.appendingPathComponent(".data"))
        try FileManager.default.createSymbolicLink(
          atPath: folder.appendingPathComponent("order").path, withDestinationPath: ".data/real")
        #expect(problems(in: folder).isEmpty)
        try Draft(name: "secret").write(to: outside)
        try FileManager.default.createSymbolicLink(
          at: folder.appendingPathComponent("escape"),
          withDestinationURL: outside.appendingPathComponent("secret"))
        try FileManager.default.createSymbolicLink(
          at: folder.appendingPathComponent(".data/real/html.mustache"),
          withDestinationURL: outside.appendingPathComponent("secret/text.mustache"))
        try FileManager.default.createSymbolicLink(
          atPath: folder.appendingPathComponent("loop").path, withDestinationPath: "loop")
        #expect(problems(in: folder).map(\.file) == ["escape", "loop", "order/html.mustache"])
        #expect(problems(in: folder).allSatisfy { $0.code == .unreadable })
      }
    }
  }

  @Test
  func `Pipes, folders in place of files, huge files and other encodings are refused`() throws {
    try withFolder { folder in
      try Draft().write(to: folder)
      let own = folder.appendingPathComponent("order.email")
      mkfifo(own.appendingPathComponent("html.mustache").path, 0o600)
      #expect(problems(in: folder).map(\.detail) == ["expected a plain file"])
      try FileManager.default.removeItem(at: own.appendingPathComponent("html.mustache"))
      for (bytes, code) in [
        (Data(repeating: 0x20, count: TemplateLimits.fileBytes + 1), TemplateProblem.Code.tooLarge),
        (Data([0xFF]), .notUTF8), (Data([0xEF, 0xBB, 0xBF, 0x20]), .notUTF8),
      ] {
        try bytes.write(to: own.appendingPathComponent("html.mustache"))
        #expect(problems(in: folder).map(\.code) == [code])
      }
    }
  }

  @Test func `A folder that is not there, or has no template, is refused`() throws {
    try withFolder { folder in
      #expect(problems(in: folder).map(\.code) == [.missingFile])
      #expect(problems(in: folder.appendingPathComponent("none")).map(\.code) == [.unreadable])
      let file = folder.appendingPathComponent("file")
      try Data().write(to: file)
      #expect(problems(in: file).map(\.code) == [.unreadable])
    }
  }

  @Test func `A copy of a template under another name is refused, and so is a fallback to nowhere`()
    throws
  {
    let one = try Draft(name: "one").template()
    let two = try Draft(name: "two").template()
    let error = try #require(throws: CatalogError.self) { try TemplateCatalog([two, one]) }
    #expect(error.problems.map(\.description) == ["two: its files are the same as those of one"])
    var draft = Draft()
    draft.metadata["fallback"] = "[sms]"
    let template = try draft.template()
    let dead = try #require(throws: CatalogError.self) { try TemplateCatalog([template]) }
    #expect(dead.problems.map(\.field) == ["fallback"])
  }

  @Test func `More problems than anyone reads are counted`() throws {
    let error = CatalogError(
      (0..<500).map { TemplateProblem(.yaml, file: "f", line: $0 + 1, "x") } + [
        TemplateProblem(.yaml, file: "f", line: 1, "x")
      ])
    #expect(error.problems.count == TemplateLimits.problems)
    #expect(error.unlisted == 300)
    #expect(error.description.hasSuffix("and 300 more"))
  }
}
