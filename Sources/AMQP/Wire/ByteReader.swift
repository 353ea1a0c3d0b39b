/// Reads big-endian fields from bytes that somebody else sent: every read is checked.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  var remaining: Int { bytes.count - position }

  /// The next integer, or nil when the bytes end first.
  @inline(__always)
  mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) -> T? {
    guard remaining >= MemoryLayout<T>.size else { return nil }
    let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
    position += MemoryLayout<T>.size
    return T(bigEndian: value)
  }

  /// Steps over `count` bytes; false when there are fewer.
  @inline(__always)
  mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, remaining >= count else { return false }
    position += count
    return true
  }

  /// The bytes of a short string (one octet of length), or nil.
  @inline(__always)
  mutating func shortString() -> UnsafeRawBufferPointer? {
    guard let length: UInt8 = read() else { return nil }
    return slice(Int(length))
  }

  /// The bytes of a long string or table (four octets of length), or nil.
  @inline(__always)
  mutating func longString() -> UnsafeRawBufferPointer? {
    guard let length: UInt32 = read() else { return nil }
    return slice(Int(length))
  }

  /// The next `count` bytes, or nil.
  @inline(__always)
  mutating func slice(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count >= 0, remaining >= count else { return nil }
    let slice = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    position += count
    return slice
  }
}
