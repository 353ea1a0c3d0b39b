import LogSequence
import Testing

@testable import EventLog

/// Retention at any rate: many segments at one look, few reads for it, and nothing that one event
/// holds for all.
@Suite struct RetentionRateTests {
  private static func record(
    _ log: SyncLog, _ lsn: LSN, _ id: String, _ flags: RecordFlags, previous: LSN = 0,
    bytes: Int = 300
  ) -> ModelRecord {
    ModelRecord(
      header: RecordHeader(
        lsn: lsn, flags: flags, time: Int64(lsn.rawValue), hash: log.hash(Array(id.utf8)),
        previousLSN: previous), id: Array(id.utf8), payload: [UInt8](repeating: 7, count: bytes))
  }

  /// Segments of `perSegment` final events and what is asked for besides; all indexed.
  private struct Subject {
    let disk = MemoryDisk()
    let log: SyncLog
    var model = Model()
    var nextLSN: LSN { model.nextLSN }

    init() throws { log = try SyncLog(.inMemory(disk)) }

    mutating func append(_ id: String, _ flags: RecordFlags) throws {
      let record = RetentionRateTests.record(
        log, nextLSN, id, flags, previous: model.newest[Array(id.utf8)] ?? 0)
      model.add(record)
      try log.commit([record])
    }

    mutating func addSegment(_ perSegment: Int = 4, open: String? = nil) throws {
      if let open { try append(open, .event) }
      for _ in 0..<perSegment { try append("e-\(nextLSN)", [.event, .final]) }
      try log.seal()
      try log.maintain()
    }

    var segments: Int { log.keeper.indexed.count }
  }

  @Test func `One look finds all segments that may go, and what holds the others`() throws {
    var subject = try Subject()
    for number in 0..<40 { try subject.addSegment(open: number < 10 ? nil : "open-\(number)") }
    let bounds = RetentionBounds(oldLSN: .max, keepFrom: .max)
    let plan = try subject.log.keeper.planRetention(bounds)
    #expect(plan.proposal?.segment == 10)
    #expect(plan.carries.count == 30, "of all that are old, not of the first")
    let ends = subject.log.keeper.indexed.map(\.lastLSN)
    #expect(plan.proposal?.shortened(before: ends[3])?.segment == 3, "the owner needs a record")
    #expect(plan.proposal?.shortened(before: ends[3].next)?.lastLSN == ends[3])
    #expect(plan.proposal?.shortened(before: ends[0]) == nil)
    let needed = try subject.log.keeper.planRetention(
      RetentionBounds(oldLSN: .max, keepFrom: subject.log.keeper.indexed[5].lastLSN))
    #expect(needed.proposal?.segment == 5 && needed.carries.isEmpty)
    subject.log.kill()
  }

  @Test func `A look reads tables in big pieces, and not a page for each event`() throws {
    var subject = try Subject()
    // A hundred records of other events in each segment, final in the next one.
    for number in 0..<16 {
      for event in 0..<400 {
        let isNew = (number + event) % 2 == 0
        try subject.append("e-\(number / 2 * 2)-\(event)-\(isNew)", [.event, .final])
      }
      try subject.log.seal()
      try subject.log.maintain()
    }
    let before = subject.disk.reads
    let events = subject.log.keeper.tables.reduce(0) { $0 + $1.header.entries }
    let old = subject.log.keeper.indexed[7].lastLSN
    let plan = try subject.log.keeper.planRetention(
      RetentionBounds(oldLSN: old, keepFrom: .max))
    #expect(plan.proposal != nil)
    let reads = subject.disk.reads - before
    #expect(events > 3_000)
    #expect(reads <= events / 100, "\(reads) reads for \(events) events")
    subject.log.kill()
  }

  @Test func `One final event that is young is written again, and later let go`() throws {
    var subject = try Subject()
    try subject.append("late", .event)
    for _ in 0..<20 { try subject.addSegment() }
    try subject.append("late", [.event, .final])
    try subject.addSegment()
    let ends = subject.log.keeper.indexed.map(\.lastLSN)
    func plan(_ old: Int, asked: Int = 0, spent: Int = 0) throws -> RetentionPlan {
      func last(_ segments: Int) -> LSN { segments > 0 ? ends[segments - 1] : 0 }
      return try subject.log.keeper.planRetention(
        RetentionBounds(
          oldLSN: last(old), askedLSN: last(asked), spentLSN: last(spent), keepFrom: .max))
    }
    let held = try plan(1)
    #expect(held.proposal == nil && held.carries.isEmpty && held.youngUntil == ends[20])
    let asked = try plan(3, asked: 1)
    #expect(asked.proposal == nil)
    #expect(asked.carries.map(\.finalID) == [Array("late".utf8)])
    #expect(asked.carries.map(\.lsn) == [subject.model.newest[Array("late".utf8)]])
    let spent = try plan(5, asked: 3, spent: 1)
    #expect((spent.proposal?.segment ?? 0) >= 3)
    #expect(spent.proposal?.finals.mayContain(subject.log.hash(Array("late".utf8))) == true)
    // Carried, it holds nothing, and stays.
    let made = subject.model.makeCarry(asked.carries[0])
    let carry = try #require(made)
    #expect(carry.header.flags == [.event, .final, .base])
    try subject.log.commit([carry])
    try subject.addSegment()
    let carried = try plan(3, asked: 1)
    #expect((carried.proposal?.segment ?? 0) >= 1 && carried.carries.isEmpty)
    subject.log.kill()
  }

