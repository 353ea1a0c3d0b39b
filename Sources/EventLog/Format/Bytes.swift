internal import CCRC32C
internal import Glibc
internal import LogSequence

// Little-endian integers in raw memory. Every number on disk goes through these.

extension UnsafeRawPointer {
  @inline(__always)
  func integer<I: FixedWidthInteger>(_ type: I.Type = I.self, at offset: Int) -> I {
    I(littleEndian: loadUnaligned(fromByteOffset: offset, as: I.self))
  }

  /// Any number of 64 bits: who reads it checks it.
  @inline(__always)
  func lsn(at offset: Int) -> LSN { LSN(integer(UInt64.self, at: offset)) }

  /// CRC32C of the bytes between two offsets.
  func checksum(from start: Int, to end: Int, seed: UInt32) -> UInt32 {
    crc32c(seed, self + start, end - start)
  }
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  func store<I: FixedWidthInteger>(_ value: I, at offset: Int) {
    storeBytes(of: value.littleEndian, toByteOffset: offset, as: I.self)
  }

  @inline(__always)
  func store(lsn: LSN, at offset: Int) { store(lsn.rawValue, at: offset) }
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

  /// Any number of 64 bits: who reads it checks it.
  func lsn(at offset: Int) -> LSN { LSN(integer(UInt64.self, at: offset)) }

  mutating func store<I: FixedWidthInteger>(_ value: I, at offset: Int) {
    withMutableBytes { bytes in
      bytes.storeBytes(of: value.littleEndian, toByteOffset: offset, as: I.self)
    }
  }

  mutating func store(lsn: LSN, at offset: Int) { store(lsn.rawValue, at: offset) }
}

/// CRC32C over the bytes; `seed` 0 for a plain one.
@inline(__always)
func checksum(_ start: UnsafeRawPointer, _ count: Int, seed: UInt32 = 0) -> UInt32 {
  crc32c(seed, start, count)
}

/// CRC32C with a seed, of bytes whose checksum without one is known.
@inline(__always)
func checksum(_ seed: UInt32, followedBy sum: UInt32, ofBytes count: Int) -> UInt32 {
  crc32c_combine(seed, sum, count)
}

func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.withUnsafeBytes { crc32c(0, $0.baseAddress, $0.count) }
}

/// Whether all bytes are zero: the first is, and each equals the one after it.
func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
  guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
  return bytes[0] == 0 && memcmp(start, start + 1, bytes.count - 1) == 0
}

/// Index of the last byte that is not zero.
func lastNonZero(_ bytes: UnsafeRawBufferPointer) -> Int? {
  var end = bytes.count
  while end > 0 {
    let start = max(0, end - 4096)
    let block = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    if !isZero(block) { return block.lastIndex { $0 != 0 }.map { start + $0 } }
    end = start
  }
  return nil
}

/// A number as 16 hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
