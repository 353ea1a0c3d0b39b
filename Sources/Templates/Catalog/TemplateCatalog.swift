internal import Messages

/// The templates in use: an immutable whole, swapped for another one when the files change.
package final class TemplateCatalog: Sendable {
  /// The templates, the preferred first as far as publication and version decide: the latest
  /// `publishedAt`, then the higher version.
  package let templates: [Template]
  /// The channels that deliveries may go to: those of the templates and of their fallbacks, each
  /// once, sorted.
  package let channels: [String]

  let index: MatchIndex
  private let byVersion: [String: Int]

  /// Makes a catalog of templates in any order. Refuses two with the same files, because nothing
  /// could tell which of them is meant, and fallbacks on which no template can follow.
  package init(_ templates: [Template]) throws(CatalogError) {
    let sorted = templates.sorted(by: Self.precedes)
    let problems = Self.twins(of: sorted) + Self.deadFallbacks(of: sorted)
    guard problems.isEmpty else { throw CatalogError(problems) }
    self.templates = sorted
    channels = Set(sorted.flatMap { [$0.channel] + $0.fallback }).sorted()
    index = MatchIndex(sorted)
    var byVersion: [String: Int] = [:]
    for (number, template) in sorted.enumerated() { byVersion[template.version] = number }
    self.byVersion = byVersion
  }

  /// Reads the folder at `path`: whole, or an error that lists every problem.
  package static func load(path: String) throws(CatalogError) -> TemplateCatalog {
    let contents = TemplateFolder.read(path)
    var problems = contents.problems
    // A partial's mistakes are found where it is used; one that nothing uses is looked at here.
    for name in contents.partials.keys.sorted() {
      problems += problemsOfPartial(name, contents.partials)
    }
    var templates: [Template] = []
    for folder in contents.templates {
      do throws(CatalogError) {
        templates.append(
          try Template(folder: folder, checkingSample: true) { contents.partials[$0] })
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw CatalogError(problems) }
    return try TemplateCatalog(templates)
  }

  /// The template of that version; nil when it is not in use.
  package func template(version: String) -> Template? {
    byVersion[version].map { templates[$0] }
  }

  /// The part of the order of preference that does not depend on the event.
  static func precedes(_ left: Template, _ right: Template) -> Bool {
    left.publishedAt != right.publishedAt
      ? left.publishedAt > right.publishedAt : left.version > right.version
  }

  private static func problemsOfPartial(
    _ name: String, _ partials: [String: TemplateFile]
  ) -> [TemplateProblem] {
    var compiler = MustacheCompiler { name in
      partials[name].map { MustacheSource(file: $0.name, bytes: $0.bytes) }
    }
    let tag = MustacheSource(
      file: TemplateFiles.partialFile(name), bytes: Array("{{>\(name)}}".utf8))
    _ = compiler.add(tag, style: .text)
    return compiler.finish().problems
  }

  private static func twins(of sorted: [Template]) -> [TemplateProblem] {
    zip(sorted, sorted.dropFirst()).filter { $0.version == $1.version }.map { first, second in
      let names = [first.name, second.name].sorted()
      return TemplateProblem(
        .duplicate, file: names[1], "its files are the same as those of \(names[0])")
    }
  }

  private static func deadFallbacks(of sorted: [Template]) -> [TemplateProblem] {
    let known = Set(sorted.map { [$0.eventType, $0.channel] })
    return sorted.flatMap { template in
      template.fallback.filter { !known.contains([template.eventType, $0]) }.map { channel in
        TemplateProblem(
          .badValue, file: "\(template.name)/\(TemplateFile.metadata)", field: "fallback",
          "there is no template for \(template.eventType) on channel \(channel)")
      }
    }
  }
}
