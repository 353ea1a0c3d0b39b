/// Cuts a Mustache text into literal text and tags, by the rules of the Mustache specification
/// 1.x: sections, ends, comments, partials and changes of delimiters that stand alone on a line
/// take the whole line away with them.
struct MustacheScanner {
  enum Piece {
    case text(ArraySlice<UInt8>)
    case tag(MustacheTag)
  }

  private let source: MustacheSource
  private let bytes: [UInt8]
  private var position = 0
  /// A tag that was found behind the text which has just been returned.
  private var waiting: MustacheTag?
  private var openDelimiter = Array("{{".utf8)
  private var closeDelimiter = Array("}}".utf8)
  /// Lines counted up to `countedTo`.
  private var line: Int
  private var countedTo = 0

  init(_ source: MustacheSource) {
    self.source = source
    bytes = source.bytes
    line = source.firstLine
  }

  /// The next piece; nil at the end.
  mutating func next() throws(TemplateProblem) -> Piece? {
    if let tag = waiting {
      waiting = nil
      return .tag(tag)
    }
    guard position < bytes.count else { return nil }
    guard let open = find(openDelimiter, from: position) else {
      defer { position = bytes.count }
      return .text(bytes[position...])
    }
    var textEnd = open
    let textStart = position
    var tag = try readTag(at: open)
    if Self.mayStandAlone(tag.kind),
      let whole = wholeLine(around: open..<position, after: textStart)
    {
      tag.indentation = bytes[whole.lowerBound..<open]
      textEnd = whole.lowerBound
      position = whole.upperBound
    }
    guard textEnd > textStart else { return .tag(tag) }
    waiting = tag
    return .text(bytes[textStart..<textEnd])
  }

  /// Reads the tag whose opening delimiter is at `open`; `position` is then behind it.
  private mutating func readTag(at open: Int) throws(TemplateProblem) -> MustacheTag {
    countLines(to: open)
    var start = open + openDelimiter.count
    let sigil = start < bytes.count ? bytes[start] : 0
    let kind = try kind(of: sigil)
    var close = closeDelimiter
    switch sigil {
    case UInt8(ascii: "{"): close.insert(UInt8(ascii: "}"), at: 0)
    case UInt8(ascii: "="): close.insert(UInt8(ascii: "="), at: 0)
    default: break
    }
    if kind != .variable { start += 1 }
    guard let contentEnd = find(close, from: start) else {
      let expected = String(decoding: close, as: UTF8.self)
      throw problem("this tag is not closed: expected \(expected) before the end of the text")
    }
    position = contentEnd + close.count
    let tag = MustacheTag(
      kind: kind, content: Self.trim(bytes[start..<contentEnd]), line: line,
      text: bytes[open..<position])
    if kind == .setDelimiters { try setDelimiters(tag) }
    return tag
  }

  private func kind(of sigil: UInt8) throws(TemplateProblem) -> MustacheTag.Kind {
    switch sigil {
    case UInt8(ascii: "!"): return .comment
    case UInt8(ascii: "="): return .setDelimiters
    case UInt8(ascii: "{"), UInt8(ascii: "&"): return .plainVariable
    case UInt8(ascii: "#"): return .section
    case UInt8(ascii: "^"): return .inverted
    case UInt8(ascii: "/"): return .end
    case UInt8(ascii: ">"): return .partial
    case UInt8(ascii: "<"), UInt8(ascii: "$"):
      throw problem("blocks and parents are not supported: use a partial, {{> name}}")
    case UInt8(ascii: "%"):
      throw problem("pragmas are not supported: use only the core of Mustache")
    default: return .variable
    }
  }

  private mutating func setDelimiters(_ tag: MustacheTag) throws(TemplateProblem) {
    let parts = tag.content.split(whereSeparator: Self.isSpace)
    guard parts.count == 2, !parts[0].contains(UInt8(ascii: "=")),
      !parts[1].contains(UInt8(ascii: "="))
    else {
      throw problem("expected two delimiters without '=', as in {{=<% %>=}}")
    }
    openDelimiter = Array(parts[0])
    closeDelimiter = Array(parts[1])
  }

  /// The line that a tag stands alone on, its line break included; nil when there is anything
  /// else but blanks on the line.
  private func wholeLine(around tag: Range<Int>, after textStart: Int) -> Range<Int>? {
    var start = tag.lowerBound
    while start > textStart, Self.isBlank(bytes[start - 1]) { start -= 1 }
    guard start == 0 || bytes[start - 1] == UInt8(ascii: "\n") else { return nil }
    var end = tag.upperBound
    while end < bytes.count, Self.isBlank(bytes[end]) { end += 1 }
    guard end < bytes.count else { return start..<end }
    if bytes[end] == UInt8(ascii: "\n") { return start..<end + 1 }
    guard bytes[end] == UInt8(ascii: "\r"), end + 1 < bytes.count,
      bytes[end + 1] == UInt8(ascii: "\n")
    else { return nil }
    return start..<end + 2
  }

  private static func mayStandAlone(_ kind: MustacheTag.Kind) -> Bool {
    kind != .variable && kind != .plainVariable
  }

  private func find(_ needle: [UInt8], from start: Int) -> Int? {
    var index = start
    while index + needle.count <= bytes.count {
      if bytes[index] == needle[0], bytes[index..<index + needle.count].elementsEqual(needle) {
        return index
      }
      index += 1
    }
    return nil
  }

  private mutating func countLines(to end: Int) {
    for index in countedTo..<end where bytes[index] == UInt8(ascii: "\n") { line += 1 }
    countedTo = end
  }

  private func problem(_ detail: String) -> TemplateProblem {
    TemplateProblem(.mustache, file: source.file, line: line, field: source.field, detail)
  }

  private static func trim(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    slice.drop(while: isSpace).reversed().drop(while: isSpace).reversed()[...]
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }
}
