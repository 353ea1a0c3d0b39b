extension MustacheRun {
  /// The error for a run that has used up its bytes or its steps.
  func exhausted(
    _ instruction: MustacheProgram.Instruction?, _ count: Int
  ) -> RenderError {
    count > outputEnd
      ? error(
        .tooLarge, instruction,
        "the content may have at most \(TemplateLimits.outputBytes) bytes")
      : error(.tooLong, instruction, "the event makes the template repeat too much")
  }

  /// An error at the tag of an instruction; without one, at the last tag of the program.
  func error(
    _ code: RenderError.Code, _ instruction: MustacheProgram.Instruction?, _ detail: String
  ) -> RenderError {
    guard let instruction, instruction.operation != .sectionEnd else {
      // Ends have no origin of their own: the section's instruction stands before its body.
      let opening = instruction.map { program.instructions[Int($0.target) - 1] }
      let origin = opening.map { program.origins[Int($0.origin)] } ?? program.origins.last
      return RenderError(
        code: code, file: origin?.file ?? "", line: origin?.line, field: origin?.tag ?? "content",
        detail: detail)
    }
    let origin = program.origins[Int(instruction.origin)]
    return RenderError(
      code: code, file: origin.file, line: origin.line, field: origin.tag, detail: detail)
  }
}
