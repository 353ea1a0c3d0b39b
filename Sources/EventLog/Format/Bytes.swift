internal import CCRC32C

// Little-endian integers in raw memory. Every number on disk goes through these.

extension UnsafeRawPointer {
  @inline(__always)
  func integer<I: FixedWidthInteger>(_ type: I.Type = I.self, at offset: Int) -> I {
    I(littleEndian: loadUnaligned(fromByteOffset: offset, as: I.self))
  }
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  func store<I: FixedWidthInteger>(_ value: I, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: I.self)
  }
}

extension Array where Element == UInt8 {
  /// The bytes, with typed throws.
  func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    try withUnsafeBufferPointer { (bytes) throws(E) -> R in
      try body(UnsafeRawBufferPointer(bytes))
    }
  }

  mutating func withMutableBytes<R, E: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try withUnsafeMutableBufferPointer { (bytes) throws(E) -> R in
      try body(UnsafeMutableRawBufferPointer(bytes))
    }
  }

  func integer<I: FixedWidthInteger>(_ type: I.Type = I.self, at offset: Int) -> I {
    withBytes { bytes in
      I(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: I.self))
    }
  }

  mutating func store<I: FixedWidthInteger>(_ value: I, at offset: Int) {
    withMutableBytes { bytes in
      bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: I.self)
    }
  }
}

/// CRC32C over the bytes; `seed` 0 for a plain one.
@inline(__always)
func checksum(_ start: UnsafeRawPointer, _ count: Int, seed: UInt32 = 0) -> UInt32 {
  crc32c(seed, start, count)
}

func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.withUnsafeBytes { crc32c(0, $0.baseAddress, $0.count) }
}

/// Whether all bytes are zero.
func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool { firstNonZero(bytes) == nil }

/// Index of the 8-byte word (or byte of the rest) that is the first one not zero.
func firstNonZero(_ bytes: UnsafeRawBufferPointer) -> Int? {
  var at = 0
  while at + 8 <= bytes.count {
    if bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) != 0 { return at }
    at += 8
  }
  while at < bytes.count {
    if bytes[at] != 0 { return at }
    at += 1
  }
  return nil
}

func lastNonZero(_ bytes: UnsafeRawBufferPointer) -> Int? {
  var end = bytes.count
  while end >= 8, bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) == 0 { end -= 8 }
  while end > 0 {
    if bytes[end - 1] != 0 { return end - 1 }
    end -= 1
  }
  return nil
}

/// A number as 16 hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
