internal import JSON

extension MustacheCompiler {
  /// Appends literal text, joined to the literal before it where nothing jumps between the two.
  mutating func appendLiteral(_ text: ArraySlice<UInt8>, style: MustacheStyle) {
    var escaped = ByteWriter(capacity: text.count + 16)
    text.withUnsafeBytes { text in
      switch style {
      case .text, .html: escaped.writeJSONStringContents(text)
      case .header: escaped.writeHeaderText(text)
      case .line, .phrase:
        // A line break is a blank here, too, unless the whole text begins or ends with it.
        escaped.write(byte: UInt8(ascii: "x"))
        style == .line ? escaped.writeLineText(text) : escaped.writePhraseText(text)
      case .link: escaped.writeLinkText(text, keepsReserved: true)
      }
    }
    let skipped = style == .line || style == .phrase ? 1 : 0
    let count = escaped.count - skipped
    guard count > 0 else { return }
    let first = program.bytes.count
    escaped.withBytes { program.bytes += $0.dropFirst(skipped) }
    if program.instructions.count > barrier, let last = program.instructions.last,
      last.operation == .literal, Int(last.first + last.count) == first
    {
      program.instructions[program.instructions.count - 1].count += UInt32(count)
    } else {
      program.instructions.append(
        .init(operation: .literal, first: UInt32(first), count: UInt32(count)))
    }
  }

  /// Appends an instruction with the names of a tag.
  mutating func appendNamed(
    _ operation: MustacheProgram.Operation, _ tag: MustacheTag, _ source: MustacheSource
  ) {
    let first = program.names.count
    if !tag.content.elementsEqual([UInt8(ascii: ".")]) {
      let parts = tag.content.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      if rules != .first, let word = HandlebarsWord.found(in: tag.content) {
        report(.mustache, tag, source, word.advice)
      } else if tag.content.contains(where: MustacheScanner.isSpace)
        || parts.contains(where: \.isEmpty)
      {
        report(
          .mustache, tag, source, "expected a name such as ctx.client.firstname, or a single dot")
      }
      if parts.count > TemplateLimits.nameParts {
        report(
          .tooLarge, tag, source,
          "a dotted name may have at most \(TemplateLimits.nameParts) parts")
      }
      for part in parts {
        program.names.append(slice(of: part))
      }
    }
    program.instructions.append(
      .init(
        operation: operation, first: UInt32(first), count: UInt32(program.names.count - first),
        origin: UInt32(program.origins.count)))
    program.origins.append(.init(file: source.file, line: tag.line, tag: tag.shortText))
  }

  /// A name's place in the program. The same name has one place, by which a run knows it again.
  private mutating func slice(of name: ArraySlice<UInt8>) -> MustacheProgram.Slice {
    if let known = nameSlices[Array(name)] { return known }
    let slice = MustacheProgram.Slice(
      first: UInt32(program.bytes.count), count: UInt32(name.count))
    program.bytes += name
    nameSlices[Array(name)] = slice
    return slice
  }

  /// Adds a path of an event and returns the instruction that has its names; not to be run, only
  /// asked with `MustacheRun.isPresent`.
  mutating func addPath(_ path: String, file: String, line: Int?) -> Int {
    let bytes = Array(path.utf8)[...]
    let tag = MustacheTag(kind: .variable, content: bytes, line: line ?? 1, text: bytes)
    appendNamed(.plainValue, tag, MustacheSource(file: file, bytes: []))
    barrier = program.instructions.count
    return barrier - 1
  }

  /// Refuses a program that has become too large.
  mutating func checkSize(_ source: MustacheSource) throws(TemplateProblem) {
    guard
      program.instructions.count > TemplateLimits.instructions
        || program.bytes.count > TemplateLimits.literalBytes
    else { return }
    isOverfull = true
    throw TemplateProblem(
      .tooLarge, file: source.file, field: source.field,
      "the template with its partials is too large: at most \(TemplateLimits.instructions) tags "
        + "and \(TemplateLimits.literalBytes) bytes of text")
  }

  mutating func report(
    _ code: TemplateProblem.Code, _ tag: MustacheTag, _ source: MustacheSource, _ detail: String
  ) {
    problems.append(problem(code, tag, source, detail))
  }

  func problem(
    _ code: TemplateProblem.Code, _ tag: MustacheTag, _ source: MustacheSource, _ detail: String
  ) -> TemplateProblem {
    let field = source.field.map { "\($0) \(tag.shortText)" } ?? tag.shortText
    return TemplateProblem(code, file: source.file, line: tag.line, field: field, detail)
  }
}
