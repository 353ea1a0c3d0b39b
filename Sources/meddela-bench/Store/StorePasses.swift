internal import CStoreRivals
internal import EventLog
internal import Glibc
internal import LogSequence

/// The passes of `meddela-bench store`. Each makes the same transitions durable, in a folder of its
/// own that it leaves to the caller.
struct StorePasses {
  let records: Int
  /// Records appended and not yet durable, at most.
  let window: Int
  /// Records in one turn of the engine.
  let turn: Int

  /// Records a second, and the frames they went in.
  struct Outcome {
    var perSecond: Double
    var frames: [Int]
  }

  /// Appends to an open log and waits until all is durable. `onTurn`: called after each turn.
  func run(
    _ log: EventLog, _ signal: DurableSignal, onTurn: () -> Void = {}
  ) throws -> Outcome {
    let base = log.nextLSN.previous
    signal.reset(durable: base)
    let start = Self.seconds()
    var left = records
    while left > 0 {
      let count = min(turn, left)
      log.append(numbered: count, base: base)
      log.endTurn()
      onTurn()
      left -= count
      let appended = log.nextLSN.previous
      if base.distance(to: appended) > window {
        try signal.waitDurable(appended.advanced(by: -window))
      }
    }
    try signal.waitDurable(log.nextLSN.previous)
    let seconds = Self.seconds() - start
    return Outcome(perSecond: Double(records) / seconds, frames: signal.frameCounts)
  }

  /// How bare writes go to the disk.
  enum Bare: CaseIterable {
    /// Through the page cache, which has no page of the file yet, as of a log's next segment.
    case uncached
    /// Through the page cache, which has all of them.
    case cached
    /// Around the page cache (O_DIRECT), whole blocks.
    case direct
  }

  /// The same bytes in the same frames: pwrite and fdatasync into a file that is there already.
  func bare(_ path: String, frames: [Int], _ way: Bare) throws -> Double {
    let unit = way == .direct ? 4096 : 64
    let sizes = frames.map { (64 + $0 * NumberedRecord.bytes + unit - 1) / unit * unit }
    let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw BenchFailure("\(path): \(Self.errorText())") }
    defer { close(descriptor) }
    let longest = max(sizes.max() ?? 0, 1 << 20)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: longest, alignment: 4096)
    defer { buffer.deallocate() }
    buffer.initializeMemory(as: UInt8.self, repeating: 0)
    let total = sizes.reduce(0, +)
    for offset in stride(from: 0, to: total, by: 1 << 20) {
      guard pwrite(descriptor, buffer.baseAddress, 1 << 20, offset) == 1 << 20 else {
        throw BenchFailure("\(path): \(Self.errorText())")
      }
    }
    guard fsync(descriptor) == 0 else { throw BenchFailure("\(path): \(Self.errorText())") }
    if way != .cached, posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) != 0 {
      throw BenchFailure("\(path): its pages stay in memory")
    }
    if way == .direct, fcntl(descriptor, F_SETFL, O_RDWR | Self.direct) != 0 {
      throw BenchFailure("\(path): \(Self.errorText())")
    }
    buffer.initializeMemory(as: UInt8.self, repeating: 0x5A)
    let start = Self.seconds()
    var offset = 0
    for size in sizes {
      guard pwrite(descriptor, buffer.baseAddress, size, offset) == size,
        fdatasync(descriptor) == 0
      else { throw BenchFailure("\(path): \(Self.errorText())") }
      offset += size
    }
    return Double(frames.reduce(0, +)) / (Self.seconds() - start)
  }

  /// Linux's O_DIRECT, which Glibc's module lacks.
  #if arch(arm64)
    private static let direct: Int32 = 0o200000
  #else
    private static let direct: Int32 = 0o40000
  #endif

  /// On a clock that never goes back, from some moment of this process on.
  static func seconds() -> Double {
    let elapsed = origin.duration(to: .now).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
  }

  private static let origin = ContinuousClock.now

  static func errorText() -> String { String(cString: strerror(errno)) }
}
