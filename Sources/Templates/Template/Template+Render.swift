package import JSON
internal import Messages

extension Template {
  /// Appends the delivery's `content` for this event: a JSON object with `from`, `replyTo`?,
  /// `subject`?, `text`?, `html`?, `headers`? and `attachments`?. An event whose `emailFormat` is
  /// text gets no `html` beside the `text`. On an error nothing is appended.
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
        let leavesHTML = layout.isTextAndHTML && EmailFormat.of(event) == .text
        for field in layout.fields where !(leavesHTML && field.name == TemplateBuilder.html) {
          try render(field, &run, into: &writer)
        }
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
    if case .mailbox(let name?) = field.form { try renderQuoted(name, &run, into: &writer) }
    try run.render(field.block, into: &writer)
    if case .text = field.form {} else { writer.dropBlanks(downTo: textStart) }
    if writer.count == textStart {
      switch field.emptiness {
      case .keep: break
      case .omit:
        writer.truncate(to: before)
        return false
      case .refuse: throw empty(field)
      }
    } else {
      try check(field, UnsafeRawBufferPointer(rebasing: writer.bytes[textStart...]))
    }
    writer.write(byte: UInt8(ascii: "\""))
    return true
  }

  /// Appends a display name and a blank; nothing when the name comes out empty.
  private func renderQuoted(
    _ name: MustacheProgram.Block, _ run: inout MustacheRun, into writer: inout ByteWriter
  ) throws(RenderError) {
    let before = writer.count
    writer.write("\\\"")
    let start = writer.count
    try run.render(name, into: &writer)
    writer.dropBlanks(downTo: start)
    if writer.count == start {
      writer.truncate(to: before)
    } else {
      writer.write("\\\" ")
    }
  }

  /// - Parameter text: as it stands in JSON.
  private func check(
    _ field: ContentLayout.Field, _ text: UnsafeRawBufferPointer
  ) throws(RenderError) {
    switch field.form {
    case .link where !Link.isValid(text):
      throw error(.badLink, field, "expected a URL with its scheme, like https://example.se/1.pdf")
    case .mailbox where !Mailbox.isSingle(escaped: text):
      throw error(
        .badMailbox, field,
        "expected one address, like order@example.se, or with a name, like Shop <order@example.se>")
    default: break
    }
  }

  private func missing(_ requirement: ContentLayout.Requirement) -> RenderError {
    RenderError(
      code: .missingRequired, file: "\(name)/\(TemplateFile.metadata)",
      line: program.origins[Int(program.instructions[requirement.instruction].origin)].line,
      field: requirement.path, detail: "the event must have this path, and not as null")
  }

  private func empty(_ field: ContentLayout.Field) -> RenderError {
    error(.emptyField, field, "expected a text that is not empty for this event")
  }

  private func error(
    _ code: RenderError.Code, _ field: ContentLayout.Field, _ detail: String
  ) -> RenderError {
    RenderError(
      code: code, file: "\(name)/\(TemplateFile.metadata)", line: nil, field: field.name,
      detail: detail)
  }
}

extension ByteWriter {
  /// Drops the blanks at the end, of what was written after the first `start` bytes.
  fileprivate mutating func dropBlanks(downTo start: Int) {
    while count > start, bytes[count - 1] == 0x20 { truncate(to: count - 1) }
  }
}
