/// Why a document was refused, and where. Never holds a value of the document.
package struct JSONError: Error, Equatable, Sendable {
  /// What kind of mistake it is.
  package enum Code: String, Sendable, CaseIterable {
    /// No bytes, or only white space.
    case empty
    /// Not JSON by RFC 8259.
    case syntax
    /// More containers inside each other than the parser was told to accept.
    case tooDeep = "too-deep"
    /// More bytes than the parser was told to accept.
    case tooLarge = "too-large"
    /// A byte sequence that is not UTF-8.
    case invalidUTF8 = "invalid-utf8"
    /// An integer beyond 64 bits, or a number too large for a double.
    case numberOutOfRange = "number-out-of-range"
    /// The system gave no memory for the document.
    case noMemory = "no-memory"
  }

  /// What kind of mistake it is.
  package let code: Code
  /// Bytes before the mistake.
  package let offset: Int
  /// The line of the mistake, from 1.
  package let line: Int
  /// The byte of that line, from 1.
  package let column: Int
  /// Where the mistake is in the document, as in `$.ctx.lines[3].price`: the innermost value
  /// that had begun. Bounded in length.
  package let path: String
  /// A sentence: what was expected.
  package let detail: String

  package init(
    code: Code, offset: Int, line: Int, column: Int, path: String, detail: String
  ) {
    self.code = code
    self.offset = offset
    self.line = line
    self.column = column
    self.path = path
    self.detail = detail
  }
}

extension JSONError {
  /// The same mistake in a document that is a part of `whole`, from byte `start` on: line and
  /// column count from the beginning of the whole, offset and path stay those of the part.
  ///
  /// - Parameter lines: of the whole.
  package func counting(
    in whole: UnsafeRawBufferPointer, from start: Int, _ lines: inout LineIndex
  ) -> JSONError {
    let (line, column) = lines.place(of: start + offset, in: whole)
    return JSONError(
      code: code, offset: offset, line: line, column: column, path: path, detail: detail)
  }

  /// Both from 1; the column counts bytes.
  package static func lineAndColumn(
    of offset: Int, in bytes: UnsafeRawBufferPointer
  ) -> (line: Int, column: Int) {
    var line = 1
    var lineStart = 0
    for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0A {
      line += 1
      lineStart = index + 1
    }
    return (line, offset - lineStart + 1)
  }
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    "\(detail) at \(path) (line \(line), column \(column), byte \(offset))"
  }
}
