import Glibc
import LogSequence
import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// Readers that are told to go past damage; damage that a start, retention and lookups meet.
@Suite struct PastDamageTests {
  // Sendable because `list` is a mutex.
  private final class Heard: Sendable {
    private let list = Mutex<[LogDamage]>([])
    var all: [LogDamage] { list.withLock { $0 } }
    func add(_ damage: LogDamage) { list.withLock { $0.append(damage) } }
  }

  @Test(arguments: [true, false])
  func `A reader goes past damage if it is told to, and says what it left out`(
    isClosed: Bool
  ) throws {
    let store = try ToolStore(seed: 61, isClosed: isClosed)
    let segments = try store.segments
    let frame = try Bytes.frames(segments[1])[2]
    // The status of its first record.
    try Bytes.flip(segments[1], frame.offset + 64 + 41)
    let lost = frame.header.firstLSN
    #expect(throws: EventLogError.self) {
      try EventLogReader(path: store.path).forEachRecord { _ in }
    }
    var findings: [StoreFinding] = []
    let reader = try EventLogReader(path: store.path, onDamage: { findings.append($0) })
    var read: [ModelRecord] = []
    try reader.forEachRecord { read.append(ModelRecord($0)) }
    #expect(read == store.model.records.filter { $0.header.lsn != lost })
    #expect(findings.map(\.lostRecords) == [lost...lost])
    #expect(findings.map(\.file) == [segments[1]])

