/// The second look at a document that simdjson has refused: finds the first mistake and says what
/// was expected there. Slower than the parser, never recursive, never traps; its memory grows only
/// with the depth, which it bounds. It accepts exactly what the parser accepts.
struct JSONScanner {
  let bytes: UnsafeRawBufferPointer
  let maxDepth: Int
  var position = 0
  /// The containers around `position`, outermost first.
  var frames: [Frame] = []

  /// A container that has begun.
  struct Frame {
    let isObject: Bool
    /// Elements, or members, before the present one.
    var index = 0
    /// The present member's name as it stands in the source, without the quotes. A string is one
    /// only when its colon has come: where a quote is missing or too many, a value may stand in
    /// the place of a name, and no value is told.
    var name: Range<Int>?
    /// The string that is a name if a colon follows.
    fileprivate var candidate: Range<Int>?
  }

  /// What may come next, white space apart.
  private enum Expectation {
    case value
    case elementOrEnd
    case nameOrEnd
    case name
    case colon
    case commaOrEnd
    case nothing
  }

  init(_ bytes: UnsafeRawBufferPointer, maxDepth: Int) {
    self.bytes = bytes
    self.maxDepth = maxDepth
  }

  /// The first mistake in the order of the document; nil when there is none.
  mutating func firstError() -> JSONError? {
    var expected = Expectation.value
    while true {
      skipWhiteSpace()
      guard position < bytes.count else {
        if case .nothing = expected { return nil }
        return endedEarly()
      }
      let next: Result<Expectation, Fault>
      switch expected {
      case .value: next = value(orEnd: false)
      case .elementOrEnd: next = value(orEnd: true)
      case .nameOrEnd: next = name(orEnd: true)
      case .name: next = name(orEnd: false)
      case .colon: next = colon()
      case .commaOrEnd: next = commaOrEnd()
      case .nothing: next = .failure(unexpected("only white space may follow the document's value"))
      }
      switch next {
      case .success(let following): expected = following
      case .failure(let fault): return error(fault)
      }
    }
  }

  private mutating func skipWhiteSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private func endedEarly() -> JSONError {
    guard let frame = frames.last else {
      return error(Fault(.empty, at: position, "the document is empty; a JSON value is expected"))
    }
    let kind = frame.isObject ? "an object" : "an array"
    return error(Fault(.syntax, at: position, "the document ends inside \(kind)"))
  }

  /// What follows a complete value.
  private var afterValue: Expectation { frames.isEmpty ? .nothing : .commaOrEnd }

  private mutating func value(orEnd: Bool) -> Result<Expectation, Fault> {
    switch bytes[position] {
    case UInt8(ascii: "]") where orEnd: return .success(close())
    case UInt8(ascii: "{"): return open(isObject: true)
    case UInt8(ascii: "["): return open(isObject: false)
    case UInt8(ascii: "\""):
      if let fault = skipString() { return .failure(fault) }
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      if let fault = skipNumber() { return .failure(fault) }
    case UInt8(ascii: "t"):
      if let fault = skipLiteral("true") { return .failure(fault) }
    case UInt8(ascii: "f"):
      if let fault = skipLiteral("false") { return .failure(fault) }
    case UInt8(ascii: "n"):
      if let fault = skipLiteral("null") { return .failure(fault) }
    case 0xEF where position == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]):
      return .failure(
        Fault(.syntax, at: 0, "the document begins with a byte order mark; none is expected"))
    default:
      return .failure(unexpected(orEnd ? "a value or ']' is expected" : "a value is expected"))
    }
    return .success(afterValue)
  }

  private mutating func name(orEnd: Bool) -> Result<Expectation, Fault> {
    switch bytes[position] {
    case UInt8(ascii: "}") where orEnd: return .success(close())
    case UInt8(ascii: "\""):
      let start = position + 1
      frames[frames.count - 1].name = nil
      if let fault = skipString() { return .failure(fault) }
      frames[frames.count - 1].candidate = start..<position - 1
      return .success(.colon)
    default:
      return .failure(
        unexpected(
          orEnd ? "a name in quotes or '}' is expected" : "a name in quotes is expected"))
    }
  }

  private mutating func colon() -> Result<Expectation, Fault> {
    guard bytes[position] == UInt8(ascii: ":") else {
      return .failure(unexpected("':' is expected after the name"))
    }
    position += 1
    frames[frames.count - 1].name = frames[frames.count - 1].candidate
    return .success(.value)
  }

  private mutating func commaOrEnd() -> Result<Expectation, Fault> {
    let isObject = frames[frames.count - 1].isObject
    switch bytes[position] {
    case UInt8(ascii: ","):
      position += 1
      frames[frames.count - 1].index += 1
      frames[frames.count - 1].name = nil
      return .success(isObject ? .name : .value)
    case UInt8(ascii: "}") where isObject: return .success(close())
    case UInt8(ascii: "]") where !isObject: return .success(close())
    default:
      return .failure(unexpected(isObject ? "',' or '}' is expected" : "',' or ']' is expected"))
    }
  }

  private mutating func open(isObject: Bool) -> Result<Expectation, Fault> {
    guard frames.count < maxDepth else {
      return .failure(
        Fault(
          .tooDeep, at: position,
          "more than \(maxDepth) arrays and objects stand inside each other"))
    }
    position += 1
    frames.append(Frame(isObject: isObject))
    return .success(isObject ? .nameOrEnd : .elementOrEnd)
  }

  private mutating func close() -> Expectation {
    position += 1
    frames.removeLast()
    return afterValue
  }
}
