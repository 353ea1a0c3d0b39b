import LogSequence
import TestSupport

@testable import EventLog

/// The rules that the log's guarantees stand on, each with a check of its own that looks at the
/// system calls, or the decision, that it is about. `Breaks` breaks one of them each.
enum LogRule: CaseIterable {
  /// What is acknowledged is on the disk.
  case acknowledgedIsSynced
  /// Nothing is acknowledged while its sync goes on.
  case syncComesFirst
  /// A sync that failed is the end.
  case failedSyncIsFinal
  /// The next frame is not begun before the one before is durable.
  case oneFrameInFlight
  /// A frame follows the one before it, by its chain value.
  case framesFollow
  /// Damage in the middle is not the end of the log.
  case damageIsNoEnd
  /// Retention keeps what an open event needs.
  case openEventsStay
  /// A segment and a manifest have their names before anything is built on them.
  case namesAreSynced

  private static let segment = "/store/segments/0000000000000001.log"

  /// - Parameter breaks: what the log under test does wrong.
  func holds(_ breaks: Breaks = []) throws -> Bool {
    switch self {
    case .acknowledgedIsSynced: try Self.acknowledgedIsSynced(breaks)
    case .syncComesFirst: try Self.syncComesFirst(breaks)
    case .failedSyncIsFinal: try Self.failedSyncIsFinal(breaks)
    case .oneFrameInFlight: try Self.oneFrameInFlight(breaks)
    case .framesFollow: try Self.framesFollow(breaks)
    case .damageIsNoEnd: try Self.damageIsNoEnd(breaks)
    case .openEventsStay: try Self.openEventsStay(breaks)
    case .namesAreSynced: try Self.namesAreSynced(breaks)
    }
  }

  /// A log on a disk of its own, and what continues it.
  private struct Bench {
    let disk = SimDisk()
    var random = SeededRandom(11)
    var model = Model()
    let log: SyncLog

    init(_ breaks: Breaks) throws {
      log = try SyncLog(.simulated(disk, breaks: breaks))
    }

    mutating func commit(_ count: Int = 3) throws {
      try log.commit((0..<count).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
  }

  private static func acknowledgedIsSynced(_ breaks: Breaks) throws -> Bool {
    var bench = try Bench(breaks)
    var isKept = true
    for _ in 0..<6 {
      try bench.commit()
      let isAcknowledged = bench.log.acknowledgedLSN == LSN(bench.model.records.count)
      if isAcknowledged, !bench.disk.isSynced(segment) { isKept = false }
    }
    bench.log.kill()
    return isKept
  }

  /// The power goes in the middle of a sync.
  private static func syncComesFirst(_ breaks: Breaks) throws -> Bool {
    var bench = try Bench(breaks)
    try bench.commit()
    try bench.commit()
    let before = bench.log.acknowledgedLSN
    bench.disk.armSync(.crash)
    try? bench.commit()
    return !bench.disk.hasMetSync || bench.log.acknowledgedLSN == before
  }

  private static func failedSyncIsFinal(_ breaks: Breaks) throws -> Bool {
    var bench = try Bench(breaks)
    try bench.commit()
    bench.disk.armSync(.error(5))
    do throws(EventLogError) {
      for _ in 0..<2 {
        let records = [bench.model.makeRecord(&bench.random, hash: bench.log.hash)]
        try bench.log.commit(records)
      }
      return !bench.disk.hasMetSync
    } catch {
      return error.exitCode == 74
    }
  }

  private static func oneFrameInFlight(_ breaks: Breaks) throws -> Bool {
    var bench = try Bench(breaks)
    for _ in 0..<6 {
      try bench.commit()
      // On return the caller fills and hands over the next one.
      if bench.log.acknowledgedLSN != LSN(bench.model.records.count) { return false }
    }
    return true
  }

  private static func framesFollow(_ breaks: Breaks) throws -> Bool {
    let disk = try DamageTests.otherCopy()
    let paths = StorePaths(root: "/store")
    guard let bytes = disk.bytes(paths.identity) else { return false }
    let identity = try StoreIdentity.decode(bytes, file: paths.identity)
    let manifest = try Manifest.read(disk, paths, identity)
    let file = try DiskFile(disk, segment, .read)
    defer { file.closeQuietly() }
    let window = ScanWindow()
    window.use(file)
    let header = try SegmentHeader.read(
      window, file, manifest.segments[0], identity.store, after: manifest.origin)
    var scanner = SegmentScanner(
      header, window: window, after: manifest.origin, maxEpoch: manifest.epoch, breaks: breaks)
    while true {
      if case .end(let problem) = try scanner.next(until: header.fileBytes) {
        return problem == .chain
      }
    }
  }

  private static func damageIsNoEnd(_ breaks: Breaks) throws -> Bool {
    let (disk, _) = try DamageTests.store()
    disk.overwrite(DamageTests.active) { $0[4096 + 64 + 100] ^= 1 }
    do throws(EventLogError) {
      try SyncLog(.simulated(disk, breaks: breaks)).kill()
      return false
    } catch {
      return error.code == .damaged
    }
  }

  /// The oldest segment holds the only records of an open event, and everything in it is old.
  private static func openEventsStay(_ breaks: Breaks) throws -> Bool {
    let bench = try Bench(breaks)
    let id = Array("open".utf8)
    let header = RecordHeader(lsn: 1, status: 1, hash: bench.log.hash(id))
    try bench.log.commit([ModelRecord(header: header, id: id, payload: [])])
    try bench.log.seal()
    try bench.log.maintain()
    defer { bench.log.kill() }
    let plan = try bench.log.keeper.planRetention(cutoff: .max, keepFrom: .max)
    return plan.proposal == nil && plan.carries.map(\.lsn) == [1]
  }

  private static func namesAreSynced(_ breaks: Breaks) throws -> Bool {
    var bench = try Bench(breaks)
    try bench.commit()
    try bench.log.opened.writer.roll()
    let names = ["/store/segments/0000000000000002.log", "/store/MANIFEST"]
    return names.allSatisfy { bench.disk.hasDurableName($0) }
  }
}
