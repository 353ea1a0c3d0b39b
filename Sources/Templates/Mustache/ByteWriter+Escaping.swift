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
}

extension UInt8 {
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
}
