@testable import Templates

/// Templates of the simulated shard, made in memory.
enum SampleTemplates {
  static func template(
    _ name: String, type: String, channel: String = "email", required: String? = nil,
    text: String = "Hello {{ctx.name}}, event {{id}}"
  ) throws -> Template {
    var metadata = """
      eventType: \(type)
      channel: \(channel)
      publishedAt: 2020-01-01T00:00:00Z
      from: shop@example.se

      """
    if let required { metadata += "required: [\(required)]\n" }
    var files = [
      TemplateFile(name: "template.yaml", bytes: Array(metadata.utf8)),
      TemplateFile(name: "text.mustache", bytes: Array(text.utf8)),
    ]
    if channel == "email" {
      files.append(TemplateFile(name: "subject.mustache", bytes: Array("About {{id}}".utf8)))
    }
    return try Template(TemplateFiles(name: name, files: files), checkingSample: false)
  }

  static func catalog() throws -> TemplateCatalog {
    try TemplateCatalog([
      template("order.email", type: "order"),
      template("order.sms", type: "order", channel: "sms"),
      template("strict.email", type: "strict", required: "ctx.order.number"),
    ])
  }
}
