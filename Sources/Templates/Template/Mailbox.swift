internal import Messages

/// What `from` and `replyTo` of an e-mail have to be when they are made from data.
enum Mailbox {
  /// Whether a text is one address, with or without a display name before it (RFC 5322, 3.4, as
  /// far as anyone uses it): a name that holds other than words stands in quotes.
  ///
  /// - Parameter escaped: UTF-8, as it stands in a JSON string.
  static func isSingle(escaped: UnsafeRawBufferPointer) -> Bool {
    let text = unescaped(escaped)
    if isAddress(text[...]) { return true }
    guard text.last == UInt8(ascii: ">"), let open = text.lastIndex(of: UInt8(ascii: "<")),
      isAddress(text[(open + 1)..<(text.count - 1)])
    else { return false }
    let name = text[..<open].drop { $0 == 0x20 }
    if name.first == UInt8(ascii: "\"") { return isQuoted(name) }
    return !name.contains { special.contains($0) }
  }

  private static let special = Array("()<>[]:;@\\,\"".utf8)

  private static func isAddress(_ text: ArraySlice<UInt8>) -> Bool {
    text.withUnsafeBytes { Channel.isEmail($0) && !$0.contains(UInt8(ascii: "\"")) }
  }

  /// One quoted string and blanks.
  private static func isQuoted(_ name: ArraySlice<UInt8>) -> Bool {
    var index = name.startIndex + 1
    while index < name.endIndex {
      switch name[index] {
      case UInt8(ascii: "\\"): index += 2
      case UInt8(ascii: "\""): return name[(index + 1)...].allSatisfy { $0 == 0x20 }
      default: index += 1
      }
    }
    return false
  }

  /// Control characters, the only ones that JSON writes in another way, are not in a line.
  private static func unescaped(_ text: UnsafeRawBufferPointer) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var isEscaped = false
    for byte in text {
      if byte == UInt8(ascii: "\\"), !isEscaped {
        isEscaped = true
      } else {
        result.append(byte)
        isEscaped = false
      }
    }
    return result
  }
}

/// What an attachment's URL has to be.
enum Link {
  /// A scheme (RFC 3986, 3.1) and something behind it. What is rendered as a URL holds no other
  /// bytes than those of URLs.
  static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon < text.count - 1,
      let first = text.first, isLetter(first)
    else { return false }
    return text[..<colon].allSatisfy {
      isLetter($0) || 0x30...0x39 ~= $0 || [0x2B, 0x2D, 0x2E].contains($0)
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte | 0x20 }
}
