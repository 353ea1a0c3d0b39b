internal import Glibc

/// A big block-aligned buffer that slides over a file.
final class ScanWindow {
  private let memory: UnsafeMutableRawBufferPointer
  private let limit = Limits.scanWindowBytes
  private var file: DiskFile?
  private var offset: Int64 = 0
  private var count = 0
  private var isAtEnd = false

  init() {
    memory = .allocate(
      byteCount: Limits.scanWindowBytes + Limits.blockBytes, alignment: Limits.blockBytes)
    // The spare bytes that views may read past the end.
    if let start = memory.baseAddress { memset(start + limit, 0, Limits.blockBytes) }
  }

  deinit { memory.deallocate() }

  func use(_ file: DiskFile) {
    self.file = file
    count = 0
    isAtEnd = false
  }

  /// The bytes of the file from `at`, `wanted` of them or as many as there are. Valid until the
  /// next call; `Limits.spareBytes` more bytes are readable.
  @inline(__always)
  func bytes(at: Int64, _ wanted: Int) throws(EventLogError) -> UnsafeRawBufferPointer {
    if at < offset || at + Int64(wanted) > offset + Int64(count) { try slide(to: at, wanted) }
    let start = Int(at - offset)
    return UnsafeRawBufferPointer(
      rebasing: memory[min(start, count)..<min(start + wanted, count)])
  }

  /// Keeps what is still wanted and reads the rest of the window. File offsets, memory and
  /// lengths stay block-aligned, as direct reads need.
  private func slide(to at: Int64, _ wanted: Int) throws(EventLogError) {
    precondition(wanted + Limits.blockBytes <= limit, "the window holds what is asked for")
    guard let file, let base = memory.baseAddress else { return }
    let start = at & ~Int64(Limits.blockBytes - 1)
    if count > 0, start >= offset, start <= offset + Int64(count) {
      if isAtEnd { return }
      let kept = Int(offset + Int64(count) - start)
      base.copyMemory(from: base + Int(start - offset), byteCount: kept)
      count = kept
    } else {
      count = 0
      isAtEnd = false
    }
    offset = start
    let part = UnsafeMutableRawBufferPointer(rebasing: memory[count..<limit])
    let got = try file.read(into: part, at: offset + Int64(count))
    if got < part.count { isAtEnd = true }
    count += got
  }
}
