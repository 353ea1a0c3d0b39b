/// Builds the raw entries of a header table in a buffer that is used again and again.
///
/// Names are short strings: one above 255 bytes is a programmer's mistake and traps.
package struct HeaderWriter: Sendable {
  /// The entries so far, as `OutgoingMessage.headers` wants them.
  package private(set) var bytes: [UInt8] = []

  /// Makes an empty table.
  package init(capacity: Int = 512) {
    bytes.reserveCapacity(capacity)
  }

  /// Empties the table and keeps its memory.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
  }

  /// Appends a string header (a long string, so of any length).
  package mutating func append(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
    append(name: name, kind: UInt8(ascii: "S"))
    append(bigEndian: UInt32(value.count))
    bytes.append(contentsOf: value)
  }

  /// Appends a string header.
  package mutating func append(_ name: StaticString, _ value: String) {
    var value = value
    value.withUTF8 { append(name, UnsafeRawBufferPointer($0)) }
  }

  /// Appends an integer header, signed, of 64 bits.
  package mutating func append(_ name: StaticString, _ value: Int64) {
    append(name: name, kind: UInt8(ascii: "l"))
    append(bigEndian: value)
  }

  /// Appends a boolean header.
  package mutating func append(_ name: StaticString, _ value: Bool) {
    append(name: name, kind: UInt8(ascii: "t"))
    bytes.append(value ? 1 : 0)
  }

  /// Appends a timestamp header, in seconds since 1970.
  package mutating func append(_ name: StaticString, timestampSeconds: UInt64) {
    append(name: name, kind: UInt8(ascii: "T"))
    append(bigEndian: timestampSeconds)
  }

  /// Appends entries as they stand: those of another message.
  package mutating func append(raw: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: raw)
  }

  /// Appends a header whose value stands in another table.
  ///
  /// - Parameter rawValue: the kind octet and the value, as they stand there.
  package mutating func append(_ name: StaticString, rawValue: UnsafeRawBufferPointer) {
    append(name: name)
    bytes.append(contentsOf: rawValue)
  }

  private mutating func append(name: StaticString, kind: UInt8) {
    append(name: name)
    bytes.append(kind)
  }

  private mutating func append(name: StaticString) {
    let name = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    precondition(name.count <= AMQPLimits.shortStringBytes, "A header's name is too long")
    bytes.append(UInt8(name.count))
    bytes.append(contentsOf: name)
  }

  private mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
