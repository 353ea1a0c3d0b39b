/// A file of a template: its name in the template's folder (or `partials/<name>.mustache`) and
/// its bytes.
package struct TemplateFile: Equatable, Sendable {
  package let name: String
  package let bytes: [UInt8]

  package init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }

  /// The files that a template's folder may hold.
  static let metadata = "template.yaml"
  static let subject = "subject.mustache"
  static let text = "text.mustache"
  static let html = "html.mustache"
  static let sample = "sample.json"
  static let all: Set<String> = [metadata, subject, text, html, sample]

  /// What a problem with the whole file says; nil when there is none.
  func problem(in folder: String) -> TemplateProblem? {
    let path = folder.isEmpty ? name : "\(folder)/\(name)"
    let limit =
      name == Self.metadata ? TemplateLimits.metadataBytes : TemplateLimits.fileBytes
    if bytes.count > limit {
      return TemplateProblem(
        .tooLarge, file: path, "the file has \(bytes.count) bytes; at most \(limit) are accepted")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      return TemplateProblem(
        .notUTF8, file: path, line: 1, "expected UTF-8 without a byte order mark")
    }
    if String(validating: bytes, as: UTF8.self) == nil {
      return TemplateProblem(.notUTF8, file: path, "expected UTF-8")
    }
    return nil
  }
}
