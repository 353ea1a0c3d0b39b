internal import Glibc

/// Block-aligned memory that slides over a file, a chunk at a time. Reads ahead where it is asked
/// to: while one chunk is looked at, the next one comes on a thread of its own.
final class ScanWindow {
  /// Bytes of one read, and of the room before it for what is kept of the chunk before.
  private let chunk: Int
  private var memory: UnsafeMutableRawPointer
  /// Where the next chunk comes to; nil where nothing is read ahead.
  private var ahead: (memory: UnsafeMutableRawPointer, reader: ReadAhead)?
  /// Which byte of the file `ahead` begins with.
  private var aheadOffset: Int64?
  private var file: DiskFile?
  /// What is in `memory`: from which of its bytes, from which byte of the file, how much.
  private var first = 0
  private var offset: Int64 = 0
  private var count = 0
  private var isAtEnd = false

  /// `chunk`: whole blocks; what is asked for at once and a block fit into it.
  init(chunk: Int = Limits.scanWindowBytes / 2, readsAhead: Bool = false) {
    self.chunk = chunk
    memory = Self.allocate(chunk)
    if readsAhead { ahead = (Self.allocate(chunk), ReadAhead()) }
  }

  private static func allocate(_ chunk: Int) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: 2 * chunk + Limits.blockBytes, alignment: Limits.blockBytes)
    // The spare bytes that views may read past the end.
    memset(memory + 2 * chunk, 0, Limits.blockBytes)
    return memory
  }

  deinit {
    memory.deallocate()
    guard let ahead else { return }
    ahead.reader.stop()
    ahead.memory.deallocate()
  }

  /// From here on `file` is read; `leave` before it is closed.
  func use(_ file: DiskFile) {
    leave()
    self.file = file
  }

  /// Touches the file no more.
  func leave() {
    ahead?.reader.cancel()
    aheadOffset = nil
    file = nil
    count = 0
    isAtEnd = false
  }

  /// The bytes of the file from `at`, `wanted` of them or as many as there are. Valid until the
  /// next call; `Limits.spareBytes` more bytes are readable.
  @inline(__always)
  func bytes(at: Int64, _ wanted: Int) throws(EventLogError) -> UnsafeRawBufferPointer {
    if at < offset || at + Int64(wanted) > offset + Int64(count) { try slide(to: at, wanted) }
    let start = Int(min(at - offset, Int64(count)))
    return UnsafeRawBufferPointer(
      start: memory + first + start, count: min(wanted, count - start))
  }

  /// Keeps what is still wanted and reads the next chunk. File offsets, memory and lengths stay
  /// block-aligned, as direct reads need.
  private func slide(to at: Int64, _ wanted: Int) throws(EventLogError) {
    precondition(wanted + Limits.blockBytes <= chunk, "the window holds what is asked for")
    guard let file else { return }
    let start = at & ~Int64(Limits.blockBytes - 1)
    let end = offset + Int64(count)
    if count > 0, start >= offset, start <= end {
      if isAtEnd { return }
      try readNext(file, keeping: Int(end - start))
    } else {
      count = 0
      try readNext(file, at: start)
    }
    guard !isAtEnd, let ahead else { return }
    let next = offset + Int64(count)
    let isReading = ahead.reader.begin(
      file, at: next, into: UnsafeMutableRawBufferPointer(start: ahead.memory + chunk, count: chunk)
    )
    aheadOffset = isReading ? next : nil
  }

  private func readNext(_ file: DiskFile, at start: Int64) throws(EventLogError) {
    ahead?.reader.cancel()
    aheadOffset = nil
    offset = start
    first = chunk
    take(try read(file, at: start))
  }

  /// The chunk behind what is there, of which the last `kept` bytes stay in front of it.
  private func readNext(_ file: DiskFile, keeping kept: Int) throws(EventLogError) {
    let end = offset + Int64(count)
    let source = memory + first + count - kept
    var got: Int?
    if let ahead, aheadOffset == end {
      aheadOffset = nil
      got = try ahead.reader.result()
      self.ahead?.memory = memory
      memory = ahead.memory
    }
    (memory + chunk - kept).copyMemory(from: source, byteCount: kept)
    offset = end - Int64(kept)
    first = chunk - kept
    count = kept
    if let got { take(got) } else { take(try read(file, at: end)) }
  }

  private func read(_ file: DiskFile, at offset: Int64) throws(EventLogError) -> Int {
    try file.read(
      into: UnsafeMutableRawBufferPointer(start: memory + chunk, count: chunk), at: offset)
  }

  private func take(_ got: Int) {
    count += got
    isAtEnd = got < chunk
  }
}
