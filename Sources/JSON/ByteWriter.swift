internal import Glibc

/// A growing byte buffer. It keeps its memory when emptied, so a writer that is used again does
/// not allocate. Sole owner of its memory; freed with it.
package struct ByteWriter: ~Copyable {
  private var start: UnsafeMutableRawPointer
  private var capacity: Int
  /// Bytes written.
  package private(set) var count = 0

  /// - Parameter capacity: bytes to make room for at first.
  package init(capacity: Int) {
    self.capacity = max(64, capacity)
    start = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { start.deallocate() }

  /// What has been written; valid until the next mutation.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: count)
  }

  /// Calls `body` with what has been written. The bytes are valid in the call.
  package borrowing func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// A copy of what has been written, followed by `spare` zero bytes.
  package borrowing func array(spare: Int = 0) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count + spare) { buffer, initialized in
      let target = UnsafeMutableRawBufferPointer(buffer)
      target.copyMemory(from: UnsafeRawBufferPointer(start: start, count: count))
      for index in count..<count + spare { target[index] = 0 }
      initialized = count + spare
    }
  }

  /// Empties the buffer and keeps its memory.
  package mutating func removeAll() {
    count = 0
  }

  /// Drops what was written after the first `count` bytes, to take back a value begun.
  package mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "a writer is truncated to what it holds")
    self.count = count
  }

  /// Makes room for `extra` more bytes.
  @inline(__always)
  package mutating func reserve(_ extra: Int) {
    if capacity - count < extra { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    let larger = max(capacity * 2, count + extra)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    memory.copyMemory(from: start, byteCount: count)
    start.deallocate()
    (start, capacity) = (memory, larger)
  }

  /// Appends the literal's bytes.
  @inline(__always)
  package mutating func write(_ text: StaticString) {
    write(text.bytes)
  }

  /// Appends the bytes.
  @inline(__always)
  package mutating func write(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    memcpy(start + count, source, bytes.count)
    count &+= bytes.count
  }

  /// Appends the bytes.
  package mutating func write(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { write($0) }
  }

  /// Appends the string's UTF-8. For what is not in the hot path.
  package mutating func write(string: String) {
    var string = string
    string.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  /// Appends one byte.
  @inline(__always)
  package mutating func write(byte: UInt8) {
    reserve(1)
    start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }
}
