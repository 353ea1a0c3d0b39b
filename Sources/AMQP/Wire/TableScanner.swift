/// Walks over the raw bytes of a field table without decoding or recursion.
struct TableScanner {
  /// One entry: its name, the kind octet, and the value's bytes (of a string, table or array: the
  /// contents without the length).
  struct Entry {
    let name: UnsafeRawBufferPointer
    let kind: UInt8
    let value: UnsafeRawBufferPointer
  }

  private var reader: ByteReader

  /// - Parameter entries: the table's bytes without the length in front of it.
  init(entries: UnsafeRawBufferPointer) {
    reader = ByteReader(entries)
  }

  /// The next entry; nil at the end and where the bytes make no sense.
  mutating func next() -> Entry? {
    guard reader.remaining > 0, let name = reader.shortString() else { return nil }
    guard let (kind, value) = Self.value(&reader) else { return nil }
    return Entry(name: name, kind: kind, value: value)
  }

  /// How many bytes have been walked over.
  var position: Int { reader.position }

  /// The kind octet and the bytes of the value that begins here.
  static func value(_ reader: inout ByteReader) -> (UInt8, UnsafeRawBufferPointer)? {
    guard let kind: UInt8 = reader.read() else { return nil }
    switch kind {
    case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"):
      return reader.slice(1).map { (kind, $0) }
    case UInt8(ascii: "s"), UInt8(ascii: "u"):
      return reader.slice(2).map { (kind, $0) }
    case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"):
      return reader.slice(4).map { (kind, $0) }
    case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"):
      return reader.slice(8).map { (kind, $0) }
    case UInt8(ascii: "D"):
      return reader.slice(5).map { (kind, $0) }
    case UInt8(ascii: "V"):
      return reader.slice(0).map { (kind, $0) }
    case UInt8(ascii: "S"), UInt8(ascii: "x"), UInt8(ascii: "F"), UInt8(ascii: "A"):
      return reader.longString().map { (kind, $0) }
    default:
      return nil
    }
  }

  /// Whether the table is well-formed to its end and nested no deeper than `limit`: what must hold
  /// before the library's recursive decoder sees it.
  static func depthIsWithin(_ limit: Int, entries: UnsafeRawBufferPointer) -> Bool {
    // A stack of its own, so that hostile nesting costs a few bytes, not a thread's stack.
    var pending: [(bytes: UnsafeRawBufferPointer, isArray: Bool, depth: Int)] = [
      (entries, false, 1)
    ]
    while let (bytes, isArray, depth) = pending.popLast() {
      guard depth <= limit else { return false }
      var reader = ByteReader(bytes)
      while reader.remaining > 0 {
        if !isArray, reader.shortString() == nil { return false }
        guard let (kind, inner) = value(&reader) else { return false }
        if kind == UInt8(ascii: "F") {
          pending.append((inner, false, depth + 1))
        } else if kind == UInt8(ascii: "A") {
          pending.append((inner, true, depth + 1))
        }
      }
    }
    return true
  }
}
