/// UTF-8 as in table 3-7 of the Unicode Standard: no overlong forms, no surrogates.
package enum UTF8Sequence {
  /// Bytes of the character at `position`, 1 to 4; 0 when no valid one begins there.
  @inline(__always)
  package static func length(in bytes: UnsafeRawBufferPointer, at position: Int) -> Int {
    let lead = bytes[position]
    if lead < 0x80 { return 1 }
    let left = bytes.count - position
    func follows(_ distance: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      distance < left && range.contains(bytes[position + distance])
    }
    switch lead {
    case 0xC2...0xDF: return follows(1) ? 2 : 0
    case 0xE0: return follows(1, 0xA0...0xBF) && follows(2) ? 3 : 0
    case 0xED: return follows(1, 0x80...0x9F) && follows(2) ? 3 : 0
    case 0xE1...0xEF: return follows(1) && follows(2) ? 3 : 0
    case 0xF0: return follows(1, 0x90...0xBF) && follows(2) && follows(3) ? 4 : 0
    case 0xF1...0xF3: return follows(1) && follows(2) && follows(3) ? 4 : 0
    case 0xF4: return follows(1, 0x80...0x8F) && follows(2) && follows(3) ? 4 : 0
    default: return 0
    }
  }
}
