/// By which rules a template is compiled and rendered.
///
/// An event is delivered again with the same content, after any update of the program: so a
/// template that an open event pins goes on by the rules of the release that pinned it. They are
/// part of its version; whatever would change what comes out makes new ones.
package enum RenderRules: UInt8, Sendable, CaseIterable {
  case first = 1
  /// A line break in a header becomes a blank, URLs are percent-encoded, display names made from
  /// data are quoted, a text that is no e-mail's loses its last line break, the words of Handlebars
  /// are refused, and the `emailFormat` of an event decides the parts and is in the delivery.
  case second = 2

  package static let current = RenderRules.second
}
