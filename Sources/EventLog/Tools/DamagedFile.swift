/// Reads a file of which parts may be unreadable: a block that the disk does not give is zeros, and
/// counted.
final class DamagedFile {
  private let file: DiskFile
  private let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: DamagedFile.windowBytes + Limits.blockBytes, alignment: Limits.blockBytes)
  private var offset: Int64 = 0
  private var count = 0
  private var isAtEnd = false
  /// Blocks that could not be read, by where they begin.
  private(set) var unreadable: Set<Int64> = []

  private static let windowBytes = 8 << 20

  /// Takes over the file.
  init(_ file: DiskFile) {
    self.file = file
    // The spare bytes that views may read past the end.
    UnsafeMutableRawBufferPointer(rebasing: memory[Self.windowBytes...])
      .initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit {
    memory.deallocate()
    file.closeQuietly()
  }

  /// The bytes from `at`, `wanted` of them or as many as the file has. Valid until the next call.
  func bytes(at: Int64, _ wanted: Int) -> UnsafeRawBufferPointer {
    let isBehind = at + Int64(wanted) > offset + Int64(count)
    if at < offset || isBehind && !(isAtEnd && at <= offset + Int64(count)) {
      load(from: at & ~Int64(Limits.blockBytes - 1))
    }
    let start = Int(min(at - offset, Int64(count)))
    return UnsafeRawBufferPointer(
      rebasing: UnsafeRawBufferPointer(memory)[start..<start + min(wanted, count - start)])
  }

  /// The bytes from `at`, for good.
  func copy(at: Int64, _ wanted: Int) -> [UInt8] { Array(bytes(at: at, wanted)) }

  private func load(from start: Int64) {
    offset = start
    defer { isAtEnd = count < Self.windowBytes }
    let window = UnsafeMutableRawBufferPointer(rebasing: memory[..<Self.windowBytes])
    if let got = try? file.read(into: window, at: start) {
      count = got
      return
    }
    count = 0
    let size = (try? file.size()) ?? start
    while count < Self.windowBytes, start + Int64(count) < size {
      let block = UnsafeMutableRawBufferPointer(
        rebasing: memory[count..<count + Limits.blockBytes])
      let at = start + Int64(count)
      let got = try? file.read(into: block, at: at)
      if got == nil {
        block.initializeMemory(as: UInt8.self, repeating: 0)
        unreadable.insert(at)
      }
      count += got ?? Int(min(Int64(Limits.blockBytes), size - at))
      if let got, got < Limits.blockBytes { return }
    }
  }
}
