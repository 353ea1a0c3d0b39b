import LogSequence
import Testing

@testable import EventLog

/// Which frame may follow which. All checksums hold: what tells is the order of the numbers alone.
@Suite struct FrameOrderTests {
  private static let segment = "/store/segments/0000000000000001.log"

  /// What the scanner says of the fourth frame when one of its fields is another.
  private static func problem(
    field: Int, _ change: (UInt64) -> UInt64
  ) throws -> FrameProblem? {
    let store = try RecoveryFuzzer.makeStore(isClosed: true)
    let files = store.files
    var changed = files
    let frame = try #require(Forger.frames(files[segment] ?? []).dropFirst(3).first)
    let place = frame.offset + field
    let value = changed[segment]?.integer(UInt64.self, at: place) ?? 0
    changed[segment]?.store(change(value), at: place)
    Forger.mend(&changed, mendsChain: true)
    let copy = store.disk.copy()
    copy.files = changed
    var scanner = try scanner(copy)
    for _ in 0..<3 { _ = try scanner.next(until: Int64(files[segment]?.count ?? 0)) }
    guard case .end(let problem) = try scanner.next(until: Int64(files[segment]?.count ?? 0))
    else { return nil }
    return problem
  }

  private static func scanner(_ disk: MemoryDisk) throws -> SegmentScanner {
    let paths = StorePaths(root: "/store")
    let identity = try StoreIdentity.decode(
      disk.files[paths.identity] ?? [], file: paths.identity)
    let manifest = try Manifest.read(disk, paths, identity)
    let file = try DiskFile(disk, segment, .read)
    let window = ScanWindow()
    window.use(file)
    let header = try SegmentHeader.read(
      window, file, manifest.segments[0], identity.store, after: manifest.origin)
    return SegmentScanner(
      header, window: window, after: manifest.origin, maxEpoch: manifest.epoch, breaks: [])
  }

  @Test func `A frame begins with the record behind the last one`() throws {
    for change in [{ $0 + 1 }, { $0 - 1 }] as [(UInt64) -> UInt64] {
      guard case .lsn? = try Self.problem(field: 16, change) else {
        Issue.record("records are missing, or there twice, and nobody says so")
        continue
      }
    }
  }

  @Test func `Frames are numbered one by one`() throws {
    guard case .sequence? = try Self.problem(field: 24, { $0 + 1 }) else {
      Issue.record("a frame is missing, and nobody says so")
      return
    }
  }

  @Test func `A frame is of no later life than the store's, and of none before the last frame's`()
    throws
  {
    for change in [{ $0 + 1_000 }, { _ in 0 }] as [(UInt64) -> UInt64] {
      guard case .epoch? = try Self.problem(field: 32, change) else {
        Issue.record("a frame of another life is taken")
        continue
      }
    }
  }
}
