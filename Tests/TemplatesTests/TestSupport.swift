import Foundation
import JSON
import Messages
import Testing

@testable import Templates

/// Where the fixtures are.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .appendingPathComponent("Fixtures")

func time(_ text: String) -> Timestamp {
  guard let time = Timestamp(rfc3339: text) else {
    Issue.record("\(text) is not a time")
    return Timestamp(nanoseconds: 0)
  }
  return time
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The text that a JSON string literal stands for.
func decoded(_ literal: [UInt8]) throws -> String {
  let parser = JSONParser()
  return try #require(try parser.parse(literal).asString).string
}

/// Renders one Mustache text; throws `CatalogError` or `RenderError`.
func render(
  _ template: String, _ json: String, style: MustacheStyle = .html,
  partials: [String: String] = [:]
) throws -> String {
  let parser = JSONParser()
  return try render(template, over: try parser.parse(utf8(json)), style: style, partials: partials)
}

func render(
  _ template: String, over root: JSONValue, style: MustacheStyle, partials: [String: String]
) throws -> String {
  var compiler = MustacheCompiler { name in
    partials[name].map { MustacheSource(file: "partials/\(name).mustache", bytes: utf8($0)) }
  }
  let block = compiler.add(MustacheSource(file: "test", bytes: utf8(template)), style: style)
  let compiled = compiler.finish()
  if !compiled.problems.isEmpty { throw CatalogError(compiled.problems) }
  var writer = ByteWriter(capacity: 64)
  writer.write("\"")
  var steps = 0
  try compiled.program.run(over: root, from: 0, steps: &steps) { (run) throws(RenderError) in
    try run.render(block, into: &writer)
  }
  writer.write("\"")
  return try decoded(writer.array())
}

/// The files of a template, to be changed as a test needs it.
struct Draft {
  var name = "order.email"
  var metadata: [String: String] = [
    "eventType": "order", "channel": "email", "publishedAt": "2026-01-01T00:00:00Z",
    "from": "shop@example.se",
  ]
  var files: [String: String] = [
    "subject.mustache": "Order {{ctx.number}}\n", "text.mustache": "Hello {{ctx.name}}\n",
    "sample.json": """
    {"id":"1","type":"order","channel":"email","email":"elsa@example.se",
     "ctx":{"number":"1042","name":"Elsa"}}
    """,
  ]
  var partials: [String: String] = [:]

  var yaml: String {
    files["template.yaml"]
      ?? metadata.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
  }

  var templateFiles: TemplateFiles {
    var all = files.map { TemplateFile(name: $0.key, bytes: utf8($0.value)) }
    all += partials.map { TemplateFile(name: "partials/\($0.key).mustache", bytes: utf8($0.value)) }
    if files["template.yaml"] == nil {
      all.append(TemplateFile(name: "template.yaml", bytes: utf8(yaml)))
    }
    return TemplateFiles(name: name, files: all)
  }

  func template() throws -> Template { try Template(templateFiles) }

  func content(_ event: String) throws -> String {
    let parser = JSONParser()
    return try Self.content(template(), try parser.parse(utf8(event)))
  }

  static func content(_ template: Template, _ event: JSONValue) throws -> String {
    var writer = ByteWriter(capacity: 64)
    try template.render(event, into: &writer)
    return String(decoding: writer.array(), as: UTF8.self)
  }

  /// What is wrong with the template.
  var problems: [TemplateProblem] {
    do throws(CatalogError) {
      _ = try Template(templateFiles)
      return []
    } catch {
      return error.problems
    }
  }

  /// Writes the folder into a catalog's folder.
  func write(to folder: URL) throws {
    let own = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
    for file in templateFiles.files where !file.name.hasPrefix("partials/") {
      try Data(file.bytes).write(to: own.appendingPathComponent(file.name))
    }
    let shared = folder.appendingPathComponent("partials")
    for (name, text) in partials {
      try FileManager.default.createDirectory(at: shared, withIntermediateDirectories: true)
      try Data(utf8(text)).write(to: shared.appendingPathComponent("\(name).mustache"))
    }
  }
}

/// Calls `body` with a new folder and removes it afterwards.
func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("templates-\(UInt64.random(in: 0...UInt64.max))")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// What is wrong with the catalog in a folder.
func problems(in folder: URL) -> [TemplateProblem] {
  do throws(CatalogError) {
    _ = try TemplateCatalog.load(path: folder.path)
    return []
  } catch {
    return error.problems
  }
}
