/// A tag of a Mustache text.
struct MustacheTag: Sendable {
  enum Kind: Sendable, Equatable {
    case comment
    case setDelimiters
    /// `{{name}}`
    case variable
    /// `{{{name}}}` or `{{&name}}`
    case plainVariable
    case section
    case inverted
    case end
    case partial
  }

  var kind: Kind
  /// What is between the delimiters, without the sigil and the white space around.
  var content: ArraySlice<UInt8>
  /// The line of its first byte, from 1.
  var line: Int
  /// The tag as it is written.
  var text: ArraySlice<UInt8>
  /// The white space before a tag that stands alone on its line.
  var indentation: ArraySlice<UInt8> = []

  var name: String { String(decoding: content, as: UTF8.self) }

  /// The tag for messages: cut short when it is long.
  var shortText: String {
    let whole = String(decoding: text, as: UTF8.self)
    return whole.count <= 64 ? whole : whole.prefix(61) + "..."
  }
}
