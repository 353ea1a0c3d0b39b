internal import Glibc

/// A large catalog that is loaded again and again.
struct CatalogRow: FairnessRow {
  let count: Int

  init(templates count: Int) { self.count = count }

  var name: String { "catalog" }
  var title: String { "\(count) templates reloaded \(Self.reloads) times" }
  var templates: [BenchTemplate] {
    (0..<count).map { BenchTemplate(name: "kind-\($0)", text: Self.text) }
  }

  private static let reloads = 10
  /// Some 8 KiB, as a newsletter has.
  private static let text = String(
    repeating: "<p>Hello {{ctx.name}}, {{#ctx.lines}}{{name}} at {{price}}{{/ctx.lines}}</p>\n",
    count: 100)

  func disturb(_ stage: FairnessStage) async throws {
    for edition in 1...Self.reloads {
      try templates[0].write(into: stage.templates, edition: edition)
      kill(stage.service.child.pid, SIGHUP)
      try await Task.sleep(for: .seconds(1))
    }
  }
}
