package import Messages

/// What turns an event into a message: a template's files, compiled. Immutable.
package final class Template: Sendable {
  /// The name: its folder's.
  package let name: String
  /// The SHA-256 of its files' names and bytes, the partials it uses among them, in lowercase
  /// hexadecimal, with the rules. The folder's name is not part of it.
  package let version: String
  /// By which it is compiled and rendered.
  package let rules: RenderRules
  /// The type of the events it is for.
  package let eventType: String
  /// The channel of its deliveries.
  package let channel: String
  /// The language of its text, as written; nil for any.
  package let language: String?
  /// The origin of the events it is for; nil for any.
  package let origin: String?
  /// The lanes that may use it: each once, real-time first.
  package let lanes: [Lane]
  /// Since when it may be used, and what makes it newer than another.
  package let publishedAt: Timestamp
  /// The first instant of its validity; nil without beginning.
  package let validFrom: Timestamp?
  /// The first instant after its validity; nil without end.
  package let validTo: Timestamp?
  /// The channels that a failed delivery is tried on next, in order.
  package let fallback: [String]
  /// The paths that an event must have, and not as null.
  package let required: [String]
  /// Whether its content, and what its events hold, are hidden from commands and pages.
  package let isSensitive: Bool
  /// Its files, from which it can be made again.
  package let files: TemplateFiles

  let program: MustacheProgram
  let layout: ContentLayout

  /// Compiles a template.
  /// - Parameters:
  ///   - files: the folder's files and the partials; partials that are not used are left out.
  ///   - checkingSample: whether `sample.json` must be there, be an event of the type, and render.
  ///   - rules: others than the current ones for what an event has pinned.
  package convenience init(
    _ files: TemplateFiles, checkingSample: Bool = true, rules: RenderRules = .current
  ) throws(CatalogError) {
    var partials: [String: TemplateFile] = [:]
    for file in files.files where file.name.hasPrefix("partials/") {
      partials[file.name] = file
    }
    let own = files.files.filter { partials[$0.name] == nil }
    try self.init(
      folder: TemplateFiles(name: files.name, files: own), checkingSample: checkingSample,
      rules: rules
    ) { partials[TemplateFiles.partialFile($0)] }
  }

  /// Compiles a template whose partials are found by name.
  init(
    folder: TemplateFiles, checkingSample: Bool, rules: RenderRules = .current,
    partials: @escaping (String) -> TemplateFile?
  ) throws(CatalogError) {
    let parts = try TemplateBuilder.build(folder, rules: rules, partials: partials)
    self.rules = rules
    let metadata = parts.metadata
    name = folder.name
    files = TemplateFiles(name: folder.name, files: folder.files + parts.usedPartials)
    guard files.byteCount <= TemplateLimits.templateBytes else {
      throw CatalogError(
        TemplateProblem(
          .tooLarge, file: name,
          "the template has \(files.byteCount) bytes with its partials; at most "
            + "\(TemplateLimits.templateBytes) are accepted"))
    }
    version = files.version(by: rules)
    eventType = metadata.eventType
    channel = metadata.channel
    language = metadata.language
    origin = metadata.origin
    lanes = metadata.lanes
    publishedAt = metadata.publishedAt
    validFrom = metadata.validFrom
    validTo = metadata.validTo
    fallback = metadata.fallback
    required = metadata.required
    isSensitive = metadata.isSensitive
    program = parts.program
    layout = parts.layout
    if checkingSample, let problem = sampleProblem() { throw CatalogError(problem) }
  }
}

extension Template: CustomStringConvertible {
  /// The name and the beginning of the version.
  package var description: String { "\(name)@\(version.prefix(12))" }
}
