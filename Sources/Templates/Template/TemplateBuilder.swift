internal import JSON

/// Makes the parts of a template from its files, and lists everything that is wrong with them.
struct TemplateBuilder {
  /// What a template is made of.
  struct Parts {
    var metadata: TemplateMetadata
    var program: MustacheProgram
    var layout: ContentLayout
    var usedPartials: [TemplateFile]
  }

  static let text = "text"
  static let html = "html"

  private let folder: TemplateFiles
  private var compiler: MustacheCompiler
  private var problems: [TemplateProblem] = []
  private var layout = ContentLayout()
  private let rules: RenderRules

  private init(_ folder: TemplateFiles, compiler: MustacheCompiler) {
    self.folder = folder
    self.compiler = compiler
    rules = compiler.rules
  }

  static func build(
    _ folder: TemplateFiles, rules: RenderRules, partials: @escaping (String) -> TemplateFile?
  ) throws(CatalogError) -> Parts {
    let compiler = MustacheCompiler(rules: rules) { name in
      partials(name).map { MustacheSource(file: $0.name, bytes: $0.bytes) }
    }
    var builder = TemplateBuilder(folder, compiler: compiler)
    let metadata = builder.readMetadata()
    builder.compile(metadata)
    let compiled = builder.compiler.finish()
    let problems = builder.problems + compiled.problems
    guard problems.isEmpty, let metadata else { throw CatalogError(problems) }
    return Parts(
      metadata: metadata, program: compiled.program, layout: builder.layout,
      usedPartials: compiled.usedPartials.sorted().compactMap(partials))
  }

  private mutating func readMetadata() -> TemplateMetadata? {
    problems += folder.files.compactMap { $0.problem(in: folder.name) }
    for file in folder.files where !TemplateFile.all.contains(file.name) {
      report(.unexpectedFile, file.name, "this file does not belong in a template")
    }
    let unusable = Set(problems.map(\.file))
    guard let bytes = folder[TemplateFile.metadata] else {
      report(.missingFile, TemplateFile.metadata, "expected this file")
      return nil
    }
    guard !unusable.contains(path(TemplateFile.metadata)) else { return nil }
    let (metadata, found) = MetadataReader.read(bytes, file: path(TemplateFile.metadata))
    problems += found
    return metadata
  }

  /// Compiles all texts, those of the metadata when there is any.
  private mutating func compile(_ metadata: TemplateMetadata?) {
    if let metadata {
      addAddress("from", metadata.from, .refuse, channel: metadata.channel)
      addAddress("replyTo", metadata.replyTo, .omit, channel: metadata.channel)
    }
    addField("subject", source(TemplateFile.subject), lineStyle, .keep)
    var text = source(TemplateFile.text)
    // A line break at the end is one of the file, and in a text message it is seen.
    if rules != .first, metadata?.channel != "email" { text?.dropLineBreaksAtEnd() }
    addField(Self.text, text, .text, .keep)
    addField(Self.html, source(TemplateFile.html), .html, .keep)
    guard let metadata else { return }
    checkFiles(of: metadata.channel)
    layout.isTextAndHTML =
      rules != .first && metadata.channel == "email"
      && [Self.text, Self.html].allSatisfy { name in layout.fields.contains { $0.name == name } }
    addGroup(
      "headers", "{", "}", lineStyle, metadata.headers.map { (name: $0.name, text: $0.value) })
    addGroup(
      "attachments", "[", "]", rules == .first ? .header : .link,
      metadata.attachments.map { (name: nil, text: $0) })
    layout.requirements = metadata.required.map { path in
      .init(
        path: path,
        instruction: compiler.addPath(
          path, file: self.path(TemplateFile.metadata), line: metadata.lines["required"]))
    }
  }

  private var lineStyle: MustacheStyle { rules == .first ? .header : .line }

  private mutating func addField(
    _ name: String, _ source: MustacheSource?, _ style: MustacheStyle,
    _ emptiness: ContentLayout.Field.Emptiness
  ) {
    guard let source else { return }
    let form: ContentLayout.Field.Form = style == .line ? .line : .text
    add(name, compiler.add(source, style: style), emptiness, form)
  }

  /// One address of an e-mail. Its display name, if it is made from data, is quoted: else a comma
  /// in it makes two addresses.
  private mutating func addAddress(
    _ name: String, _ source: MustacheSource?, _ emptiness: ContentLayout.Field.Emptiness,
    channel: String
  ) {
    guard let source, rules != .first, channel == "email", source.hasTags else {
      return addField(name, source, lineStyle, emptiness)
    }
    guard let parts = source.displayName else {
      return add(
        name, compiler.add(source, style: .line), emptiness, .mailbox(name: nil))
    }
    let quoted = compiler.add(parts.name, style: .phrase)
    add(
      name, compiler.add(parts.address, style: .line), emptiness, .mailbox(name: quoted))
  }

  private mutating func add(
    _ name: String, _ block: MustacheProgram.Block, _ emptiness: ContentLayout.Field.Emptiness,
    _ form: ContentLayout.Field.Form
  ) {
    let opening = (layout.fields.isEmpty ? "{" : ",") + "\"\(name)\":\""
    layout.fields.append(
      .init(
        name: name, opening: Array(opening.utf8), block: block, emptiness: emptiness, form: form))
  }

  private mutating func addGroup(
    _ name: String, _ opening: String, _ closing: String, _ style: MustacheStyle,
    _ items: [(name: String?, text: MustacheSource)]
  ) {
    guard !items.isEmpty else { return }
    let fields = items.map { item in
      ContentLayout.Field(
        name: item.name ?? name, opening: Array((item.name.map { "\"\($0)\":\"" } ?? "\"").utf8),
        block: compiler.add(item.text, style: style), emptiness: .omit,
        form: style == .link ? .link : style == .line ? .line : .text)
    }
    layout.groups.append(
      .init(
        opening: Array(",\"\(name)\":\(opening)".utf8), closing: Array(closing.utf8),
        items: fields))
  }

  /// A text file as a source, when it is there and can be read as text.
  private func source(_ file: String) -> MustacheSource? {
    guard let bytes = folder[file], !problems.contains(where: { $0.file == path(file) })
    else { return nil }
    return MustacheSource(file: path(file), bytes: bytes)
  }

  private mutating func checkFiles(of channel: String) {
    let hasText = folder[TemplateFile.text] != nil
    if channel == "email" {
      if folder[TemplateFile.subject] == nil {
        report(.missingFile, TemplateFile.subject, "an email needs a subject")
      }
      if !hasText, folder[TemplateFile.html] == nil {
        report(.missingFile, TemplateFile.text, "an email needs a text, or html.mustache, or both")
      }
    } else if !hasText {
      report(.missingFile, TemplateFile.text, "a message on channel \(channel) needs a text")
    }
  }

  private mutating func report(
    _ code: TemplateProblem.Code, _ file: String, _ detail: String
  ) {
    problems.append(TemplateProblem(code, file: path(file), detail))
  }

  private func path(_ file: String) -> String { "\(folder.name)/\(file)" }
}
