import Glibc
import LogSequence
import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// Errors of the disk under the whole log with its threads.
@Suite struct FailureTests {
  /// Appends until the log fails; what was said to be durable.
  private func work(_ disk: SimDisk, _ owner: Owner, seed: UInt64) throws(EventLogError) -> Model {
    var model = Model()
    var random = SeededRandom(seed)
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    for _ in 0..<60 {
      for _ in 0..<4 { log.append(model.makeRecord(&random, hash: { log.hash(of: $0) })) }
      log.endTurn()
      if !owner.waitDurable(model.nextLSN.previous) { break }
    }
    log.read([ReadRequest(token: 1, .newest(id: model.records[0].id))])
    let answer = owner.waitAnswers(1)
    #expect(answer.count == 1, "a poisoned log answers all the same")
    if let failure = log.failure {
      #expect(owner.waitFailure() == failure)
      let closing = #expect(throws: EventLogError.self) { try log.close() }
      #expect(closing == failure)
    } else {
      try log.close()
    }
    return model
  }

  @Test(arguments: [EIO, ENOSPC, EROFS])
  func `Whatever call fails, it is said once and nothing durable is lost`(number: Int32) throws {
    var failures = 0
    for call in stride(from: 1, to: 160, by: number == EIO ? 3 : 11) {
      let disk = SimDisk()
      let owner = Owner()
      disk.arm(.error(number), atCall: call)
      var durable: LSN = 0
      var model = Model()
      do throws(EventLogError) {
        model = try work(disk, owner, seed: UInt64(call))
        durable = owner.durableLSN
      } catch {
        #expect([73, 74].contains(error.exitCode), "call \(call): \(error)")
        #expect(error.systemError == number, "call \(call): \(error)")
        durable = owner.durableLSN
      }
      failures += owner.allFailures.count
      #expect(owner.allFailures.count <= 1, "call \(call)")
      #expect(!owner.saidDurableAfterFailure, "call \(call)")
      #expect(owner.allDurable == owner.allDurable.sorted(), "call \(call)")
      let after = try SyncLog(.simulated(disk.afterKill()))
      #expect(after.recovered.count >= Int(durable.rawValue), "call \(call)")
      let common = min(after.recovered.count, model.records.count)
      #expect(after.recovered.prefix(common) == model.records.prefix(common), "call \(call)")
      after.kill()
    }
    // A mark that finds no room is none, and every third call writes one.
    #expect(failures > (number == ENOSPC ? 3 : 5))
  }

  @Test func `After a failed sync nothing more is written`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var random = SeededRandom(1)
    var model = Model()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    #expect(owner.waitDurable(1))
    // Else the call that fails may be one of the thread that prepares the next segment.
    #expect(owner.waitUntil { log.preparer.isDone })
    disk.state.withLock { $0.troubleAt = $0.calls + 2 }
    disk.state.withLock { $0.trouble = .error(EIO) }
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    let error = try #require(owner.waitFailure())
    #expect(error.exitCode == 74)
    #expect(error.file.hasSuffix(".log"))
    // The thread that prepares the next segment may still finish what it had begun: it is the
    // segments themselves that must stay as they are.
    func segments() -> [[UInt8]?] {
      disk.files.filter { $0.hasSuffix(".log") }.map { disk.bytes($0) }
    }
    let before = segments()
    for _ in 0..<20 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    #expect(throws: EventLogError.self) { try log.close() }
    #expect(!before.isEmpty && segments() == before)
    #expect(owner.durableLSN == 1)
  }

  @Test func `A full disk is waited out and said`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var random = SeededRandom(1)
    var model = Model()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    // The active segment, a spare, a reserve, and blocks for a manifest.
    let prepared = ["/store/BALLAST", "/store/segments/reserve.next", "/store/segments/spare.next"]
    #expect(owner.waitUntil { Set(prepared).isSubset(of: disk.files) })
    disk.state.withLock { $0.isFull = true }
    // More than fits those three.
    for _ in 0..<1000 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    #expect(owner.waitSpaces(1).first??.systemError == ENOSPC)
    #expect(log.isShortOfSpace)
    #expect(owner.waitUntil { disk.files.contains("/store/segments/0000000000000003.log") })
    #expect(log.failure == nil)
    #expect(log.bufferedBytes > 0)
    disk.state.withLock { $0.isFull = false }
    #expect(owner.waitDurable(1000))
    #expect(owner.waitSpaces(2)[1] == nil)
    #expect(!log.isShortOfSpace)
    #expect(log.bufferedBytes == 0)
    #expect(log.failure == nil)
    try log.close()
  }

  @Test func `A full disk is waited out without ballast, too`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var random = SeededRandom(1)
    var model = Model()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    #expect(owner.waitUntil { log.preparer.isDone })
    #expect(try log.preparer.releaseBallast())
    disk.state.withLock { $0.isFull = true }
    for _ in 0..<1000 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    #expect(owner.waitSpaces(1).first??.systemError == ENOSPC)
    disk.state.withLock { $0.isFull = false }
    #expect(owner.waitDurable(1000))
    #expect(log.failure == nil)
    try log.close()
  }

  @Test func `Ending while the disk is full loses nothing durable`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var random = SeededRandom(1)
    var model = Model()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    disk.state.withLock { $0.isFull = true }
    for _ in 0..<1000 {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    _ = owner.waitSpaces(1)
    let error = #expect(throws: EventLogError.self) { try log.close() }
    #expect(error?.systemError == ENOSPC)
    // For want of a segment, or of room for the manifest.
    #expect(error.map { [73, 74].contains($0.exitCode) } == true)
    let durable = owner.durableLSN
    disk.state.withLock { $0.isFull = false }
    let after = try SyncLog(.simulated(disk.afterKill()))
    #expect(after.recovered.count >= Int(durable.rawValue))
    #expect(after.recovered == Array(model.records.prefix(after.recovered.count)))
    after.kill()
  }

  @Test func `Where direct reads are refused the report says so`() throws {
    let disk = SimDisk()
    disk.state.withLock { $0.refusesDirect = true }
    let log = try SyncLog(.simulated(disk))
    #expect(!log.report.readDirectly)
    log.kill()
  }

  @Test func `Damage met by a read fails that read and not the log`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var random = SeededRandom(4)
    var model = Model()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    for _ in 0..<3 { log.append(model.makeRecord(&random, hash: { log.hash(of: $0) })) }
    log.endTurn()
    #expect(owner.waitDurable(3))
    // The first record: behind the segment header, the epoch frame and the frame's header.
    disk.overwrite("/store/segments/0000000000000001.log") { $0[4096 + 64 + 64 + 66] ^= 1 }
    log.read([ReadRequest(token: 1, .record(lsn: 1)), ReadRequest(token: 2, .record(lsn: 2))])
    let answers = owner.waitAnswers(2)
    #expect(answers[0].error?.code == .damaged)
    #expect(answers[0].error?.offset == 4224)
    #expect(answers[1].models == [model.records[1]])
    #expect(log.failure == nil)
    try log.close()
  }
}
