/// Templates compiled to one flat array of instructions. Partials are already in their places, so
/// there are no calls; sections are jumps. Literal text is stored the way it goes into a JSON
/// string.
struct MustacheProgram: Sendable {
  /// What an instruction does.
  enum Operation: UInt8, Sendable {
    /// Appends `count` bytes of `bytes` from `first`.
    case literal
    /// Appends a value as it is, escaped for JSON.
    case plainValue
    /// Appends a value escaped for HTML, then for JSON.
    case htmlValue
    /// Appends a value without its control characters, escaped for JSON.
    case headerValue
    /// Appends a value with blanks for its line breaks, escaped for JSON.
    case lineValue
    /// The same, and escaped for a quoted string before.
    case phraseValue
    /// Appends a value percent-encoded, all but what only separates parts of a path.
    case linkPartValue
    /// Appends a value percent-encoded as far as no URL may hold it.
    case linkValue
    /// Enters the value, or each element of it, or jumps to `target` when it is false or empty.
    case section
    /// Goes on with the next element at `target`, or leaves the section.
    case sectionEnd
    /// Jumps to `target` unless the value is false or empty.
    case inverted
  }

  struct Instruction: Sendable {
    var operation: Operation
    /// A literal's first byte, or a value's first name in `names`.
    var first: UInt32 = 0
    /// A literal's bytes, or a value's names; no name at all is the implicit iterator.
    var count: UInt32 = 0
    /// An instruction to go on with.
    var target: UInt32 = 0
    /// The tag it came from, in `origins`.
    var origin: UInt32 = 0
  }

  /// A piece of `bytes`.
  struct Slice: Sendable {
    var first: UInt32
    var count: UInt32
  }

  /// Where a tag stands, for errors.
  struct Origin: Sendable {
    var file: String
    var line: Int
    /// The tag as it is written.
    var tag: String
  }

  /// A source's part of the program.
  typealias Block = Range<Int>

  var instructions: [Instruction] = []
  /// Literals (escaped for JSON) and names (plain).
  var bytes: [UInt8] = []
  /// The parts of dotted names.
  var names: [Slice] = []
  var origins: [Origin] = []
  /// The names of an instruction, to compare them: the same name always has the same slice.
  func path(of instruction: Instruction) -> [UInt32] {
    names[Int(instruction.first)..<Int(instruction.first + instruction.count)].map(\.first)
  }

  /// Most sections inside each other.
  var depth = 0
}
