internal import JSON

/// One run of a program over one document: the context stack, and what may still be used up.
/// Lives inside `MustacheProgram.run`, because it holds pointers.
struct MustacheRun: ~Copyable {
  /// A level of the context stack: the value that names are looked up in, and the elements that
  /// follow it when it is an element of an array.
  struct Frame {
    var value: JSONValue
    var rest: JSONElements
  }

  private let program: MustacheProgram
  private let bytes: UnsafeRawBufferPointer
  private let frames: UnsafeMutableBufferPointer<Frame>
  private var top = 0
  private var steps = TemplateLimits.renderSteps
  private let outputEnd: Int

  fileprivate init(
    _ program: MustacheProgram, bytes: UnsafeRawBufferPointer,
    frames: UnsafeMutableBufferPointer<Frame>, root: JSONValue, outputEnd: Int
  ) {
    self.program = program
    self.bytes = bytes
    self.frames = frames
    self.outputEnd = outputEnd
    frames.initializeElement(at: 0, to: Frame(value: root, rest: root.elements))
  }

  /// Appends what the block renders.
  mutating func render(
    _ block: MustacheProgram.Block, into writer: inout ByteWriter
  ) throws(RenderError) {
    var next = block.lowerBound
    while next < block.upperBound {
      let instruction = program.instructions[next]
      next &+= 1
      steps &-= 1
      if steps < 0 { throw exhausted(instruction, writer.count) }
      switch instruction.operation {
      case .literal: writer.write(slice(instruction.first, instruction.count))
      case .plainValue, .htmlValue, .headerValue: try write(instruction, into: &writer)
      case .section:
        guard let value = lookUp(instruction), !value.isEmptyOrFalse else {
          next = Int(instruction.target)
          continue
        }
        push(value)
      case .inverted:
        if let value = lookUp(instruction), !value.isEmptyOrFalse { next = Int(instruction.target) }
      case .sectionEnd:
        if writer.count > outputEnd { throw exhausted(instruction, writer.count) }
        if let element = frames[top].rest.next() {
          frames[top].value = element
          next = Int(instruction.target)
        } else {
          top &-= 1
        }
      }
    }
    if writer.count > outputEnd { throw exhausted(nil, writer.count) }
  }

  /// Whether the event has the path of that instruction, and not as null.
  mutating func isPresent(_ instruction: Int) -> Bool {
    lookUp(program.instructions[instruction]).map { !$0.isNull } ?? false
  }

  private mutating func push(_ value: JSONValue) {
    top &+= 1
    var rest = value.elements
    let first = value.kind == .array ? rest.next() : nil
    frames.initializeElement(at: top, to: Frame(value: first ?? value, rest: rest))
  }

  /// The first name is looked up in the context stack from the top, the others in what it names.
  private mutating func lookUp(_ instruction: MustacheProgram.Instruction) -> JSONValue? {
    if instruction.count == 0 { return frames[top].value }
    var found: JSONValue?
    var frame = top
    let first = program.names[Int(instruction.first)]
    repeat {
      found = member(first, of: frames[frame].value)
      frame &-= 1
    } while found == nil && frame >= 0
    var index = instruction.first &+ 1
    while let value = found, index < instruction.first &+ instruction.count {
      found = member(program.names[Int(index)], of: value)
      index &+= 1
    }
    return found
  }

  private mutating func member(
    _ name: MustacheProgram.Slice, of value: JSONValue
  ) -> JSONValue? {
    steps &-= value.count &>> 4
    return value.member(slice(name.first, name.count))
  }

  private mutating func write(
    _ instruction: MustacheProgram.Instruction, into writer: inout ByteWriter
  ) throws(RenderError) {
    guard let value = lookUp(instruction) else { return }
    switch value.kind {
    case .string:
      guard let text = value.asString?.bytes else { return }
      try checkRoom(text.count, instruction, in: writer)
      switch instruction.operation {
      case .htmlValue: writer.writeHTMLText(text)
      case .headerValue: writer.writeHeaderText(text)
      default: writer.writeJSONStringContents(text)
      }
    case .number, .bool:
      let text = value.source
      try checkRoom(text.count, instruction, in: writer)
      writer.write(text)
    case .null: break
    case .array, .object:
      throw error(
        .notScalar, instruction, "expected a text, a number or a truth value in the event, not "
          + (value.kind == .array ? "an array" : "an object"))
    }
  }

  @inline(__always)
  private func checkRoom(
    _ extra: Int, _ instruction: MustacheProgram.Instruction, in writer: borrowing ByteWriter
  ) throws(RenderError) {
    let count = writer.count &+ extra
    if count > outputEnd { throw exhausted(instruction, count) }
  }

  @inline(__always)
  private func slice(_ first: UInt32, _ count: UInt32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      rebasing: bytes[Int(first)..<Int(first) &+ Int(count)])
  }

  private func exhausted(
    _ instruction: MustacheProgram.Instruction?, _ count: Int
  ) -> RenderError {
    count > outputEnd
      ? error(
        .tooLarge, instruction,
        "the content may have at most \(TemplateLimits.outputBytes) bytes")
      : error(.tooLong, instruction, "the event makes the template repeat too much")
  }

  private func error(
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

extension MustacheProgram {
  /// Calls `body` with a run over `root` that may write up to `TemplateLimits.outputBytes` beyond
  /// `start`.
  func run(
    over root: JSONValue, from start: Int,
    _ body: (inout MustacheRun) throws(RenderError) -> Void
  ) throws(RenderError) {
    // The standard library's closure forgets the type of what it throws; a result does not.
    let result: Result<Void, RenderError> = bytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: MustacheRun.Frame.self, capacity: depth + 1) { frames in
        var run = MustacheRun(
          self, bytes: bytes, frames: frames, root: root,
          outputEnd: start + TemplateLimits.outputBytes)
        do throws(RenderError) {
          return .success(try body(&run))
        } catch {
          return .failure(error)
        }
      }
    }
    try result.get()
  }
}
