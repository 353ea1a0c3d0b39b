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

  let program: MustacheProgram
  private let bytes: UnsafeRawBufferPointer
  private let frames: UnsafeMutableBufferPointer<Frame>
  private var top = 0
  private var steps = TemplateLimits.renderSteps
  var stepsTaken: Int { TemplateLimits.renderSteps - steps }
  /// The bytes that the writer may hold.
  let outputEnd: Int
  /// The member of the root that was looked up last: most names of a template begin with `ctx`.
  private var rootName = UInt32.max
  private var rootMember: JSONValue?

  init(
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
      case .plainValue, .htmlValue, .headerValue, .lineValue, .phraseValue, .linkPartValue,
        .linkValue:
        try write(instruction, into: &writer)
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
        if advance() { next = Int(instruction.target) }
      }
    }
    if writer.count > outputEnd { throw exhausted(nil, writer.count) }
  }

  /// Whether the event has the path of that instruction, and not as null.
  mutating func isPresent(_ instruction: Int) -> Bool {
    lookUp(program.instructions[instruction]).map { !$0.isNull } ?? false
  }

  /// Goes on with the next element of the array that is on top, or leaves what is on top.
  @inline(__always)
  mutating func advance() -> Bool {
    guard let element = frames[top].rest.next() else {
      top &-= 1
      return false
    }
    frames[top].value = element
    return true
  }

  mutating func push(_ value: JSONValue) {
    top &+= 1
    var rest = value.elements
    let first = value.kind == .array ? rest.next() : nil
    frames.initializeElement(at: top, to: Frame(value: first ?? value, rest: rest))
  }

  /// The first name is looked up in the context stack from the top, the others in what it names.
  mutating func lookUp(_ instruction: MustacheProgram.Instruction) -> JSONValue? {
    if instruction.count == 0 { return frames[top].value }
    var found: JSONValue?
    var frame = top
    let first = program.names[Int(instruction.first)]
    while frame > 0, found == nil {
      found = member(first, of: frames[frame].value)
      frame &-= 1
    }
    if found == nil { found = memberOfRoot(first) }
    var index = instruction.first &+ 1
    while let value = found, index < instruction.first &+ instruction.count {
      found = member(program.names[Int(index)], of: value)
      index &+= 1
    }
    return found
  }

  private mutating func memberOfRoot(_ name: MustacheProgram.Slice) -> JSONValue? {
    if name.first != rootName {
      rootName = name.first
      rootMember = member(name, of: frames[0].value)
    }
    return rootMember
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
      case .lineValue: writer.writeLineText(text)
      case .phraseValue: writer.writePhraseText(text)
      case .linkPartValue: writer.writeLinkText(text, keepsReserved: writer.isAtStartOfText)
      case .linkValue: writer.writeLinkText(text, keepsReserved: true)
      default: writer.writeJSONStringContents(text)
      }
    case .number, .bool:
      let text = value.source
      try checkRoom(text.count, instruction, in: writer)
      writer.write(text)
    case .null: break
    case .array, .object:
      throw error(
        .notScalar, instruction,
        "expected a text, a number or a truth value in the event, not "
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
}
