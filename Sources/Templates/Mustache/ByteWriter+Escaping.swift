internal import JSON

extension ByteWriter {
  /// Appends the inside of a JSON string that is HTML text: escaped for HTML, then for JSON, in
  /// one pass. `bytes` is UTF-8.
  mutating func writeHTMLText(_ bytes: UnsafeRawBufferPointer) {
    var runStart = 0
    for index in 0..<bytes.count where bytes[index].isSpecialInHTML {
      if index > runStart { write(UnsafeRawBufferPointer(rebasing: bytes[runStart..<index])) }
      runStart = index &+ 1
      switch bytes[index] {
      case UInt8(ascii: "&"): write("&amp;")
      case UInt8(ascii: "<"): write("&lt;")
      case UInt8(ascii: ">"): write("&gt;")
      case UInt8(ascii: "\""): write("&quot;")
      case UInt8(ascii: "'"): write("&#39;")
      default: writeJSONStringContents(UnsafeRawBufferPointer(rebasing: bytes[index...index]))
      }
    }
    if runStart < bytes.count { write(UnsafeRawBufferPointer(rebasing: bytes[runStart...])) }
  }

  /// Appends the inside of a JSON string that goes into a header of a message: escaped for JSON,
  /// without control characters (U+0000 to U+001F, U+007F to U+009F) and without the line and
  /// paragraph separators (U+2028, U+2029), so that no value can begin another header. `bytes` is
  /// UTF-8.
  mutating func writeHeaderText(_ bytes: UnsafeRawBufferPointer) {
    var runStart = 0
    var index = 0
    while index < bytes.count {
      let length = bytes.controlLength(at: index)
      if length == 0 {
        index &+= 1
        continue
      }
      if index > runStart {
        writeJSONStringContents(UnsafeRawBufferPointer(rebasing: bytes[runStart..<index]))
      }
      index &+= length
      runStart = index
    }
    if runStart < bytes.count {
      writeJSONStringContents(UnsafeRawBufferPointer(rebasing: bytes[runStart...]))
    }
  }

  /// Appends the inside of a JSON string that is one line: escaped for JSON, with a blank for a
  /// line break or tab (one for several, none at the beginning of the string), and without all
  /// other control characters. `text` is UTF-8.
  mutating func writeLineText(_ text: UnsafeRawBufferPointer) {
    var runStart = 0
    var index = 0
    while index < text.count {
      let length = text.controlLength(at: index)
      if length == 0 {
        index &+= 1
        continue
      }
      if index > runStart {
        writeJSONStringContents(UnsafeRawBufferPointer(rebasing: text[runStart..<index]))
      }
      if text.isBreak(at: index), !isAtStartOfText, bytes.last != 0x20 { write(byte: 0x20) }
      index &+= length
      runStart = index
    }
    if runStart < text.count {
      writeJSONStringContents(UnsafeRawBufferPointer(rebasing: text[runStart...]))
    }
  }

  /// The same for the inside of a quoted string (RFC 5322, 3.2.4): `"` and `\` behind a `\`.
  mutating func writePhraseText(_ text: UnsafeRawBufferPointer) {
    var runStart = 0
    for index in 0..<text.count
    where text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "\\") {
      writeLineText(UnsafeRawBufferPointer(rebasing: text[runStart..<index]))
      write("\\\\")
      runStart = index
      writeJSONStringContents(UnsafeRawBufferPointer(rebasing: text[runStart...runStart]))
      runStart &+= 1
    }
    writeLineText(UnsafeRawBufferPointer(rebasing: text[runStart...]))
  }

  /// Appends a part of a URL (RFC 3986): percent-encoded, but for what is encoded already.
  /// - Parameter keepsReserved: whether what separates the parts of a URL stays as it is. Of it
  ///   `/` stays always.
  mutating func writeLinkText(_ text: UnsafeRawBufferPointer, keepsReserved: Bool) {
    for (index, byte) in text.enumerated() {
      let isKept =
        byte.isUnreservedInURL || byte == UInt8(ascii: "/")
        || keepsReserved && byte.isReservedInURL
        || byte == UInt8(ascii: "%") && text.isEncoded(at: index)
      if isKept {
        write(byte: byte)
      } else {
        write(byte: UInt8(ascii: "%"))
        write(byte: UInt8.hexDigits[Int(byte >> 4)])
        write(byte: UInt8.hexDigits[Int(byte & 0xF)])
      }
    }
  }

  /// Whether nothing stands behind the quote that opens a JSON string.
  var isAtStartOfText: Bool {
    guard bytes.last == UInt8(ascii: "\"") else { return bytes.isEmpty }
    return bytes.count < 2 || bytes[bytes.count - 2] != UInt8(ascii: "\\")
  }
}

extension UInt8 {
  fileprivate static let hexDigits = Array("0123456789ABCDEF".utf8)

  /// RFC 3986, 2.3.
  fileprivate var isUnreservedInURL: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// RFC 3986, 2.2, but for the brackets, which only stand around an IPv6 address.
  fileprivate var isReservedInURL: Bool { Self.reservedInURL.contains(self) }

  private static let reservedInURL = Array(":/?#@!$&'()*+,;=".utf8)

  fileprivate var isHexDigit: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  /// Below 64, a bit each for the control characters and `"`, `&`, `'`, `<`, `>`.
  private static let specialBelow64: UInt64 =
    0xFFFF_FFFF | 1 << 0x22 | 1 << 0x26 | 1 << 0x27 | 1 << 0x3C | 1 << 0x3E

  /// Whether HTML or JSON text cannot hold the byte as it is.
  @inline(__always)
  fileprivate var isSpecialInHTML: Bool {
    self < 64 ? Self.specialBelow64 &>> UInt64(self) & 1 != 0 : self == UInt8(ascii: "\\")
  }
}

extension UnsafeRawBufferPointer {
  /// Bytes of the control character at `index`; 0 when there is none.
  @inline(__always)
  fileprivate func controlLength(at index: Int) -> Int {
    let byte = self[index]
    if byte < 0x20 || byte == 0x7F { return 1 }
    if byte == 0xC2, index &+ 1 < count, self[index &+ 1] < 0xA0 { return 2 }
    if byte == 0xE2, index &+ 2 < count, self[index &+ 1] == 0x80 {
      return self[index &+ 2] & 0xFE == 0xA8 ? 3 : 0
    }
    return 0
  }

  /// Whether the control character at `index` separates lines or words.
  fileprivate func isBreak(at index: Int) -> Bool {
    let byte = self[index]
    return 0x09...0x0D ~= byte || byte == 0xE2 || byte == 0xC2 && self[index &+ 1] == 0x85
  }

  /// Whether a percent-encoded byte begins at `index`.
  fileprivate func isEncoded(at index: Int) -> Bool {
    index &+ 2 < count && self[index &+ 1].isHexDigit && self[index &+ 2].isHexDigit
  }
}
