internal import Messages

/// The forms that the values of `template.yaml` must have.
enum FieldForm {
  static func isEventType(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { Messages.isEventType($0) }
  }

  static func isChannel(_ text: String) -> Bool {
    Array(text.utf8).withUnsafeBytes { Channel.isValid($0) }
  }

  /// A language tag by its outward form (RFC 5646): `sv`, `sv-SE`, `zh-Hant-TW`.
  static func isLanguage(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return text.utf8.count <= MessageLimits.languageBytes
      && parts.allSatisfy { (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric) }
  }

  /// What an event may say, without control characters.
  static func isOrigin(_ text: String) -> Bool {
    (1...MessageLimits.originBytes).contains(text.utf8.count)
      && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }

  /// The field name of a header (RFC 5322), as far as anyone uses it.
  static func isHeaderName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  /// Names with dots between, none of them empty or with white space.
  static func isPath(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count <= TemplateLimits.nameParts
      && parts.allSatisfy { !$0.isEmpty && !$0.contains(where: MustacheScanner.isSpace) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
