@testable import Templates

/// Templates made in memory.
enum TestTemplate {
  static func make(
    _ name: String, text: String, metadata: String = "publishedAt: 2020-01-01T00:00:00Z",
    partials: [String: String] = [:]
  ) throws -> Template {
    let head = "eventType: order\nchannel: email\nfrom: shop@example.se\n"
    let files = [
      TemplateFile(name: "template.yaml", bytes: Array((head + metadata + "\n").utf8)),
      TemplateFile(name: "subject.mustache", bytes: Array("About {{id}}".utf8)),
      TemplateFile(name: "text.mustache", bytes: Array(text.utf8)),
    ]
    let others = partials.sorted { $0.key < $1.key }.map {
      TemplateFile(name: "partials/\($0.key).mustache", bytes: Array($0.value.utf8))
    }
    return try Template(
      TemplateFiles(name: name, files: files + others), checkingSample: false)
  }

  /// One template for events of the type `order`.
  static func catalog() throws -> TemplateCatalog {
    try TemplateCatalog([make("order.email", text: "Hello {{ctx.name}}, event {{id}}")])
  }
}
