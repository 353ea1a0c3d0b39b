import TestSupport
import Testing

@testable import EventLog

/// `store verify` and the opening of a store are two programs: they must come to one verdict.
@Suite struct VerdictTests {
  /// Some segments; as a kill leaves it, or closed.
  private static func store(isClosed: Bool) throws -> MemoryDisk {
    let disk = MemoryDisk()
    try? disk.makeDirectory("/")
    let log = try SyncLog(RecoveryFuzzer.options(disk))
    var random = SeededRandom(3)
    var model = Model()
    for _ in 0..<60 {
      try log.commit((0..<6).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    try log.maintain()
    isClosed ? try log.close() : log.kill()
    return disk
  }

  /// Why opening refuses the store; nil when it does not. Without derived files it reads all of it.
  private static func refusal(_ disk: MemoryDisk, readsAll: Bool) -> String? {
    if readsAll { disk.files = disk.files.filter { !$0.key.hasPrefix("/store/index/") } }
    do {
      var recovery = Recovery(try RecoveryFuzzer.options(disk).checked(), onSpace: { _ in })
      let opened = try recovery.run { _ in }
      opened.writer.file.closeQuietly()
      opened.lock.closeQuietly()
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// What `store verify` has against the store; nil when nothing.
  private static func finding(_ disk: MemoryDisk) -> String? {
    do {
      return try StoreVerifier(path: "/store", disk: disk).run().findings.first?.description
    } catch {
      return "\(error)"
    }
  }

  private static func expectOneVerdict(
    _ disk: MemoryDisk, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let finding = finding(disk.copy())
    let refusal = refusal(disk.copy(), readsAll: true)
    #expect(
      (finding == nil) == (refusal == nil),
      "\(what): verify: \(finding ?? "sound"); opening: \(refusal ?? "sound")",
      sourceLocation: sourceLocation)
    // As the service opens it: of indexed segments it reads no more than their ends.
    guard finding == nil, let refusal = Self.refusal(disk.copy(), readsAll: false) else { return }
    Issue.record(
      "\(what): verify: sound; opening with its tables: \(refusal)",
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [false, true])
  func `A changed store is refused by both or by neither`(isClosed: Bool) throws {
    let base = try Self.store(isClosed: isClosed)
    #expect(base.files.keys.contains { $0.hasSuffix(".table") })
    Self.expectOneVerdict(base, "unchanged")
    #expect(Self.finding(base.copy()) == nil)
    for seed in seeds(500) {
      var random = SeededRandom(seed)
      var input = random.bytes(Int.random(in: 4...40, using: &random))
      input[0] &= 0xFE  // not forged: a forger may make what only the opening finds
      var mutator = StoreMutator(input)
      var files = base.files
      mutator.mutate(&files)
      // Without it there is no store, for the one, and a new one, for the other.
      guard files["/store/STORE"] != nil else { continue }
      let disk = base.copy()
      disk.files = files
      let changes = mutator.changes.joined(separator: ", ")
      Self.expectOneVerdict(disk, "EVENTLOG_SEED=\(seed): \(changes)")
    }
  }

  @Test(arguments: [false, true], [0, 1, 63, 64, 4_096, 20_000])
  func `A byte behind the last frame`(isClosed: Bool, distance: Int) throws {
    let disk = try Self.store(isClosed: isClosed)
    let (name, last) = try #require(
      disk.files.filter { $0.key.hasSuffix(".log") }.max { $0.key < $1.key })
    let end = try #require(Forger.frames(last).last?.end)
    guard end + distance < last.count else { return }
    disk.files[name]?[end + distance] = 1
    Self.expectOneVerdict(disk, "\(distance) behind the end")
    if isClosed, distance < 4_096 { #expect(Self.finding(disk.copy()) != nil) }
  }

  @Test(arguments: [false, true])
  func `A last segment that was cut behind its frames`(isClosed: Bool) throws {
    let disk = try Self.store(isClosed: isClosed)
    let (name, last) = try #require(
      disk.files.filter { $0.key.hasSuffix(".log") }.max { $0.key < $1.key })
    let end = try #require(Forger.frames(last).last?.end)
    disk.files[name] = Array(last[..<end])
    Self.expectOneVerdict(disk, "cut at its end")
    #expect(Self.finding(disk.copy()) != nil)
  }

  /// What is written then could not be read again.
  @Test(arguments: [false, true], [32, 40])
  func `A store that has counted too far is refused before anything is written`(
    isClosed: Bool, field: Int
  ) throws {
    let base = try Self.store(isClosed: isClosed)
    let last = Limits.lastCounterToOpen
    for (value, isRefused) in [
      (last, false), (last + 1, true), (Limits.maxCounter - 1, true), (Limits.maxCounter, true),
      (Limits.maxCounter + 1, true),
    ] {
      let disk = base.copy()
      disk.files["/store/MANIFEST"]?.store(value, at: field)
      Forger.mend(&disk.files, mendsChain: false)
      Self.expectOneVerdict(disk, "\(value)")
      let opened = disk.copy()
      #expect((Self.refusal(opened, readsAll: false) != nil) == isRefused, "\(value)")
      if isRefused {
        let segments = { (disk: MemoryDisk) in disk.files.filter { $0.key.hasSuffix(".log") } }
        #expect(segments(opened) == segments(disk) && opened.manifest == disk.manifest, "\(value)")
      } else {
        let identity = try StoreIdentity.decode(#require(opened.files["/store/STORE"]), file: "")
        #expect(throws: Never.self) {
          try Manifest.read(opened, StorePaths(root: "/store"), identity)
        }
      }
    }
  }
}

extension MemoryDisk {
  fileprivate var manifest: [UInt8]? { files["/store/MANIFEST"] }
}
