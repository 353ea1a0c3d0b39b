import LogSequence
import Synchronization
import TestSupport

@testable import EventLog

/// The life of a store through crashes: commits, the keeper's work, retention, errors, power cuts
/// and kills at random system calls, crashes while recovering. Throws what is wrong with what
/// came back.
struct CrashLife {
  /// What came back wrong, by the check that saw it.
  struct Loss: Error {
    let check: Check
    let place: String
  }

  enum Check: Hashable {
    /// Records that were acknowledged are there.
    case acknowledgedStay
    /// There are none that nobody wrote, and those that are there are what was written.
    case recordsAreTrue
    case openEventsStay
    case youngEventsStay
    /// The owner is shown what it has to know.
    case replayIsWhole
    case indexIsRight
  }

  var random: SeededRandom
  var disk = SimDisk()
  var model = Model()
  /// How many records were acknowledged.
  var acknowledged = 0
  var breaks: Breaks = []
  var retains = false
  /// The latest time that retention was told to count as old.
  private var oldest: Int64 = 0
  /// Above this, frames are written around the page cache.
  private let directFrameBytes: Int

  init(seed: UInt64, breaks: Breaks = [], retains: Bool = false) {
    random = SeededRandom(seed)
    self.breaks = breaks
    self.retains = retains
    directFrameBytes = [1, 2_000, 6_000, .max].randomElement(using: &random) ?? 1
    // Half of a life in eight the file system has no such writes and reads.
    if Int.random(in: 0..<8, using: &random) == 0 { refusesDirect = true }
  }

  private var refusesDirect = false

  var options: EventLogOptions {
    var options = EventLogOptions.simulated(disk, breaks: breaks)
    options.directFrameBytes = directFrameBytes
    options.directBytesPerSecond = 0
    return options
  }

  mutating func run(rounds: Int = 4) throws {
    for round in 0..<rounds {
      if refusesDirect { disk.state.withLock { $0.refusesDirect = round % 2 == 1 } }
      if Int.random(in: 0..<4, using: &random) == 0 {
        disk.arm(.error(5), atCall: Int.random(in: 1...160, using: &random))
      } else {
        disk.arm(.crash, atCall: Int.random(in: 1...160, using: &random))
      }
      try work()
      disk = Bool.random(using: &random) ? disk.afterPowerCut(&random) : disk.afterKill()
      // A crash in the middle of recovery, now and then more than one.
      while Bool.random(using: &random) {
        disk.arm(.crash, atCall: Int.random(in: 1...40, using: &random))
        if let log = try? SyncLog(options) { log.kill() }
        disk = Bool.random(using: &random) ? disk.afterPowerCut(&random) : disk.afterKill()
      }
      damageIndex()
      try check("round \(round)")
      disk = disk.afterKill()
    }
  }

  /// Commits until the disk fails or the script ends.
  private mutating func work() throws {
    var log: SyncLog?
    do {
      let opened = try SyncLog(options)
      log = opened
      guard opened.recovered == Array(model.records.dropFirst(Int(origin(opened).rawValue))) else {
        throw Loss(check: .recordsAreTrue, place: "before the work")
      }
      for _ in 0..<Int.random(in: 1...40, using: &random) { try step(opened) }
      if Bool.random(using: &random) { try opened.close() } else { opened.kill() }
    } catch let error as EventLogError {
      guard [65, 73, 74].contains(error.exitCode) else { throw error }
      if error.exitCode == 65, !disk.isDead { throw error }
      log?.kill()
    }
    acknowledged = max(acknowledged, Int((log?.acknowledgedLSN ?? 0).rawValue))
  }

