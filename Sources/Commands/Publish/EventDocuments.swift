internal import JSON

/// The events in a text of JSON: documents one after the other, whatever stands between them and
/// wherever their lines end. So one event a line (NDJSON) and one over many lines are the same. An
/// array, and an object around `events`, is cut into its elements.
struct EventDocuments {
  /// Where it is not JSON.
  struct Fault: Error {
    let line: Int
    let column: Int
    let sentence: String
  }

  private let bytes: UnsafeRawBufferPointer
  private let parser: JSONParser
  private var lines = LineIndex()
  private var position = 0
  /// What is left of an array.
  private var elements: ArraySlice<Range<Int>> = []

  /// - Parameter bytes: valid, with `jsonPadding` readable bytes behind it, as long as this is in
  ///   use.
  init(_ bytes: UnsafeRawBufferPointer, using parser: JSONParser) {
    self.bytes = bytes
    self.parser = parser
    // One byte order mark, as editors on Windows write it.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next event's place in the text; nil at its end. What is in it is not looked at.
  mutating func next() throws(Fault) -> Range<Int>? {
    while true {
      if let element = elements.popFirst() { return element }
      while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
      guard position < bytes.count else { return nil }
      let start = position
      guard bytes[start] == UInt8(ascii: "{") || bytes[start] == UInt8(ascii: "[") else {
        throw fault(at: start, "expected JSON: an event, { ... }, or an array of events")
      }
      guard let end = end(from: start) else {
        throw syntaxFault(start..<bytes.count) ?? fault(at: start, "this bracket is not closed")
      }
      position = end
      guard let cut = try cut(start..<end) else { return start..<end }
      elements = cut[...]
    }
  }

  /// From 1; the column counts bytes.
  mutating func place(of offset: Int) -> (line: Int, column: Int) {
    lines.place(of: offset, in: bytes)
  }

  /// The elements of a document that holds several events; nil when it is one event.
  private mutating func cut(_ document: Range<Int>) throws(Fault) -> [Range<Int>]? {
    let part = UnsafeRawBufferPointer(rebasing: bytes[document])
    let isArray = part[0] == UInt8(ascii: "[")
    if !isArray {
      // What is too large, or no JSON, is told when the event is looked at.
      guard let root = try? parser.parse(padded: part), JSONSplitter.elements(of: root) != nil
      else { return nil }
    }
    guard let pieces = JSONPieces(part) else {
      if let fault = syntaxFault(document) { throw fault }
      // An array without elements.
      return isArray ? [] : nil
    }
    return pieces.elements.map { element in
      element.lowerBound + document.lowerBound..<element.upperBound + document.lowerBound
    }
  }

  /// Behind the container that begins at `start`; nil when it does not end.
  private func end(from start: Int) -> Int? {
    var depth = 0
    var at = start
    var isInString = false
    while at < bytes.count {
      switch (bytes[at], isInString) {
      case (UInt8(ascii: "\\"), true): at += 1
      case (UInt8(ascii: "\""), _): isInString.toggle()
      case (UInt8(ascii: "{"), false), (UInt8(ascii: "["), false): depth += 1
      case (UInt8(ascii: "}"), false), (UInt8(ascii: "]"), false):
        depth -= 1
        if depth == 0 { return at + 1 }
      default: break
      }
      at += 1
    }
    return nil
  }

  /// The first mistake of some part; nil when it is JSON.
  private mutating func syntaxFault(_ part: Range<Int>) -> Fault? {
    // A mistake in what one message can hold is found; what is larger is told as that.
    let all = UnsafeRawBufferPointer(rebasing: bytes[part].prefix(parser.maxBytes))
    do {
      _ = try parser.parse(copying: all.bytes)
      return nil
    } catch {
      let error = error.counting(in: bytes, from: part.lowerBound, &lines)
      return Fault(line: error.line, column: error.column, sentence: error.detail)
    }
  }

  private mutating func fault(at offset: Int, _ sentence: String) -> Fault {
    let (line, column) = place(of: offset)
    return Fault(line: line, column: column, sentence: sentence)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
