/// A password: does not print itself.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable, ExpressibleByStringLiteral
{
  /// The secret, for the one place that sends it.
  package let value: String

  /// Wraps a secret.
  package init(_ value: String) {
    self.value = value
  }

  /// Wraps a literal, for tests.
  package init(stringLiteral value: String) {
    self.value = value
  }

  /// Stars.
  package var description: String { "***" }
  /// Stars.
  package var debugDescription: String { "***" }
  /// Nothing to see.
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
