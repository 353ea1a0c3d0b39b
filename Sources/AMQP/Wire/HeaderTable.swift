/// A read-only view of a message's header table: raw entries, looked up by walking over them.
package struct HeaderTable {
  /// A header's value, as far as a program of ours reads them.
  package enum Value {
    /// A string or byte array.
    case bytes(UnsafeRawBufferPointer)
    /// Any integer kind.
    case integer(Int64)
    /// A boolean.
    case boolean(Bool)
    /// A timestamp, in seconds since 1970.
    case timestampSeconds(UInt64)
    /// A table, an array, a float: not read here.
    case other(kind: UInt8)
  }

  let entries: UnsafeRawBufferPointer

  /// - Parameter entries: what `MessageProperties.headers` points at; empty for no headers.
  package init(entries: UnsafeRawBufferPointer) {
    self.entries = entries
  }

  /// The first header of that name; nil when there is none (or the table is malformed before it).
  package subscript(_ name: StaticString) -> Value? {
    let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    var scanner = TableScanner(entries: entries)
    while let entry = scanner.next() {
      if entry.name.elementsEqual(wanted) { return Self.value(entry) }
    }
    return nil
  }

  /// The text of a string header (invalid UTF-8 repaired); nil when absent or of another kind.
  package func text(_ name: StaticString) -> String? {
    guard case .bytes(let bytes) = self[name] else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Calls `use` with every entry: its name, its value, and its bytes as they stand, which
  /// `HeaderWriter.append(raw:)` takes.
  package func forEach(
    _ use: (_ name: UnsafeRawBufferPointer, _ value: Value, _ raw: UnsafeRawBufferPointer) -> Void
  ) {
    var scanner = TableScanner(entries: entries)
    var start = 0
    while let entry = scanner.next() {
      let end = scanner.position
      use(entry.name, Self.value(entry), UnsafeRawBufferPointer(rebasing: entries[start..<end]))
      start = end
    }
  }

  private static func value(_ entry: TableScanner.Entry) -> Value {
    func integer<T: FixedWidthInteger>(_: T.Type) -> Value {
      .integer(Int64(truncatingIfNeeded: T(bigEndian: entry.value.loadUnaligned(as: T.self))))
    }
    switch entry.kind {
    case UInt8(ascii: "S"), UInt8(ascii: "x"): return .bytes(entry.value)
    case UInt8(ascii: "t"): return .boolean(entry.value[0] != 0)
    case UInt8(ascii: "b"): return integer(Int8.self)
    case UInt8(ascii: "B"): return integer(UInt8.self)
    case UInt8(ascii: "s"): return integer(Int16.self)
    case UInt8(ascii: "u"): return integer(UInt16.self)
    case UInt8(ascii: "I"): return integer(Int32.self)
    case UInt8(ascii: "i"): return integer(UInt32.self)
    case UInt8(ascii: "l"), UInt8(ascii: "L"): return integer(Int64.self)
    case UInt8(ascii: "T"):
      return .timestampSeconds(UInt64(bigEndian: entry.value.loadUnaligned(as: UInt64.self)))
    default: return .other(kind: entry.kind)
    }
  }
}
