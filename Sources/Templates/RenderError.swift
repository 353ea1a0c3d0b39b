package import JSON

/// Why a template cannot be rendered for an event, and where. It names places of the template and
/// paths of the event, never a value of the event.
package struct RenderError: Error, Equatable, Sendable {
  /// What kind of mistake it is.
  package enum Code: String, Sendable, CaseIterable {
    /// A path of `required` is absent from the event, or null.
    case missingRequired = "missing-required"
    /// A tag names an object or an array, which have no text.
    case notScalar = "not-scalar"
    /// A field that must have text came out empty.
    case emptyField = "empty-field"
    /// An attachment's URL came out as none.
    case badLink = "bad-link"
    /// `from` or `replyTo` came out as something else than one address.
    case badMailbox = "bad-mailbox"
    /// The content is larger than `TemplateLimits.outputBytes`.
    case tooLarge = "too-large"
    /// The rendering took more than `TemplateLimits.renderSteps`.
    case tooLong = "too-long"
  }

  /// What kind of mistake it is.
  package let code: Code
  /// The file of the template, as in `order.email.sv/html.mustache`.
  package let file: String
  /// The line of that file, from 1; nil when the whole file is meant.
  package let line: Int?
  /// The tag as it is written, as in `{{ctx.order}}`, or the required path or field.
  package let field: String
  /// A sentence: what was expected.
  package let detail: String

  /// Appends the error as a JSON object: `code`, `file`, `line`?, `field`, `detail`.
  package func write(to writer: inout ByteWriter) {
    writer.write("{\"code\":")
    writer.writeJSONString(code.rawValue)
    writer.write(",\"file\":")
    writer.writeJSONString(file)
    if let line {
      writer.write(",\"line\":")
      writer.write(decimal: line)
    }
    writer.write(",\"field\":")
    writer.writeJSONString(field)
    writer.write(",\"detail\":")
    writer.writeJSONString(detail)
    writer.write("}")
  }
}

extension RenderError: CustomStringConvertible {
  package var description: String {
    "\(file)\(line.map { ":\($0)" } ?? ""): \(field): \(detail)"
  }
}
