import Glibc
import LogSequence

@testable import EventLog

/// Everything that reads a store, run over one of which no byte can be believed. What is thrown is
/// of no interest here; a trap ends the process.
struct EveryReader {
  private let directory = TemporaryDirectory(inMemory: true)

  func run(_ disk: MemoryDisk) {
    try? serve(disk.copy())
    try? keep(disk.copy())
    read(disk.copy())
    scrub(disk.copy())
    try? copyFiles(disk.files)
  }

  /// As the service does: opens, writes, reads back.
  private func serve(_ disk: MemoryDisk) throws {
    var options = RecoveryFuzzer.options(disk)
    // Segments have an age, and none is old.
    options.retentionSeconds = 1 << 34
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    defer { log.abandon() }
    let known = Array("event-1".utf8)
    let first = log.nextLSN.previous
    let header = RecordHeader(lsn: log.nextLSN, hash: log.hash(of: Self.id))
    log.append(ModelRecord(header: header, id: Self.id, payload: []))
    log.endTurn()
    guard owner.waitDurable(log.nextLSN.previous) else { return }
    let targets: [ReadRequest.Target] = [
      .newest(id: known), .history(id: known), .newest(id: Self.id), .record(lsn: first),
      .record(lsn: 1), .range(from: 0, limitBytes: 1 << 20),
    ]
    log.read(targets.enumerated().map { ReadRequest(token: UInt64($0), $1) })
    _ = owner.waitAnswers(targets.count)
  }

  private static let id = Array("an id of no event".utf8)

  /// The keeper's work: indexing, checkpoint, merges, repairs, retention.
  private func keep(_ disk: MemoryDisk) throws {
    let log = try SyncLog(RecoveryFuzzer.options(disk))
    defer { log.kill() }
    try log.maintain(steps: 50)
    _ = try log.newest(Array("event-1".utf8))
    for table in log.keeper.tables { try? log.keeper.repair(table.file.path) }
    for cutoff in [0, Int64.max] {
      _ = try? log.keeper.planRetention(cutoff: cutoff, keepFrom: .max)
    }
  }

  private func read(_ disk: MemoryDisk) {
    _ = try? StoreVerifier(path: "/store", disk: disk).run()
    _ = try? StoreStanding.read(path: "/store", disk: disk)
    _ = try? StoreClock(path: "/store", disk: disk).standing(wall: 1 << 60)
    _ = try? StoreClock(path: "/store", disk: disk).confirm(wall: .min)
    if let statistics = try? StoreStatistics(path: "/store", disk: disk) {
      _ = (statistics.records, statistics.fileBytes)
    }
    try? EventLogReader(path: "/store", disk: disk, onDamage: { _ in }).forEachRecord { _ in }
    guard let reader = try? EventLogReader(path: "/store", disk: disk) else { return }
    try? reader.forEachRecord { _ in }
    try? reader.forEachRecord(from: reader.durableLSN) { _ in }
    _ = try? reader.history(of: Array("event-1".utf8))
    _ = try? reader.history(of: Self.id)
    try? reader.forEachOpen([]) { _ in }
    try? NewestRecords(reader, windowRecords: 100).forEach { _ in }
    // In one part, and in many.
    for budget in [1 << 30, 1] {
      try? EventGrouping(reader, scratch: directory.path, budgetBytes: budget).forEach { _ in }
    }
  }

  private func scrub(_ disk: MemoryDisk) {
    let owner = Owner()
    let done = AtomicCounter()
    var options = Scrubber.Options()
    options.bytesPerSecond = .max
    let scrubber = Scrubber(
      path: "/store", options: options,
      callbacks: Scrubber.Callbacks(
        onDamage: { _ in }, onPass: { _ in done.increase() }, onFailure: { _ in done.increase() }),
      disk: disk)
    guard (try? scrubber.start()) != nil else { return }
    _ = owner.waitUntil { done.value > 0 }
    scrubber.stop()
  }

  /// Salvage, backup and restore, which only know real files.
  private func copyFiles(_ files: [String: [UInt8]]) throws {
    let (store, backup) = (directory.path + "/store", directory.path + "/backup")
    let (restored, salvaged) = (directory.path + "/restored", directory.path + "/salvaged")
    for path in [store, backup, restored, salvaged] { TemporaryDirectory.remove(path) }
    for folder in ["", "/segments", "/index", "/quarantine"] { mkdir(store + folder, 0o750) }
    for (name, bytes) in files {
      let file = try DiskFile(LinuxDisk(), directory.path + name, .replace)
      try bytes.withBytes { (all) throws(EventLogError) in try file.write(all, at: 0) }
      file.closeQuietly()
    }
    _ = try? StoreSalvage(path: store, to: salvaged).run()
    let copy = Result { try StoreBackup(path: store, to: backup).run() }
    if case .failure = copy {
      // One that says that it is whole: what does not hold is found by the restore.
      rename(store, backup)
      let names = files.keys.sorted().map { String($0.dropFirst("/store/".count)) }
      let listed = names.map { name in
        BackupListing.File(
          path: name, bytes: Int64(files["/store/" + name]?.count ?? 0),
          digest: FileDigest(files["/store/" + name] ?? []))
      }
      let listing = BackupListing(
        storeID: "", created: .min, epoch: .max, lsn: .max, sequence: .max, files: listed)
      try LinuxDisk().replaceFile(BackupListing.fileName, in: backup, with: listing.encoded())
    }
    mkdir(restored, 0o750)
    _ = try StoreRestore(from: backup, to: restored).run()
  }
}
