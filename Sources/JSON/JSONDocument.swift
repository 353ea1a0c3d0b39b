/// Where the parts of the parsed document are. It lives in the parser, at one address, so that a
/// `JSONValue` is only that address and a position on the tape.
///
/// The tape's format is simdjson's (its `doc/tape.md`): one 64-bit word an element, the kind in
/// the highest byte; strings point into `strings`, containers to the word after their end.
struct JSONDocument {
  var tape: UnsafePointer<UInt64>
  var strings: UnsafeRawPointer
  var source: UnsafeRawPointer
  var offsets: UnsafePointer<UInt32>
  /// Bytes of source.
  var count: Int

  /// The kinds of tape words.
  enum Tag {
    static var object: UInt8 { UInt8(ascii: "{") }
    static var array: UInt8 { UInt8(ascii: "[") }
    static var string: UInt8 { UInt8(ascii: "\"") }
    static var integer: UInt8 { UInt8(ascii: "l") }
    static var unsigned: UInt8 { UInt8(ascii: "u") }
    static var double: UInt8 { UInt8(ascii: "d") }
    static var `true`: UInt8 { UInt8(ascii: "t") }
    static var `false`: UInt8 { UInt8(ascii: "f") }
    static var null: UInt8 { UInt8(ascii: "n") }
  }

  @inline(__always)
  func tag(at index: Int) -> UInt8 { UInt8(truncatingIfNeeded: tape[index] &>> 56) }

  /// The word after the element at `index`.
  @inline(__always)
  func next(after index: Int) -> Int {
    let word = tape[index]
    switch UInt8(truncatingIfNeeded: word &>> 56) {
    case Tag.object, Tag.array: return Int(truncatingIfNeeded: word & 0xFFFF_FFFF)
    case Tag.integer, Tag.unsigned, Tag.double: return index &+ 2
    default: return index &+ 1
    }
  }

  /// The decoded bytes of the string at `index`.
  @inline(__always)
  func string(at index: Int) -> UnsafeRawBufferPointer {
    let start = strings + Int(truncatingIfNeeded: tape[index] & 0x00FF_FFFF_FFFF_FFFF)
    let count = Int(start.loadUnaligned(as: UInt32.self))
    return UnsafeRawBufferPointer(start: start + 4, count: count)
  }
}
