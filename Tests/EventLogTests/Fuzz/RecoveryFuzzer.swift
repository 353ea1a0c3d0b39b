import LogSequence
import TestSupport

@testable import EventLog

/// Opens a store that was changed as the input says, and says what it must not have done: the
/// process ends by itself when it traps.
///
/// - Not forged: what comes back is a prefix of what was written, and every record of a sealed
///   segment is in it, or the store is refused. A record is never invented.
/// - Forged, so that every checksum holds: whatever the bytes say, nothing that reads a store
///   traps, and LSNs have no gaps.
final class RecoveryFuzzer: Sendable {
  private let stores: [Store]
  private let readers = EveryReader()

  struct Store {
    let files: [String: [UInt8]]
    let disk: MemoryDisk
    let records: [ModelRecord]
    /// The last LSN that the manifest's sealed segments have.
    let sealedLSN: LSN
  }

  init() throws {
    stores = try [false, true].map { try Self.makeStore(isClosed: $0) }
  }

  static func options(_ disk: MemoryDisk) -> EventLogOptions {
    var options = EventLogOptions(path: "/store")
    options.segmentBytes = Limits.minSegmentBytes
    options.disk = disk
    // Frames that end where a block ends, and others.
    options.directFrameBytes = 2_000
    options.directBytesPerSecond = 0
    return options
  }

  static func makeStore(isClosed: Bool) throws -> Store {
    let disk = MemoryDisk()
    try? disk.makeDirectory("/")
    let log = try SyncLog(options(disk))
    var random = SeededRandom(5)
    var model = Model()
    for round in 0..<60 {
      try log.commit(
        (0..<6).map { _ in
          model.makeRecord(&random, hash: log.hash, maxPayload: 600, others: true)
        })
      // Some sealed segments have derived files, and some have none.
      if round == 40 { try log.maintain() }
    }
    if isClosed { try log.close() } else { log.kill() }
    try addClock(disk, log)
    let reader = try EventLogReader(path: "/store", disk: disk.copy())
    let sealed = reader.snapshot.manifest.segments.dropLast().last?.end?.point.lsn ?? 0
    precondition(sealed > 0, "the store has a sealed segment")
    return Store(
      files: disk.files, disk: disk, records: model.records, sealedLSN: sealed)
  }

  /// Of a store that waits for a confirmation, and has one.
  private static func addClock(_ disk: MemoryDisk, _ log: SyncLog) throws {
    let store = log.opened.identity.store
    let lastLSN = log.opened.writer.point.lsn
    var samples = AgeSamples()
    for lsn in 1...lastLSN { samples.note(lsn, at: Int64(lsn.rawValue) << 40, interval: 1 << 42) }
    let time = StoreTime.Saved(
      now: Int64(lastLSN.rawValue) << 40, wall: 1 << 60, gap: 1 << 58, isWaiting: true,
      stood: 1 << 30,
      boundary: LSN(lastLSN.rawValue / 2), lastLSN: lastLSN, retentionSeconds: 1 << 20,
      samples: samples)
    let file = ClockFile(store: store, time: time).encoded()
    try disk.replaceFile(ClockFile.fileName, in: "/store", with: file)
    try disk.replaceFile(
      ClockConfirmation.fileName, in: "/store",
      with: ClockConfirmation(store: store, gap: 1 << 58).encoded())
  }

  /// What was wrong with the outcome; nil when nothing was.
  ///
  /// - Parameter knowsForgery: false judges forged stores as if they were not, so that a test can
  ///   see that an altered record is noticed.
  func violation(_ input: [UInt8], knowsForgery: Bool = true) -> String? {
    guard let first = input.first else { return nil }
    let store = stores[Int(first >> 7)]
    var mutator = StoreMutator(input)
    var files = store.files
    mutator.mutate(&files)
    let changes = ": " + mutator.changes.joined(separator: ", ")
    let disk = store.disk.copy()
    disk.files = files
    if mutator.isForged { readers.run(disk) }
    switch recovered(disk) {
    case .failure: return nil
    case .success(let found):
      for (index, record) in found.enumerated() where record.header.lsn != LSN(index + 1) {
        return "record \(record.header.lsn) at place \(index + 1)"
      }
      if mutator.isForged, knowsForgery { return nil }
      guard found.count <= store.records.count, found == Array(store.records.prefix(found.count))
      else { return "a record was invented or altered" + changes }
      if found.isEmpty, !Self.isEvidence(files) { return nil }
      guard found.count >= Int(store.sealedLSN.rawValue) else {
        return "\(found.count) records came back; \(store.sealedLSN) were sealed" + changes
      }
      if !mutator.hasTouchedNames, found.count < store.records.count {
        return "\(found.count) of \(store.records.count) durable records, silently" + changes
      }
      return nil
    }
  }

  /// Whether anything is left that shows that there was a store: without it a new one is made.
  private static func isEvidence(_ files: [String: [UInt8]]) -> Bool {
    files.contains { name, bytes in
      if name.hasSuffix("/STORE") || name.hasSuffix("/MANIFEST") { return true }
      let frames = bytes.dropFirst(Limits.segmentHeaderBytes)
      return name.hasSuffix(".log") && frames.contains { $0 != 0 }
    }
  }

  /// What the store has after the service opened it.
  private func recovered(_ disk: MemoryDisk) -> Result<[ModelRecord], any Error> {
    Result {
      let log = try EventLog.open(
        Self.options(disk), callbacks: EventLogCallbacks(onFailure: { _ in }))
      log.abandon()
      var records: [ModelRecord] = []
      try EventLogReader(path: "/store", disk: disk.copy()).forEachRecord {
        records.append(ModelRecord($0))
      }
      _ = try StoreVerifier(path: "/store", disk: disk.copy()).run()
      return records
    }
  }
}
