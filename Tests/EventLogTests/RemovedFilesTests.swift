import LogSequence
import Synchronization
import Testing

@testable import EventLog

/// What retention and merges remove takes no room any more: nothing keeps it open.
@Suite struct RemovedFilesTests {
  private static func append(_ log: EventLog, _ count: Int) {
    for _ in 0..<count {
      let lsn = log.nextLSN
      let id = Array("e-\(lsn)".utf8)
      let header = RecordHeader(
        lsn: lsn, flags: [.event, .final], time: Int64(lsn.rawValue), hash: log.hash(of: id))
      log.append(ModelRecord(header: header, id: id, payload: [UInt8](repeating: 7, count: 900)))
      log.endTurn()
    }
  }

  @Test func `Files that are gone are closed, also those that reads had open`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var options = EventLogOptions.simulated(disk)
    options.retentionSeconds = 1
    options.retentionCheckMilliseconds = 1
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    Self.append(log, 1_000)
    #expect(owner.waitDurable(1_000))
    #expect(owner.waitUntil { log.segmentsToIndex == 0 })
    // Of each segment, its file and its positions.
    log.read(
      stride(from: 1, through: 1_000, by: 20).map { ReadRequest(token: 0, .record(lsn: $0)) })
    #expect(owner.waitAnswers(50).allSatisfy { $0.models?.count == 1 })
    #expect(disk.openFiles(of: "/store/segments/0000000000000001.log") > 0)
    let isGone = owner.waitUntil {
      log.retain(from: log.nextLSN)
      return !disk.files.contains("/store/segments/0000000000000005.log")
    }
    #expect(isGone)
    let isClosed = owner.waitUntil {
      log.retain(from: log.nextLSN)
      return disk.openFilesWithoutName == 0
    }
    #expect(isClosed, "\(disk.openFilesWithoutName) files without a name are open")
    log.read([ReadRequest(token: 0, .record(lsn: 1)), ReadRequest(token: 0, .record(lsn: 1_000))])
    let answers = owner.waitAnswers(2)
    #expect(answers[0].isAbsent && answers[1].models?.count == 1)
    try log.close()
    #expect(disk.openFilesWithoutName == 0)
  }

  @Test func `Tables that a merge replaced are closed once the owner has the new one`() throws {
    let disk = SimDisk()
    let owner = Owner()
    let log = try EventLog.open(.simulated(disk), callbacks: owner.callbacks)
    Self.append(log, 600)
    #expect(owner.waitDurable(600))
    let isMerged = owner.waitUntil {
      let tables = disk.files.filter { $0.hasSuffix(".table") }
      return log.segmentsToIndex == 0 && tables.contains { $0.hasSuffix(".1.table") }
        && tables.count { $0.hasSuffix(".0.table") } < TableKeeper.fanIn
    }
    #expect(isMerged)
    let isClosed = owner.waitUntil {
      log.retain(from: 1)
      return disk.openFilesWithoutName == 0
    }
    #expect(isClosed, "\(disk.openFilesWithoutName) files without a name are open")
    try log.close()
  }

  @Test func `A log that is closed and let go of keeps no file open`() throws {
    let disk = SimDisk()
    func live() throws {
      let owner = Owner()
      var options = EventLogOptions.simulated(disk)
      options.retentionSeconds = 1
      options.retentionCheckMilliseconds = 1
      let log = try EventLog.open(options, callbacks: owner.callbacks)
      Self.append(log, 400)
      #expect(owner.waitDurable(400))
      log.read([ReadRequest(token: 0, .record(lsn: 1)), ReadRequest(token: 0, .record(lsn: 399))])
      #expect(owner.waitAnswers(2).count == 2)
      try log.close()
    }
    try live()
    #expect(disk.state.withLock { $0.open.count } == 0)
  }

  @Test func `Cut frames go with their segments, and the oldest of too many before`() throws {
    let disk = SimDisk()
    let owner = Owner()
    var options = EventLogOptions.simulated(disk)
    var log = try EventLog.open(options, callbacks: owner.callbacks)
    Self.append(log, 400)
    #expect(owner.waitDurable(400))
    try log.close()
    let folder = "/store/quarantine/"
    func put(_ name: String) throws {
      try disk.replaceFile(name, in: "/store/quarantine", with: [1, 2, 3])
    }
    for place in 0..<100 { try put(Quarantine.fileName(1, at: Int64(4096 + place * 64))) }
    try put(Quarantine.fileName(3, at: 8192))
    try put("note.txt")
    func quarantined() -> [String] { disk.files.filter { $0.hasPrefix(folder) } }
    options.retentionSeconds = 1
    options.retentionCheckMilliseconds = 1
    log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(quarantined().count == Limits.quarantinedFiles + 1)
    #expect(quarantined().contains(folder + Quarantine.fileName(3, at: 8192)))
    #expect(try StoreStatistics(path: "/store", disk: disk).quarantinedFiles == 65)
    let isGone = owner.waitUntil {
      log.retain(from: 300)
      return !quarantined().contains { $0.hasPrefix(folder + hexadecimal(1)) }
    }
    #expect(isGone)
    let isLeft = owner.waitUntil {
      Self.append(log, 20)
      log.retain(from: log.nextLSN)
      return quarantined() == [folder + "note.txt"]
    }
    #expect(isLeft, "a file of somebody else stays")
    try log.close()
  }
}

extension SimDisk {
  /// Open files that no name leads to: their room is not free.
  var openFilesWithoutName: Int {
    state.withLock { state in
      let named = Set(state.names.values)
      // A directory that is held is no file.
      return state.open.values.count { $0.inode >= 0 && !named.contains($0.inode) }
    }
  }

  func openFiles(of path: String) -> Int {
    state.withLock { state in
      state.open.values.count { $0.inode == state.names[path] }
    }
  }
}