    findings = []
    try reader.forEachRecord(from: lost.next) { _ in }
    #expect(findings.isEmpty, "what is before the first record that is asked for")
    var newest = 0
    try NewestRecords(reader).forEach { _ in newest += 1 }
    #expect(newest > 0)
    for budget in [1 << 30, 20_000] {
      var count = 0
      let grouping = EventGrouping(
        reader, scratch: store.directory.path, budgetBytes: budget)
      try grouping.forEach { count += $0.count }
      #expect(count == store.model.records.count - 1)
    }
    let id = store.model.records[Int(lost.rawValue) - 1].id
    #expect(
      try reader.history(of: id).models == store.model.history(id).filter { $0.header.lsn != lost })
  }

  @Test func `Past a damaged end, a missing segment and a missing manifest`() throws {
    let store = try ToolStore(seed: 62, isClosed: false)
    let segments = try store.segments
    let last = try #require(try Bytes.frames(segments[segments.count - 1]).last)
    try Bytes.flip(segments[segments.count - 1], last.offset + 20)
    #expect(throws: EventLogError.self) { try EventLogReader(path: store.path) }
    var count = 0
    var findings = 0
    let reader = try EventLogReader(path: store.path, onDamage: { _ in findings += 1 })
    try reader.forEachRecord { _ in count += 1 }
    #expect(count == store.model.records.count, "the records of the frame are whole")
    unlink(segments[0])
    unlink(store.path + "/MANIFEST")
    count = 0
    try EventLogReader(path: store.path, onDamage: { _ in }).forEachRecord { _ in count += 1 }
    #expect(count > 0)
    #expect(count < store.model.records.count)
  }

  @Test func `A start names what the scrub has found`() throws {
    let store = try ToolStore(seed: 63)
    let segment = try store.segments[1]
    func scrub() throws {
      let done = AtomicCounter()
      let scrubber = Scrubber(
        path: store.path,
        callbacks: Scrubber.Callbacks(onDamage: { _ in }, onPass: { _ in done.increase() }))
      try scrubber.start()
      #expect(Owner().waitUntil { done.value > 0 })
      scrubber.stop()
    }
    func known() throws -> [StoreFinding] {
      let log = try EventLog.open(store.options, callbacks: Owner().callbacks)
      try log.close()
      return log.recovery.knownDamage
    }
    #expect(try known().isEmpty)
    let middle = try Bytes.frames(segment)[2].offset + 64 + 41
    try Bytes.flip(segment, middle)
    try scrub()
    let named = try known()
    #expect(named.map(\.file) == [segment])
    #expect(named.first?.offset == Int64(middle - 64 - 41))
    #expect(named.first?.found.isEmpty == false)
    try Bytes.flip(segment, middle)
    try scrub()
    #expect(try known().isEmpty)
    #expect(access(store.path + "/DAMAGE", F_OK) != 0)
  }

  // MARK: Retention

  /// A log with an indexed old segment, in which one record is damaged, and an event that is open
  /// and has a second record in the segment behind.
  private static func retained(
    _ disk: SimDisk, dropsDamaged: Bool, open: Int, damaged: Int
  ) throws -> (SyncLog, Model) {
    var options = EventLogOptions.simulated(disk)
    options.dropsDamaged = dropsDamaged
    let log = try SyncLog(options)
    var model = Model()
    for index in 0..<400 {
      let number = index == 200 && open >= 0 ? open : index
      let id = Array("event-\(number)".utf8)
      let record = ModelRecord(
        header: RecordHeader(
          lsn: model.nextLSN, flags: number == open ? [.event] : [.event, .final],
          time: Int64(model.nextLSN.rawValue), hash: log.hash(id),
          previousLSN: model.newest[id] ?? 0),
        id: id, payload: [UInt8](repeating: 3, count: 400))
      model.add(record)
      try log.commit([record])
    }
    try log.maintain()
    let segment = "/store/segments/0000000000000001.log"
    let frames = try DamageTests.frames(try #require(disk.bytes(segment)))
    let frame = try #require(frames.first { $0.header.firstLSN == LSN(damaged + 1) })
    disk.overwrite(segment) { $0[frame.offset + 64 + 80] ^= 1 }
    return (log, model)
  }

  @Test func `Retention keeps a damaged segment, and says so`() throws {
    let (log, _) = try Self.retained(SimDisk(), dropsDamaged: false, open: -1, damaged: 10)
    let plan = try log.keeper.planRetention(cutoff: .max, keepFrom: .max)
    #expect(plan.proposal == nil && plan.carries.isEmpty)
    #expect(plan.damage?.file == "/store/segments/0000000000000001.log")
    log.kill()
  }

  @Test func `With dropsDamaged it goes, and an open event that can be read is carried before`()
    throws
  {
    let disk = SimDisk()
    let (log, before) = try Self.retained(disk, dropsDamaged: true, open: 20, damaged: 10)
    var model = before
    let all = Int64.max
    var requests = try log.retire(cutoff: all, keepFrom: .max, model)
    #expect(requests.map(\.lsn) == [201])
    let carried = model.makeCarry(requests[0])
    try log.commit([try #require(carried)])
    try log.seal()
    try log.maintain()
    requests = try log.retire(cutoff: all, keepFrom: .max, model)
    #expect(requests.isEmpty)
    #expect(!disk.files.contains("/store/segments/0000000000000001.log"))
    log.kill()
    let again = try SyncLog(.simulated(disk.afterKill()))
    #expect(again.recovered.last?.id == Array("event-20".utf8))
    again.kill()
  }

  @Test func `An open event whose record is the damaged one is given up, and counted`() throws {
    let disk = SimDisk()
    let (log, model) = try Self.retained(disk, dropsDamaged: true, open: 10, damaged: 10)
    let plan = try log.keeper.planRetention(cutoff: .max, keepFrom: .max)
    let proposal = try #require(plan.proposal)
    #expect(proposal.endedEvents == 1)
    #expect(proposal.damage?.file == "/store/segments/0000000000000001.log")
    #expect(try log.retire(cutoff: .max, keepFrom: .max, model).isEmpty)
    #expect(!disk.files.contains("/store/segments/0000000000000001.log"))
    // What is behind it is not held back by an event that is gone.
    let next = try log.keeper.planRetention(cutoff: .max, keepFrom: .max)
    #expect(next.proposal != nil, "the next one is not held")
    log.kill()
  }

  @Test func `The service goes on when retention meets damage`() throws {
    let disk = SimDisk()
    let heard = Heard()
    let owner = Owner()
    let (first, _) = try Self.retained(disk, dropsDamaged: false, open: -1, damaged: 10)
    first.kill()
    var options = EventLogOptions.simulated(disk.afterKill())
    options.retentionSeconds = 1
    options.retentionCheckMilliseconds = 1
    var callbacks = owner.callbacks
    callbacks.onDamage = { heard.add($0) }
    let log = try EventLog.open(options, callbacks: callbacks)
    #expect(
      owner.waitUntil {
        log.retain(from: log.nextLSN)
        return !heard.all.isEmpty || !owner.allFailures.isEmpty
      })
    #expect(owner.allFailures.isEmpty)
    guard case .kept(let finding)? = heard.all.first else {
      Issue.record("nothing was said")
      return
    }
    #expect(finding.file == "/store/segments/0000000000000001.log")
    let lsn = log.nextLSN
    let id = Array("new".utf8)
    log.append(
      ModelRecord(header: RecordHeader(lsn: lsn, hash: log.hash(of: id)), id: id, payload: []))
    log.endTurn()
    #expect(owner.waitDurable(lsn))
    #expect(heard.all.count == 1, "it is said once")
    try log.close()
  }

  // MARK: Derived files

  /// A log of one large segment that is indexed and two that follow, on a disk that counts.
  private static func indexed() throws -> (MemoryDisk, EventLogOptions, [ModelRecord]) {
    let disk = MemoryDisk()
    var options = try EventLogOptions.inMemory(disk)
    options.segmentBytes = 4 << 20
    var random = SeededRandom(9)
    var model = Model()
    let log = try SyncLog(options)
    while model.records.count < 12_000 {
      try log.commit((0..<500).map { _ in model.makeRecord(&random, hash: log.hash) })
    }
    try log.maintain()
    log.kill()
    return (disk, options, model.records)
  }

  /// Asks a thousand times, in a log whose file `path` is damaged in every page.
  private func ask(
    _ disk: MemoryDisk, _ options: EventLogOptions, damaging path: String,
    _ targets: [(ReadRequest.Target, LSN)]
  ) throws -> Int {
    let (owner, heard) = (Owner(), Heard())
    var callbacks = owner.callbacks
    callbacks.onDamage = { heard.add($0) }
    let log = try EventLog.open(options, callbacks: callbacks)
    disk.damage(path) { bytes in
      for page in stride(from: 4096 + 100, to: bytes.count, by: 4096) { bytes[page] ^= 1 }
    }
    let before = disk.bytesRead
    log.read(targets.map { ReadRequest(token: $0.1.rawValue, $0.0) })
    for answer in owner.waitAnswers(targets.count) {
      #expect(answer.models?.first?.header.lsn.rawValue == answer.token)
    }
    let read = disk.bytesRead - before
    #expect(owner.waitUntil { heard.all.contains(.repaired(file: path)) })
    #expect(owner.allFailures.isEmpty)
    try log.close()
    return read
  }

  @Test func `Damaged positions are found again from the segment, once`() throws {
    let (disk, options, records) = try Self.indexed()
    let path = "/d/store/index/0000000000000001.positions"
    let asked = (0..<1000).map { records[($0 * 7) % 3000].header.lsn }
    let read = try ask(
      disk, options, damaging: path, asked.map { (ReadRequest.Target.record(lsn: $0), $0) })
    // A lookup reads 8 KiB of the segment; the rest are two readings of it and the table's.
    #expect(read < 1000 * 16_384 + 40 << 20)
    // And for the next start.
    let positions = try #require(disk.files[path])
    let sum = positions.withBytes { all in
      all.baseAddress.map { ($0 + 4096).checksum(from: 4, to: 4096, seed: 0) }
    }
    #expect(sum == positions.integer(UInt32.self, at: 4096))
  }

  @Test func `A damaged table is made again before it is asked again`() throws {
    let (disk, options, records) = try Self.indexed()
    let path = try #require(disk.files.keys.filter { $0.hasSuffix(".table") }.min())
    var newest: [[UInt8]: LSN] = [:]
    for record in records { newest[record.id] = record.header.lsn }
    let finals = records.filter {
      $0.header.lsn < 3000 && $0.header.flags.contains(.final) && newest[$0.id] == $0.header.lsn
    }
    #expect(finals.count > 20)
    let asked = (0..<1000).map { finals[$0 % finals.count] }
    let read = try ask(
      disk, options, damaging: path,
      asked.map { (ReadRequest.Target.newest(id: $0.id), $0.header.lsn) })
    #expect(read < asked.count * 32_768 + 40 << 20)
  }
}
