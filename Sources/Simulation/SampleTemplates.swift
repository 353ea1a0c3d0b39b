package import Templates

/// Templates of a simulated shard, made in memory.
package enum SampleTemplates {
  package static func template(
    _ name: String, type: String, channel: String = "email", required: String? = nil,
    fallback: [String] = [], text: String = "Hello {{ctx.name}}, event {{id}}"
  ) throws -> Template {
    var metadata = """
      eventType: \(type)
      channel: \(channel)
      publishedAt: 2020-01-01T00:00:00Z
      from: shop@example.se

      """
    if let required { metadata += "required: [\(required)]\n" }
    if !fallback.isEmpty { metadata += "fallback: [\(fallback.joined(separator: ", "))]\n" }
    var files = [
      TemplateFile(name: "template.yaml", bytes: Array(metadata.utf8)),
      TemplateFile(name: "text.mustache", bytes: Array(text.utf8)),
    ]
    if channel == "email" {
      files.append(TemplateFile(name: "subject.mustache", bytes: Array("About {{id}}".utf8)))
    }
    return try Template(TemplateFiles(name: name, files: files), checkingSample: false)
  }

  /// Templates with every sort of fallback, loops among them; `greeting` makes another version.
  package static func catalog(greeting: String = "Hello") throws -> TemplateCatalog {
    let text = "\(greeting) {{ctx.name}}, event {{id}}"
    return try TemplateCatalog([
      template("order.email", type: "order", text: text),
      template("order.sms", type: "order", channel: "sms", text: text),
      template(
        "ship.email", type: "ship", fallback: ["sms", "push-ios"], text: text),
      template("ship.sms", type: "ship", channel: "sms", fallback: ["email"], text: text),
      template("ship.push", type: "ship", channel: "push-ios", fallback: ["sms"], text: text),
      template("strict.email", type: "strict", required: "ctx.order.number", text: text),
    ])
  }
}