  @Test func `A store that takes too much loses its oldest segments, and no open event`() throws {
    var subject = try Subject()
    for number in 0..<30 { try subject.addSegment(20, open: number == 12 ? "open" : nil) }
    let keeper = subject.log.keeper
    func plan(_ most: Int64) throws -> RetentionPlan {
      try keeper.planRetention(RetentionBounds(keepFrom: .max, maxBytes: most))
    }
    let bytes = keeper.storeBytes
    #expect(try plan(bytes).isNothing)
    let some = try plan(bytes - 5 * keeper.indexed[0].bytes + 1)
    #expect((some.proposal?.segment ?? 0) >= 5)
    #expect((some.proposal?.segment ?? 0) <= 10, "a sixteenth more than has to go")
    let many = try plan(bytes / 10)
    #expect(many.proposal?.segment == 12)
    #expect(many.carries.map(\.lsn) == [subject.model.newest[Array("open".utf8)]])
    subject.log.kill()
  }

  /// Plays the owner that carries what it is asked for, with a pause of the keeper that no test
  /// waits for, however slow the machine.
  private struct Life {
    let disk = SimDisk()
    let clock = ModelClock()
    let owner = Owner()
    var options: EventLogOptions
    var model = Model()

    init() {
      options = .simulated(disk)
      options.retentionCheckMilliseconds = 1_200_000
      options.use(clock)
    }

    mutating func append(_ log: EventLog, _ id: String, _ flags: RecordFlags, bytes: Int = 2_000) {
      let bytes = [UInt8](repeating: 7, count: bytes)
      let id = Array(id.utf8)
      let record = ModelRecord(
        header: RecordHeader(
          lsn: log.nextLSN, flags: flags, time: clock.wall, hash: log.hash(of: id),
          previousLSN: model.newest[id] ?? 0), id: id, payload: bytes)
      model.add(record)
      log.append(record)
      log.endTurn()
    }

    /// What the owner does at each turn.
    mutating func serve(_ log: EventLog) {
      log.retain(from: log.nextLSN)
      for request in owner.takeCarries() {
        guard var record = model.makeCarry(request) else { continue }
        record.header.time = clock.wall
        log.append(record)
        log.endTurn()
      }
    }

    /// Until the log has no segment before `lsn`, for half of the keeper's pause.
    mutating func play(_ log: EventLog, until lsn: LSN) throws -> Bool {
      let deadline = monotonicNanoseconds() + Self.patience
      while monotonicNanoseconds() < deadline {
        serve(log)
        append(log, "filler-\(log.nextLSN)", [.event, .final])
        #expect(owner.waitDurable(log.nextLSN.previous))
        if try EventLogReader(path: "/store", disk: disk).firstLSN > lsn { return true }
      }
      return false
    }

    /// Until the store takes less than so many bytes, for half of the keeper's pause.
    mutating func play(_ log: EventLog, until bytes: Int) -> Bool {
      let deadline = monotonicNanoseconds() + Self.patience
      while self.bytes >= bytes {
        if monotonicNanoseconds() > deadline { return false }
        serve(log)
        #expect(owner.waitDurable(log.nextLSN.previous))
      }
      return true
    }

    /// What the store takes.
    private var bytes: Int {
      disk.files.filter { !$0.hasSuffix(".tmp") }.reduce(0) { $0 + (disk.bytes($1)?.count ?? 0) }
    }

    private static let patience: UInt64 = 600_000_000_000
  }

  @Test func `Segments that each hold an open event go within one pause of the keeper`() throws {
    var life = Life()
    life.options.retentionSeconds = 100
    var log = try EventLog.open(life.options, callbacks: life.owner.callbacks)
    for segment in 0..<30 {
      life.append(log, "open-\(segment)", .event)
      for index in 0..<30 { life.append(log, "e-\(segment)-\(index)", [.event, .final]) }
    }
    let last = log.nextLSN.previous
    #expect(life.owner.waitDurable(last))
    try log.close()
    log = try EventLog.open(life.options, callbacks: life.owner.callbacks)
    life.clock.advance(seconds: 200)
    try log.close()
    log = try EventLog.open(life.options, callbacks: life.owner.callbacks)
    #expect(try life.play(log, until: last.advanced(by: -60)))
    try log.close()
  }

  @Test func `A store stays within its bytes while it is written as fast as it goes`() throws {
    var life = Life()
    life.options.maxBytes = 1 << 20
    let log = try EventLog.open(life.options, callbacks: life.owner.callbacks)
    life.append(log, "open", .event)
    for number in 0..<8_000 {
      life.append(log, "e-\(number)", [.event, .final], bytes: 1_000)
      if number % 20 == 0 { #expect(life.owner.waitDurable(log.nextLSN.previous)) }
      if log.isBehind { #expect(life.owner.waitUntil { !log.isBehind }) }
      life.serve(log)
      // Some eight times as much is written. The keeper may be late, and gets there by itself.
      if number % 50 == 0 {
        let isWithin = life.play(log, until: 4 << 20)
        try #require(isWithin)
      }
    }
    let open = Array("open".utf8)
    log.read([ReadRequest(token: 0, .newest(id: open)), ReadRequest(token: 0, .record(lsn: 2))])
    let answers = life.owner.waitAnswers(2)
    #expect(answers[0].models?.first?.payload == life.model.records[0].payload)
    #expect(answers[1].isAbsent)
    try log.close()
  }
}
