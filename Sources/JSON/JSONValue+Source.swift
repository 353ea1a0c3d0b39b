extension JSONValue {
  /// Bytes of the document before this value.
  package var offset: Int { Int(document.pointee.offsets[index]) }

  /// This value exactly as it stands in the document: a number as it was written, a string with
  /// its quotes and escapes, an array or object with everything inside and nothing around.
  package var source: UnsafeRawBufferPointer {
    let document = document.pointee
    let start = offset
    let end: Int
    switch tag {
    case JSONDocument.Tag.object, JSONDocument.Tag.array:
      end = Int(document.offsets[document.next(after: index) - 1]) + 1
    case JSONDocument.Tag.string: end = endOfString(from: start)
    case JSONDocument.Tag.true, JSONDocument.Tag.null: end = start + 4
    case JSONDocument.Tag.false: end = start + 5
    default: end = endOfNumber(from: start)
    }
    return UnsafeRawBufferPointer(start: document.source + start, count: end - start)
  }

  /// Where this value stands in the document.
  package var range: Range<Int> {
    let start = offset
    return start..<start + source.count
  }

  private func endOfString(from start: Int) -> Int {
    let source = document.pointee.source
    let end = document.pointee.count
    var position = start + 1
    while position < end {
      switch source.load(fromByteOffset: position, as: UInt8.self) {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return end
  }

  private func endOfNumber(from start: Int) -> Int {
    let source = document.pointee.source
    let end = document.pointee.count
    var position = start + 1
    while position < end {
      switch source.load(fromByteOffset: position, as: UInt8.self) {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"),
        UInt8(ascii: "E"), UInt8(ascii: "+"), UInt8(ascii: "-"):
        position += 1
      default: return position
      }
    }
    return end
  }
}
