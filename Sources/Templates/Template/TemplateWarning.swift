/// A name in a template that its own sample has nothing for.
package struct TemplateWarning: Equatable, Sendable {
  /// The file of the template, as in `order.email.sv/html.mustache`.
  package let file: String
  /// The line of that file, from 1.
  package let line: Int
  /// The tag as it is written, as in `{{ctx.nmae}}`.
  package let tag: String
}

extension TemplateWarning: CustomStringConvertible {
  package var description: String {
    "\(file):\(line): \(tag): sample.json has nothing of this name"
  }
}
