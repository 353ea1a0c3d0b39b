extension JSONScanner {
  /// A mistake: what, at which byte, and what was expected.
  struct Fault: Error {
    let code: JSONError.Code
    let offset: Int
    let detail: String

    init(_ code: JSONError.Code, at offset: Int, _ detail: String) {
      self.code = code
      self.offset = offset
      self.detail = detail
    }
  }

  /// The byte at `position` may not stand there.
  func unexpected(_ detail: String) -> Fault {
    if bytes[position] >= 0x80, UTF8Sequence.length(in: bytes, at: position) == 0 {
      return Fault(.invalidUTF8, at: position, "the bytes here are not UTF-8")
    }
    return Fault(.syntax, at: position, detail)
  }

  mutating func skipLiteral(_ literal: StaticString) -> Fault? {
    let start = position
    for expected in literal.bytes {
      guard position < bytes.count, bytes[position] == expected else {
        return Fault(.syntax, at: start, "a value is expected: is this \(literal)?")
      }
      position += 1
    }
    return faultAfterScalar(start)
  }

  /// A string from its opening quote to behind its closing one.
  mutating func skipString() -> Fault? {
    let start = position
    position += 1
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return nil
      case UInt8(ascii: "\\"):
        if let fault = skipEscape() { return fault }
      case 0x00..<0x20:
        return Fault(
          .syntax, at: position, "a control character in a string must be written as an escape")
      case 0x20..<0x80:
        position += 1
      default:
        let length = UTF8Sequence.length(in: bytes, at: position)
        guard length > 0 else {
          return Fault(.invalidUTF8, at: position, "the bytes here are not UTF-8")
        }
        position += length
      }
    }
    return Fault(.syntax, at: start, "this string has no closing quote")
  }

  private mutating func skipEscape() -> Fault? {
    let start = position
    guard position + 1 < bytes.count else {
      position = bytes.count
      return nil  // the caller reports the missing quote
    }
    switch bytes[position + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 2
      return nil
    case UInt8(ascii: "u"): break
    default: return Fault(.syntax, at: start, "this is no escape that JSON knows")
    }
    guard let unit = hexUnit() else {
      return Fault(.syntax, at: start, "four hexadecimal digits are expected after \\u")
    }
    if unit & 0xF800 != 0xD800 { return nil }
    let halves = "a surrogate escape must be one half of a pair, the high half first"
    guard unit < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u"), let low = hexUnit(), low & 0xFC00 == 0xDC00
    else { return Fault(.syntax, at: start, halves) }
    return nil
  }

  /// The four digits of `\uXXXX`; moves behind them.
  private mutating func hexUnit() -> UInt32? {
    guard position + 6 <= bytes.count else { return nil }
    var unit: UInt32 = 0
    for digit in bytes[position + 2..<position + 6] {
      guard let value = Character(Unicode.Scalar(digit)).hexDigitValue, digit < 0x80 else {
        return nil
      }
      unit = unit << 4 | UInt32(value)
    }
    position += 6
    return unit
  }

  mutating func skipNumber() -> Fault? {
    let start = position
    var isInteger = true
    if bytes[position] == UInt8(ascii: "-") { position += 1 }
    let digitsStart = position
    guard skipDigits() > 0 else {
      return Fault(.syntax, at: start, "a digit is expected after '-'")
    }
    if bytes[digitsStart] == UInt8(ascii: "0"), position > digitsStart + 1 {
      return Fault(.syntax, at: start, "a number does not begin with a superfluous 0")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      guard skipDigits() > 0 else {
        return Fault(.syntax, at: start, "a digit is expected after the decimal point")
      }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position += 1
      if position < bytes.count,
        bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      guard skipDigits() > 0 else {
        return Fault(.syntax, at: start, "a digit is expected in the exponent")
      }
    }
    if let fault = faultAfterScalar(start) { return fault }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger {
      guard Int64(text) == nil, UInt64(text) == nil else { return nil }
      return Fault(.numberOutOfRange, at: start, "an integer must fit in 64 bits")
    }
    guard let number = Double(text), number.isFinite else {
      return Fault(.numberOutOfRange, at: start, "a number must fit in a double")
    }
    return nil
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    {
      position += 1
    }
    return position - start
  }

  /// A number or literal ends at white space, at punctuation or with the document.
  private func faultAfterScalar(_ start: Int) -> Fault? {
    guard position < bytes.count else { return nil }
    switch bytes[position] {
    case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"),
      UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""):
      return nil
    default:
      return unexpected("the number or literal before has ended; this may not follow it")
    }
  }
}
