import Foundation
import Testing

/// Needs no broker.
@Suite("templates check says what is wrong before an event comes", .timeLimit(.minutes(5)))
struct TemplatesCheckTests {
  /// A service whose templates are one e-mail with this HTML and a sample with `ctx.name`,
  /// `ctx.action_url`, `ctx.a` and `ctx.l`.
  private func service(html: String) throws -> (ServiceProcess, String) {
    let service = try ServiceProcess(brokerURL: "amqp://127.0.0.1:1")
    let templates = service.folder.appendingPathComponent("templates")
    let folder = templates.appendingPathComponent("reset.email")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let files = [
      "template.yaml": """
      eventType: reset
      channel: email
      publishedAt: 2026-01-01T00:00:00Z
      from: a@example.se
      """,
      "subject.mustache": "Reset", "html.mustache": html,
      "sample.json": """
      {"id":"1","type":"reset","email":"elsa@example.se",
       "ctx":{"name":"Elsa","action_url":"https://example.se","a":true,"l":[1]}}
      """,
    ]
    for (name, text) in files {
      try text.write(
        to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    return (service, templates.path)
  }

  @Test
  func `Names that the sample has nothing for are warnings, and with --strict an error`() throws {
    let (service, path) = try service(
      html: #"<p>Hi {{name}}, <a href="{{action_url}}">reset</a> {{ctx.name}}</p>"#)
    let (code, out, err) = try service.run(["templates", "check", path])
    #expect(code == 0 && out.contains("reset.email"), "\(out)\(err)")
    for name in ["{{name}}", "{{action_url}}"] {
      #expect(err.contains("warning: ") && err.contains(name), "\(name): \(err)")
    }
    #expect(!err.contains("{{ctx.name}}"), "\(err)")
    #expect(try service.run(["templates", "check", "--strict", path]).0 == 65)
    let (_, json, _) = try service.run(["templates", "check", "--json", path])
    #expect(json.contains(#""warnings":["#) && json.contains("{{action_url}}"), "\(json)")
  }

  @Test(arguments: [
    "{{#ctx.a}}A{{else}}B{{/ctx.a}}", "{{#ctx.l}}{{@index}}{{/ctx.l}}",
    "{{#ctx.l}}{{this}}{{/ctx.l}}", "{{#if ctx.a}}A{{/if}}",
  ])
  func `The words of Handlebars are errors`(html: String) throws {
    let (service, path) = try service(html: html)
    let (code, _, err) = try service.run(["templates", "check", path])
    #expect(code == 65 && err.contains("html.mustache:1"), "\(err)")
    #expect(err.contains("Mustache has no"), "\(err)")
  }
}
