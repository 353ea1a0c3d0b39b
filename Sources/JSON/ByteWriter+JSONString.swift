extension ByteWriter {
  /// Appends a JSON string with its quotes. Escapes what RFC 8259 demands and nothing else;
  /// bytes that are not UTF-8 become U+FFFD.
  package mutating func writeJSONString(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count + 2)
    write(byte: UInt8(ascii: "\""))
    writeJSONStringContents(bytes)
    write(byte: UInt8(ascii: "\""))
  }

  /// Appends a JSON string with its quotes.
  package mutating func writeJSONString(_ string: JSONString) {
    writeJSONString(string.bytes)
  }

  /// Appends a JSON string with its quotes. For what is not in the hot path.
  package mutating func writeJSONString(_ string: String) {
    var string = string
    string.withUTF8 { writeJSONString(UnsafeRawBufferPointer($0)) }
  }

  /// Appends the inside of a JSON string, without quotes: a string may be written in pieces, each
  /// of whole characters.
  package mutating func writeJSONStringContents(_ bytes: UnsafeRawBufferPointer) {
    var position = 0
    while position < bytes.count {
      let end = Self.endOfPlainRun(in: bytes, from: position)
      if end > position { write(UnsafeRawBufferPointer(rebasing: bytes[position..<end])) }
      guard end < bytes.count else { return }
      writeEscaped(bytes[end])
      position = end + 1
    }
  }

  /// Where the run of bytes ends that may be copied as they are: at a quote, a backslash, a
  /// control character, or a byte that is not UTF-8.
  private static func endOfPlainRun(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var position = start
    let ones: UInt64 = 0x0101_0101_0101_0101
    while true {
      // Eight bytes at a time; the lowest flag is exact, those above it may be a borrow's.
      while position &+ 8 <= bytes.count {
        let word = UInt64(
          littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        let control = word &- (ones &* 0x20)
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5C)) &- ones
        let flags = (((control | quote | backslash) & ~word) | word) & (ones &* 0x80)
        if flags != 0 {
          position &+= flags.trailingZeroBitCount &>> 3
          break
        }
        position &+= 8
      }
      guard position < bytes.count else { return position }
      switch bytes[position] {
      case 0x00..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): return position
      case 0x20..<0x80: position &+= 1
      default:
        let length = UTF8Sequence.length(in: bytes, at: position)
        if length == 0 { return position }
        position &+= length
      }
    }
  }

  private mutating func writeEscaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): write("\\\"")
    case UInt8(ascii: "\\"): write("\\\\")
    case 0x08: write("\\b")
    case 0x09: write("\\t")
    case 0x0A: write("\\n")
    case 0x0C: write("\\f")
    case 0x0D: write("\\r")
    case 0x00..<0x20:
      write("\\u00")
      let low = byte & 0xF
      write(byte: UInt8(ascii: "0") + (byte >> 4))
      write(byte: low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
    default: write("\u{FFFD}")
    }
  }
}
