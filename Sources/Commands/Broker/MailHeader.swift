internal import Glibc
internal import Messages

/// Header fields of a message (RFC 5322), with CRLF at their ends: folded, and other than ASCII as
/// encoded words (RFC 2047), which stand for words and never for addresses.
enum MailHeader {
  /// Best below this many characters a line; at most `mostColumns`.
  private static let columns = 78
  private static let mostColumns = 998

  /// A field of free text: the subject.
  static func text(_ name: String, _ value: String) -> String {
    let words = value.split(separator: " ", omittingEmptySubsequences: false)
    let isPlain =
      value.utf8.allSatisfy { 0x20...0x7E ~= $0 } && !value.contains("=?")
      && words.allSatisfy { $0.utf8.count < mostColumns - 80 }
    return fold(name, isPlain ? words.map(String.init) : encodedWords(value))
  }

  /// A field of one address, with or without a display name.
  static func address(_ name: String, _ value: String) -> String {
    guard value.hasSuffix(">"), let open = value.lastIndex(of: "<") else {
      return fold(name, [value])
    }
    var phrase = String(value[..<open])
    while phrase.last == " " { phrase.removeLast() }
    let address = String(value[open...])
    if phrase.isEmpty { return fold(name, [address]) }
    if phrase.utf8.allSatisfy({ 0x20...0x7E ~= $0 }), !phrase.contains("=?") {
      return fold(name, phrase.split(separator: " ").map(String.init) + [address])
    }
    return fold(name, encodedWords(unquoted(phrase)) + [address])
  }

  /// `Date`, in UTC.
  static func date(_ time: Timestamp) -> String {
    var seconds = time_t(time.nanoseconds / 1_000_000_000)
    var parts = tm()
    guard gmtime_r(&seconds, &parts) != nil else { return "" }
    func digits(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let day = days[Int(parts.tm_wday)]
    let month = months[Int(parts.tm_mon)]
    return "Date: \(day), \(parts.tm_mday) \(month) \(parts.tm_year + 1900) "
      + "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)) +0000\r\n"
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// The words with blanks between, and line breaks before those that no line has room for.
  private static func fold(_ name: String, _ words: [String]) -> String {
    var result = "\(name):"
    var column = result.utf8.count
    for word in words {
      let length = word.utf8.count + 1
      // A line that holds nothing but blanks is none (RFC 5322, 3.2.2).
      if column + length > columns, column > 1, !word.isEmpty {
        result += "\r\n"
        column = 0
      }
      result += " " + word
      column += length
    }
    return result + "\r\n"
  }

  /// What a quoted string stands for; anything else as it is.
  private static func unquoted(_ phrase: String) -> String {
    guard phrase.count > 1, phrase.hasPrefix("\""), phrase.hasSuffix("\"") else { return phrase }
    var result = ""
    var isEscaped = false
    for character in phrase.dropFirst().dropLast() {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else {
        result.append(character)
        isEscaped = false
      }
    }
    return result
  }

  /// At most 75 characters a word, none of them inside a character.
  private static func encodedWords(_ value: String) -> [String] {
    var words: [String] = []
    var word = ""
    // By scalars: a character may be longer than a word.
    for scalar in value.unicodeScalars {
      if word.utf8.count + UTF8.width(scalar) > 42, !word.isEmpty {
        words.append(word)
        word = ""
      }
      word.unicodeScalars.append(scalar)
    }
    if !word.isEmpty { words.append(word) }
    return words.map { "=?utf-8?B?\(Base64.encode(Array($0.utf8)))?=" }
  }
}