  private mutating func step(_ log: SyncLog) throws {
    let batch = (0..<Int.random(in: 1...12, using: &random)).map { _ in
      model.makeRecord(&random, hash: log.hash, others: true)
    }
    try log.commit(batch)
    acknowledged = max(acknowledged, Int(log.acknowledgedLSN.rawValue))
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<3: try log.confirm()
    case 3..<5: try log.maintain(steps: Int.random(in: 1...6, using: &random))
    case 5..<8 where retains: try retire(log)
    default: break
    }
  }

  /// A few steps of retention; the tables know everything at each.
  private mutating func retire(_ log: SyncLog) throws {
    for _ in 0..<3 {
      try log.seal()
      try log.maintain()
      try retireOnce(log)
    }
  }

  private mutating func retireOnce(_ log: SyncLog) throws {
    let newest = Int64(model.records.count)
    let cutoff = Int64.random(in: max(0, newest - 150)...newest, using: &random)
    oldest = max(oldest, cutoff)
    let requests = try log.retire(cutoff: cutoff, keepFrom: .max, model)
    try checkRetention(origin: origin(log), "after retention")
    model.forget(through: origin(log))
    let carried = requests.compactMap { model.makeCarry($0) }
    for start in stride(from: 0, to: carried.count, by: 8) {
      try log.commit(Array(carried[start..<min(start + 8, carried.count)]))
      acknowledged = max(acknowledged, Int(log.acknowledgedLSN.rawValue))
    }
  }

  /// Now and then a derived file is gone or has a wrong byte: no answer may change.
  private mutating func damageIndex() {
    guard Int.random(in: 0..<3, using: &random) == 0 else { return }
    let files = disk.files.filter { $0.hasPrefix("/store/index/") }
    guard let file = files.randomElement(using: &random) else { return }
    if Bool.random(using: &random) {
      try? disk.remove(file)
    } else if let count = disk.bytes(file)?.count, count > 0 {
      let offset = Int.random(in: 0..<count, using: &random)
      disk.overwrite(file) { $0[offset] ^= 0x20 }
    }
  }

  private func origin(_ log: SyncLog) -> LSN { log.opened.writer.manifest.origin.lsn }

  private mutating func check(_ place: String) throws {
    let log = try SyncLog(options)
    defer { log.kill() }
    let origin = Int(origin(log).rawValue)
    let count = origin + log.recovered.count
    if count < acknowledged {
      throw Loss(
        check: .acknowledgedStay,
        place: "\(place): \(count) records of \(acknowledged) acknowledged ones")
    }
    if count > model.records.count {
      throw Loss(check: .recordsAreTrue, place: "\(place): records nobody wrote")
    }
    if log.recovered != Array(model.records[origin..<count]) {
      throw Loss(check: .recordsAreTrue, place: "\(place): a record is not what was written")
    }
    model.truncate(to: count)
    acknowledged = count
    try checkRetention(origin: LSN(origin), place)
    model.forget(through: LSN(origin))
    try checkIndex(log, origin: LSN(origin), place)
  }

  /// What is gone was final and old, or is not needed.
  private func checkRetention(origin: LSN, _ place: String) throws {
    if origin > 0, !retains {
      throw Loss(check: .acknowledgedStay, place: "\(place): records are gone")
    }
    for id in model.events where model.base(id) <= origin {
      guard let lsn = model.newest[id] else { continue }
      let newest = model.records[Int(lsn.rawValue) - 1].header
      if !newest.flags.contains(.final) {
        throw Loss(check: .openEventsStay, place: place)
      }
      if newest.time >= oldest { throw Loss(check: .youngEventsStay, place: place) }
    }
  }

  /// The index and what the owner was shown, whatever became of the derived files.
  private mutating func checkIndex(_ log: SyncLog, origin: LSN, _ place: String) throws {
    if log.replayed != model.replay(covered: log.covered) {
      throw Loss(check: .replayIsWhole, place: place)
    }
    for _ in 0..<min(40, model.events.count) {
      guard let id = model.events.randomElement(using: &random) else { break }
      let found = try log.newest(id) ?? 0
      let newest = model.newest[id] ?? 0
      if found != newest, max(found, newest) > origin {
        throw Loss(
          check: .indexIsRight,
          place: "\(place): the index names record \(found), the newest is \(newest)")
      }
    }
  }
}
