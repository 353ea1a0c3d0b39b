import Glibc
import LogSequence
import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// How much a new store takes where there is little room, and what is left where there is too
/// little.
@Suite struct RoomTests {
  private static let wanted = 4 << 20
  private static let least = 1 << 20

  private func options(_ disk: SimDisk, free: Int?) -> EventLogOptions {
    disk.state.withLock { $0.freeBytes = free }
    var options = EventLogOptions.simulated(disk, segmentBytes: Self.wanted)
    options.leastSegmentBytes = Self.least
    return options
  }

  /// Four segments of so many bytes, and a quarter.
  private static func needed(_ segmentBytes: Int) -> Int { segmentBytes * 17 / 4 }

  private func segmentBytes(_ disk: SimDisk, _ id: UInt64) -> Int? {
    disk.bytes(StorePaths(root: "/store").segment(id))?.count
  }

  @Test(arguments: [
    (needed(wanted), wanted), (needed(wanted) - 1, wanted / 2), (needed(wanted / 2), wanted / 2),
    (needed(wanted / 2) - 1, wanted / 4), (needed(least), least),
  ])
  func `A new store takes the largest segments that leave room for a fourth`(
    free: Int, expected: Int
  ) throws {
    let disk = SimDisk()
    let options = options(disk, free: free)
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(segmentBytes(disk, 1) == expected)
    #expect(
      log.recovery.room
        == StoreRoom(
          segmentBytes: expected, wantedBytes: Self.wanted, freeBytes: Int64(free),
          neededBytes: Int64(Self.needed(Self.wanted))))
    #expect(owner.waitUntil { log.preparer.isDone }, "spare, reserve and ballast fit")
    #expect(disk.bytes("/store/segments/spare.next")?.count == expected)
    #expect(!log.isShortOfSpace)
    #expect(log.maxRecordBytes == Limits.maxRecordBytes(segmentBytes: expected))
    try log.close()
  }

  @Test func `A bound on the bytes makes segments smaller, and may be too small`() throws {
    let disk = SimDisk()
    var options = options(disk, free: nil)
    options.maxBytes = Int64(6 * Self.wanted - 1)
    try EventLog.open(options, callbacks: Owner().callbacks).close()
    #expect(segmentBytes(disk, 1) == Self.wanted / 2)
    options.maxBytes = Int64(6 * Self.least)
    // A store that exists goes on with segments that fit.
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(log.maxRecordBytes == Limits.maxRecordBytes(segmentBytes: Self.least))
    try log.close()
    options.maxBytes? -= 1
    let error = #expect(throws: EventLogError.self) {
      try EventLog.open(options, callbacks: owner.callbacks)
    }
    #expect(error?.code == .badOptions)
    #expect(error?.sentence.contains("expected at least \(6 * Self.least), 6 segments") == true)
  }

  @Test func `Below the smallest it ends with 73, what is needed and what there is`() throws {
    let disk = SimDisk()
    let options = options(disk, free: Self.needed(Self.least) - 1)
    let checked = #expect(throws: EventLogError.self) { try StoreRoom.check(options) }
    #expect(disk.files.isEmpty, "a look makes nothing")
    let error = #expect(throws: EventLogError.self) {
      try EventLog.open(options, callbacks: Owner().callbacks)
    }
    #expect(checked == error)
    #expect(error?.exitCode == 73)
    #expect(error?.file == "/store")
    #expect(
      error?.description == """
        cannot-create: there is too little room for a new store: it needs 4.3 MiB, and 4.2 MiB \
        are free (/store) Free space on this file system, or put the store on another one.
        """)
    #expect(disk.files == ["/store/LOCK"])
  }

  @Test func `What somebody has asked for is not made smaller`() throws {
    let disk = SimDisk()
    var options = options(disk, free: (13 << 20) - 1)
    options.leastSegmentBytes = nil
    let error = #expect(throws: EventLogError.self) {
      try EventLog.open(options, callbacks: Owner().callbacks)
    }
    #expect(error?.exitCode == 73)
    #expect(error?.description.contains("it needs 13 MiB, and 12.9 MiB are free") == true)
    #expect(error?.description.contains("segmentBytes is 4194304") == true)
    disk.state.withLock { $0.freeBytes = 13 << 20 }
    try EventLog.open(options, callbacks: Owner().callbacks).close()
    #expect(segmentBytes(disk, 1) == Self.wanted)
  }

  @Test(arguments: [true, false])
  func `A store goes on with its own segments, whatever room there is later`(
    isClosed: Bool
  ) throws {
    var disk = SimDisk()
    var options = options(disk, free: Self.needed(Self.least))
    var random = SeededRandom(1)
    var model = Model()
    func append(_ log: EventLog, _ owner: Owner, until id: UInt64) throws {
      while segmentBytes(disk, id) == nil {
        log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }, maxPayload: 90_000))
        log.endTurn()
        try #require(owner.waitDurable(model.nextLSN.previous))
      }
    }
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    if isClosed { try log.close() } else { log.abandon() }
    disk = disk.afterKill()
    options = self.options(disk, free: nil)
    let next = Owner()
    let again = try EventLog.open(options, callbacks: next.callbacks)
    #expect(again.recovery.room == nil)
    try append(again, next, until: 4)
    for id in UInt64(1)...4 { #expect(segmentBytes(disk, id) == Self.least) }
    try again.close()
    // What somebody sets counts from the next segment on.
    options.leastSegmentBytes = nil
    let last = Owner()
    let larger = try EventLog.open(options, callbacks: last.callbacks)
    try append(larger, last, until: 5)
    #expect(segmentBytes(disk, 5) == Self.wanted)
    try larger.close()
  }

  /// By a quota, or by somebody else who took the room.
  @Test(arguments: [ENOSPC, EDQUOT])
  func `Room that goes while the store is made leaves a store or none`(number: Int32) throws {
    var failures = 0
    for call in 1...60 {
      var disk = SimDisk()
      let options = options(disk, free: nil)
      disk.arm(.error(number), atCall: call)
      do throws(EventLogError) {
        try SyncLog(options).kill()
      } catch {
        failures += 1
        #expect(error.exitCode == 73, "call \(call): \(error)")
        #expect(!error.description.contains("goes on by itself"), "call \(call): \(error)")
        let left = Set(disk.files).subtracting(["/store/LOCK"])
        if !left.contains("/store/STORE") { #expect(left.isEmpty, "call \(call)") }
      }
      disk = disk.afterKill()
      try SyncLog(self.options(disk, free: nil)).close()
    }
    #expect(failures > 20)
  }

  @Test func `What an interrupted start left counts as room`() throws {
    for call in 1...40 {
      var disk = SimDisk()
      let free = Self.needed(Self.least) + 8192
      var options = options(disk, free: free)
      disk.arm(.crash, atCall: call)
      guard (try? SyncLog(options)) == nil else { return #expect(call > 20) }
      disk = disk.afterKill()
      let left = disk.files.compactMap { disk.bytes($0)?.count }.reduce(0, +)
      options = self.options(disk, free: free - left)
      if disk.files.contains("/store/STORE") { break }
      #expect(try StoreRoom.check(options)?.segmentBytes == Self.least, "call \(call)")
      try SyncLog(options).close()
    }
  }

  // MARK: Disks that write each block anew

  /// A mounted btrfs of some 200 MiB, for which root is needed: Tests/Scripts/fault-test, case 12.
  private static let cowDirectory = getenv("EVENTLOG_COW_DIRECTORY").map { String(cString: $0) }

  @Test(.enabled(if: cowDirectory != nil))
  func `A full disk that copies on write stands still and goes on`() throws {
    let directory = try #require(Self.cowDirectory)
    var options = EventLogOptions(path: directory + "/store")
    options.segmentBytes = Self.wanted
    options.spaceRetryMilliseconds = 50
    let owner = Owner()
    let log = try EventLog.open(options, callbacks: owner.callbacks)
    #expect(owner.waitUntil { log.preparer.isDone })
    let filler = directory + "/filler"
    try Self.fill(filler)
    for _ in 0..<20 { Self.append(log) }
    #expect(owner.waitDurable(20), "what is prepared is written in place")
    // On to where nothing moves any more.
    let begun = monotonicNanoseconds()
    while log.bufferedBytes < Self.wanted, monotonicNanoseconds() < begun + 60_000_000_000 {
      Self.append(log)
    }
    #expect(log.bufferedBytes >= Self.wanted, "it stands still")
    #expect(owner.allFailures.isEmpty)
    unlink(filler)
    #expect(owner.waitDurable(log.nextLSN.previous), "it goes on")
    #expect(owner.allFailures.isEmpty)
    let count = log.nextLSN.previous
    try log.close()
    var read: LSN = 0
    try EventLogReader(path: options.path).forEachRecord { _ in read = read.next }
    #expect(read == count)
  }

  private static func append(_ log: EventLog) {
    let id = Array("event-\(log.nextLSN)".utf8)
    log.append(
      ModelRecord(
        header: RecordHeader(lsn: log.nextLSN, hash: log.hash(of: id)), id: id,
        payload: [UInt8](repeating: 5, count: 16_000)))
    log.endTurn()
  }

  /// Writes until there is no room, in ever smaller pieces.
  private static func fill(_ path: String) throws {
    let file = try DiskFile(LinuxDisk(), path, .replace)
    defer { file.closeQuietly() }
    var random = SeededRandom(3)
    let bytes = random.bytes(1 << 20)
    var (count, offset) = (bytes.count, Int64(0))
    while count >= 4096 {
      do throws(EventLogError) {
        try bytes.withBytes { (all) throws(EventLogError) in
          try file.write(UnsafeRawBufferPointer(rebasing: all[..<count]), at: offset)
        }
        offset += Int64(count)
        try file.syncData()
      } catch {
        guard error.systemError == ENOSPC else { throw error }
        count /= 2
      }
    }
  }
}
