/// A text with tags, and where it came from.
struct MustacheSource: Sendable {
  /// The file, relative to the catalog's folder, for messages.
  var file: String
  /// The key of `template.yaml` whose value this is.
  var field: String?
  /// The line of the file on which the text begins.
  var firstLine = 1
  /// UTF-8.
  var bytes: [UInt8]

  /// The same text with `indentation` before each line, for a partial that stands alone on an
  /// indented line. Lines keep their numbers.
  func indented(by indentation: ArraySlice<UInt8>) -> MustacheSource {
    guard !indentation.isEmpty, !bytes.isEmpty else { return self }
    var indented: [UInt8] = []
    indented.reserveCapacity(bytes.count + 16 * indentation.count)
    indented += indentation
    for (index, byte) in bytes.enumerated() {
      indented.append(byte)
      if byte == UInt8(ascii: "\n"), index + 1 < bytes.count { indented += indentation }
    }
    var copy = self
    copy.bytes = indented
    return copy
  }
}

/// What the values of a text are escaped for.
enum MustacheStyle: Sendable {
  /// Nothing.
  case text
  /// HTML, except where a tag asks for the plain value.
  case html
  /// A header of a message: no line breaks, no other control characters, whatever the tag.
  case header
  /// The same, with a blank for a line break (`RenderRules.second`, and all that follow).
  case line
  /// The inside of a quoted string in such a line: a display name.
  case phrase
  /// A URL. A value is percent-encoded as part of a path or query; where a tag asks for the plain
  /// value, or the URL begins with it, only what no URL may hold is.
  case link
}
