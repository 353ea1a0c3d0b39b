package import JSON

/// One of at most a hundred shards; two digits in names and ids.
package struct ShardNumber: Hashable, Sendable, CustomStringConvertible {
  /// 0 to 99.
  package let value: UInt8

  /// The only one where there is one.
  package static let first = ShardNumber(0)

  /// - Parameter value: 0 to 99.
  package init(_ value: UInt8) {
    precondition(value < 100, "a shard's number has two digits")
    self.value = value
  }

  /// Nil unless the bytes are two digits.
  package init?(digits: UnsafeRawBufferPointer) {
    guard digits.count == 2 else { return nil }
    let tens = digits[0] &- UInt8(ascii: "0")
    let ones = digits[1] &- UInt8(ascii: "0")
    guard tens < 10, ones < 10 else { return nil }
    value = tens * 10 + ones
  }

  /// Two digits.
  package var description: String { value < 10 ? "0\(value)" : "\(value)" }

  /// Appends two digits.
  package func write(to writer: inout ByteWriter) {
    writer.write(byte: UInt8(ascii: "0") + value / 10)
    writer.write(byte: UInt8(ascii: "0") + value % 10)
  }
}
