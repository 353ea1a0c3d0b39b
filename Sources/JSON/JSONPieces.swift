/// The second look at a body of several documents that the parser has refused as a whole: cuts an
/// array, or the array `events` of an object, at its element boundaries, so that each piece can be
/// judged alone. It only follows strings and brackets: what a piece holds may be anything.
package struct JSONPieces {
  /// The elements as they stand in the body, in order, without the white space around them.
  package private(set) var elements: [Range<Int>] = []
  /// The members beside `events`, each with its name, as they stand; empty when the body is an
  /// array.
  package private(set) var members: [Range<Int>] = []
  /// Whether the body is an object around the array.
  package private(set) var isObject = false

  /// Nil when the body cannot be cut: it is no such array or object, brackets or quotes do not
  /// match, an element is missing between two commas, or something follows the end.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    var cutter = JSONCutter(bytes)
    cutter.skipWhiteSpace()
    switch cutter.byte {
    case UInt8(ascii: "["):
      guard let found = cutter.elements() else { return nil }
      elements = found
    case UInt8(ascii: "{"):
      isObject = true
      guard readMembers(&cutter) else { return nil }
    default: return nil
    }
    cutter.skipWhiteSpace()
    guard cutter.position == bytes.count else { return nil }
  }

  /// The members of the object up to behind its end; false when there is no one array `events`.
  private mutating func readMembers(_ cutter: inout JSONCutter) -> Bool {
    var hasEvents = false
    repeat {
      cutter.position += 1
      cutter.skipWhiteSpace()
      let start = cutter.position
      guard let name = cutter.string() else { return false }
      cutter.skipWhiteSpace()
      guard cutter.byte == UInt8(ascii: ":") else { return false }
      cutter.position += 1
      cutter.skipWhiteSpace()
      let written = UnsafeRawBufferPointer(rebasing: cutter.bytes[name])
      let isEvents = JSONString(bytes: written) == "events"
      if isEvents, cutter.byte == UInt8(ascii: "[") {
        guard !hasEvents, let found = cutter.elements() else { return false }
        hasEvents = true
        elements = found
      } else {
        guard let value = cutter.value() else { return false }
        members.append(start..<value.upperBound)
      }
      cutter.skipWhiteSpace()
    } while cutter.byte == UInt8(ascii: ",")
    guard cutter.byte == UInt8(ascii: "}") else { return false }
    cutter.position += 1
    return hasEvents
  }
}

/// Walks over values by their strings and brackets alone. Its memory grows with the depth, one
/// byte a bracket.
private struct JSONCutter {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// The byte at the position; nil at the end.
  var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipWhiteSpace() {
    while let byte, Self.isWhiteSpace(byte) { position += 1 }
  }

  /// The elements of the array that begins here; the position is then behind it.
  mutating func elements() -> [Range<Int>]? {
    var found: [Range<Int>] = []
    repeat {
      position += 1
      skipWhiteSpace()
      guard let element = value() else { return nil }
      found.append(element)
    } while byte == UInt8(ascii: ",")
    guard byte == UInt8(ascii: "]") else { return nil }
    position += 1
    return found
  }

  /// The inside of the string that begins here; the position is then behind its quote.
  mutating func string() -> Range<Int>? {
    guard byte == UInt8(ascii: "\"") else { return nil }
    position += 1
    let start = position
    while let byte {
      if byte == UInt8(ascii: "\"") {
        position += 1
        return start..<position - 1
      }
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  /// What stands up to the next comma or closing bracket that is not inside it; nil when that is
  /// nothing, or does not come.
  mutating func value() -> Range<Int>? {
    let start = position
    var open: [UInt8] = []
    while let byte {
      switch byte {
      case UInt8(ascii: "\""):
        guard string() != nil else { return nil }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open.append(byte)
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard let last = open.last else { return trimmed(from: start) }
        guard byte == last + 2 else { return nil }  // the closing bracket is two further in ASCII
        open.removeLast()
      case UInt8(ascii: ",") where open.isEmpty:
        return trimmed(from: start)
      default: break
      }
      position += 1
    }
    return nil
  }

  private func trimmed(from start: Int) -> Range<Int>? {
    var end = position
    while end > start, Self.isWhiteSpace(bytes[end - 1]) { end -= 1 }
    return end > start ? start..<end : nil
  }

  private static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}
