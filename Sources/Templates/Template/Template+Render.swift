package import JSON

extension Template {
  /// Appends the delivery's `content` for this event: a JSON object with `from`, `replyTo`?,
  /// `subject`?, `text`?, `html`?, `headers`? and `attachments`?. On an error nothing is appended.
  /// - Parameter event: the event as it came, an object; the outermost context of all tags.
  package func render(
    _ event: JSONValue, into writer: inout ByteWriter
  ) throws(RenderError) {
    var steps = 0
    try render(event, into: &writer, steps: &steps)
  }

  /// The same, and says what it took, also when it fails.
  /// - Parameter steps: set to the steps that count towards `TemplateLimits.renderSteps`.
  package func render(
    _ event: JSONValue, into writer: inout ByteWriter, steps: inout Int
  ) throws(RenderError) {
    let start = writer.count
    do throws(RenderError) {
      try program.run(over: event, from: start, steps: &steps) { (run) throws(RenderError) in
        for requirement in layout.requirements where !run.isPresent(requirement.instruction) {
          throw missing(requirement)
        }
        for field in layout.fields { try render(field, &run, into: &writer) }
        for group in layout.groups {
          writer.write(group.opening)
          let first = writer.count
          for item in group.items {
            let before = writer.count
            if before > first { writer.write(byte: UInt8(ascii: ",")) }
            if try !render(item, &run, into: &writer) { writer.truncate(to: before) }
          }
          writer.write(group.closing)
        }
      }
    } catch {
      writer.truncate(to: start)
      throw error
    }
    writer.write(byte: UInt8(ascii: "}"))
  }

  /// Appends a field; false when it was empty and therefore left out.
  @discardableResult
  private func render(
    _ field: ContentLayout.Field, _ run: inout MustacheRun, into writer: inout ByteWriter
  ) throws(RenderError) -> Bool {
    let before = writer.count
    writer.write(field.opening)
    let textStart = writer.count
    try run.render(field.block, into: &writer)
    if writer.count == textStart {
      switch field.emptiness {
      case .keep: break
      case .omit:
        writer.truncate(to: before)
        return false
      case .refuse: throw empty(field)
      }
    }
    writer.write(byte: UInt8(ascii: "\""))
    return true
  }

  private func missing(_ requirement: ContentLayout.Requirement) -> RenderError {
    RenderError(
      code: .missingRequired, file: "\(name)/\(TemplateFile.metadata)",
      line: program.origins[Int(program.instructions[requirement.instruction].origin)].line,
      field: requirement.path, detail: "the event must have this path, and not as null")
  }

  private func empty(_ field: ContentLayout.Field) -> RenderError {
    RenderError(
      code: .emptyField, file: "\(name)/\(TemplateFile.metadata)", line: nil, field: field.name,
      detail: "expected a text that is not empty for this event")
  }
}
