internal import JSON
internal import Messages

extension Template {
  /// The event to preview and check the template with: the bytes of `sample.json`.
  package var sample: [UInt8]? { files[TemplateFile.sample] }

  /// What is wrong with the sample; nil when it is an event of the template's type that can be
  /// rendered.
  func sampleProblem() -> TemplateProblem? {
    guard let sample else {
      return problem(.missingFile, "expected an event to check the template with")
    }
    let parser = JSONParser(maxBytes: TemplateLimits.fileBytes)
    // Views die with their parser.
    defer { withExtendedLifetime(parser) {} }
    do {
      let root = try parser.parse(sample)
      let event = try EventFields.decode(root, messageID: nil)
      guard event.type.string == eventType else {
        return problem(.sample, field: "type", "expected an event of type \(eventType)")
      }
      var writer = ByteWriter(capacity: 4096)
      try render(root, into: &writer)
    } catch let error as JSONError {
      return problem(.sample, line: error.line, field: error.path, "expected JSON: \(error.detail)")
    } catch let error as Rejection {
      return problem(.sample, field: error.path, error.detail)
    } catch {
      return problem(.sample, "the template cannot be rendered with it: \(error)")
    }
    return nil
  }

  /// The names in the template that the sample has nothing for: mistyped, most often. A section
  /// whose name also stands in an inverted one is meant to be missing at times.
  package func unresolvedInSample() -> [TemplateWarning] {
    guard let sample else { return [] }
    let parser = JSONParser(maxBytes: TemplateLimits.fileBytes)
    defer { withExtendedLifetime(parser) {} }
    guard let root = try? parser.parse(sample) else { return [] }
    var resolved = MustacheRun.Resolved()
    var steps = 0
    try? program.run(over: root, from: 0, steps: &steps) { (run) throws(RenderError) in
      for block in layout.blocks { run.resolve(block, into: &resolved) }
    }
    let inverted = Set(
      program.instructions.filter { $0.operation == .inverted }.map { program.path(of: $0) })
    return resolved.missing.sorted().compactMap { index in
      let instruction = program.instructions[index]
      if instruction.operation == .section, inverted.contains(program.path(of: instruction)) {
        return nil
      }
      let origin = program.origins[Int(instruction.origin)]
      return TemplateWarning(file: origin.file, line: origin.line, tag: origin.tag)
    }
  }

  private func problem(
    _ code: TemplateProblem.Code, line: Int? = nil, field: String? = nil, _ detail: String
  ) -> TemplateProblem {
    TemplateProblem(
      code, file: "\(name)/\(TemplateFile.sample)", line: line, field: field, detail)
  }
}
