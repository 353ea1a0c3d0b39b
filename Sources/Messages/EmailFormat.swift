package import JSON

/// The form of e-mail that a recipient asked for (`emailFormat`): it decides the parts of the
/// delivery, and is in it.
package enum EmailFormat: Sendable, Equatable {
  /// Only the text, where the template has one.
  case text
  /// All that the template has: HTML goes out with its text beside it.
  case html

  /// What stands in an event's field.
  enum Reading {
    /// No wish: Adobe Campaign's 0 (unknown), or the empty text.
    case none
    case format(EmailFormat)
    /// Anything that is no format.
    case wrong
  }

  /// Of an event that was accepted; nil when it has none.
  package static func of(_ event: JSONValue) -> EmailFormat? {
    guard let value = event["emailFormat"], case .format(let format) = read(value) else {
      return nil
    }
    return format
  }

  /// `text` or `html`, upper or lower case, or Adobe's number, as a number or as text: 1 text,
  /// 2 HTML.
  static func read(_ value: JSONValue) -> Reading {
    guard let text = value.asString else {
      switch value.kind == .number ? value.asInt64 : nil {
      case 0: return .none
      case 1: return .format(.text)
      case 2: return .format(.html)
      default: return .wrong
      }
    }
    let name = text.bytes[...]
    if name.isEmpty || name.equals("0") { return .none }
    if name.equals("text") || name.equals("1") { return .format(.text) }
    return name.equals("html") || name.equals("2") ? .format(.html) : .wrong
  }

  /// As it stands in deliveries.
  var name: StaticString {
    switch self {
    case .text: "text"
    case .html: "html"
    }
  }
}
