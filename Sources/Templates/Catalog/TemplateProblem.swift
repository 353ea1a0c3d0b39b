package import JSON

/// One mistake in the files of a catalog: where it is and what was expected there.
package struct TemplateProblem: Error, Hashable, Sendable {
  /// What kind of mistake it is.
  package enum Code: String, Sendable, CaseIterable {
    /// A file or folder cannot be read, is not a plain file, or lies outside the catalog.
    case unreadable
    /// A file, a list or a catalog is larger than `TemplateLimits` says.
    case tooLarge = "too-large"
    /// A file is not UTF-8.
    case notUTF8 = "not-utf8"
    /// A file that must be there is not.
    case missingFile = "missing-file"
    /// A file that does not belong where it is.
    case unexpectedFile = "unexpected-file"
    /// `template.yaml` is not YAML, or not a mapping.
    case yaml
    /// A key that `template.yaml` does not have.
    case unknownKey = "unknown-key"
    /// A key that is needed is not there.
    case missingKey = "missing-key"
    /// A value that does not fit its key.
    case badValue = "bad-value"
    /// A tag that is wrong: unclosed, unnamed, unbalanced, not supported.
    case mustache
    /// A partial that does not exist.
    case unknownPartial = "unknown-partial"
    /// A partial that includes itself, directly or through others.
    case recursivePartial = "recursive-partial"
    /// `sample.json` is not an event, or the template cannot be rendered with it.
    case sample
    /// Two templates with the very same files.
    case duplicate
    /// An archive that is not one, or whose content does not have its version.
    case archive
  }

  /// What kind of mistake it is.
  package let code: Code
  /// The file, relative to the folder of the catalog.
  package let file: String
  /// The line, from 1, where one is known.
  package let line: Int?
  /// The key of `template.yaml` or the tag, where there is one.
  package let field: String?
  /// A sentence: what is wrong and what was expected.
  package let detail: String

  package init(
    _ code: Code, file: String, line: Int? = nil, field: String? = nil, _ detail: String
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.field = field
    self.detail = detail
  }

  /// Appends the problem as a JSON object: `code`, `file`, `line`?, `field`?, `detail`.
  package func write(to writer: inout ByteWriter) {
    writer.write("{\"code\":")
    writer.writeJSONString(code.rawValue)
    writer.write(",\"file\":")
    writer.writeJSONString(file)
    if let line {
      writer.write(",\"line\":")
      writer.write(decimal: line)
    }
    if let field {
      writer.write(",\"field\":")
      writer.writeJSONString(field)
    }
    writer.write(",\"detail\":")
    writer.writeJSONString(detail)
    writer.write("}")
  }
}

extension TemplateProblem: CustomStringConvertible {
  package var description: String {
    var place = file
    if let line { place += ":\(line)" }
    if let field { place += ": \(field)" }
    return "\(place): \(detail)"
  }
}

extension TemplateProblem: Comparable {
  /// By file, line, field: the order in which a person mends them.
  package static func < (left: TemplateProblem, right: TemplateProblem) -> Bool {
    if left.file != right.file { return left.file < right.file }
    if left.line != right.line { return (left.line ?? 0) < (right.line ?? 0) }
    if left.field != right.field { return (left.field ?? "") < (right.field ?? "") }
    return left.detail < right.detail
  }
}
