package import JSON

/// Why a body, or an element of one, is not accepted: what is wrong, where, and what was
/// expected. Never holds what was sent, which may be personal.
package struct Rejection: Error, Equatable, Sendable {
  package var code: ReasonCode
  /// JSON path of the fault, like `$.email`.
  package var path: String
  /// Byte offset in the body; nil when there is no one place.
  package var offset: Int?
  /// What was expected.
  package var detail: String

  package init(code: ReasonCode, path: String, offset: Int?, detail: String) {
    self.code = code
    self.path = path
    self.offset = offset
    self.detail = detail
  }

  /// What the parser says of a document that is none.
  package init(_ error: JSONError) {
    let code: ReasonCode =
      switch error.code {
      case .empty, .syntax, .noMemory: .notJSON
      case .tooDeep: .tooDeep
      case .tooLarge: .tooLarge
      case .invalidUTF8: .invalidUTF8
      case .numberOutOfRange: .numberOutOfRange
      }
    self.init(
      code: code, path: error.path, offset: error.offset,
      detail: "line \(error.line), column \(error.column): \(error.detail)")
  }

  /// One sentence with place and expectation.
  package var sentence: String {
    offset.map { "\(path) at byte \($0): \(detail)" } ?? "\(path): \(detail)"
  }
}
