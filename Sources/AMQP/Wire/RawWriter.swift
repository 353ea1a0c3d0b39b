/// Writes big-endian fields into memory that was measured before.
struct RawWriter {
  private let memory: UnsafeMutableRawBufferPointer
  private(set) var position = 0

  init(_ memory: UnsafeMutableRawBufferPointer) {
    self.memory = memory
  }

  @inline(__always)
  mutating func integer<T: FixedWidthInteger>(_ value: T) {
    memory.storeBytes(of: value.bigEndian, toByteOffset: position, as: T.self)
    position += MemoryLayout<T>.size
  }

  @inline(__always)
  mutating func bytes(_ value: UnsafeRawBufferPointer) {
    UnsafeMutableRawBufferPointer(rebasing: memory[position..<position + value.count])
      .copyMemory(from: value)
    position += value.count
  }

  /// A short string, whose length the caller has checked.
  @inline(__always)
  mutating func shortString(_ value: UnsafeRawBufferPointer) {
    integer(UInt8(truncatingIfNeeded: value.count))
    bytes(value)
  }

  @inline(__always)
  mutating func frameHeader(_ kind: Frame.Kind, _ channel: UInt16, _ payloadBytes: Int) {
    integer(kind.rawValue)
    integer(channel)
    integer(UInt32(truncatingIfNeeded: payloadBytes))
  }
}
