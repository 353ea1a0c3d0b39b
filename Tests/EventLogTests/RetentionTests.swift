import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Old segments go, open events stay.
@Suite struct RetentionTests {
  /// A log whose wall clock the test moves, small segments, quick looks.
  private final class Subject {
    let clock = ModelClock()
    let disk = SimDisk()
    var owner = Owner()
    var options: EventLogOptions
    var log: EventLog
    var model = Model()
    var random = SeededRandom(1)

    init() throws {
      options = .simulated(disk)
      options.retentionSeconds = 100
      options.retentionCheckMilliseconds = 2
      options.use(clock)
      log = try EventLog.open(options, callbacks: owner.callbacks)
    }

    @discardableResult
    func append(_ id: String, flags: RecordFlags, bytes: Int = 400) -> LSN {
      let id = Array(id.utf8)
      let record = ModelRecord(
        header: RecordHeader(
          lsn: log.nextLSN, flags: flags, time: clock.wall, hash: log.hash(of: id),
          previousLSN: model.newest[id] ?? 0), id: id, payload: random.bytes(bytes))
      model.add(record)
      log.append(record)
      log.endTurn()
      return record.header.lsn
    }

    func appendFinals(_ prefix: String, _ count: Int) {
      for index in 0..<count { append("\(prefix)-\(index)", flags: [.event, .final]) }
    }

    /// What was written so far gets so much older.
    func age(seconds: Int64) {
      #expect(owner.waitUntil { log.isDated })
      clock.advance(seconds: seconds)
    }

    /// Plays the owner until `isDone`, a minute at most; true when it came true.
    func play(carrying: Bool = true, until isDone: () throws -> Bool) rethrows -> Bool {
      let deadline = monotonicNanoseconds() + 60_000_000_000
      while monotonicNanoseconds() < deadline {
        log.retain(from: log.nextLSN)
        if try isDone() { return true }
        for request in owner.takeCarries() where carrying {
          guard var record = model.makeCarry(request) else { continue }
          record.header.time = clock.wall
          log.append(record)
          log.endTurn()
          // Enough for the tables to learn of it.
          appendFinals("filler-\(record.header.lsn)", 200)
        }
        monitor.withLock { monitor.wait(until: monotonicNanoseconds() + 1_000_000) }
      }
      return false
    }

    private let monitor = Monitor()

    func firstLSN() throws -> LSN { try EventLogReader(path: "/store", disk: disk).firstLSN }

    func read(_ targets: [ReadRequest.Target]) -> [ReadAnswer] {
      log.read(targets.map { ReadRequest(token: 0, $0) })
      return owner.waitAnswers(targets.count)
    }
  }

  @Test func `Old final events go, an open one is carried and stays`() throws {
    let subject = try Subject()
    let open = Array("open".utf8)
    subject.append("open", flags: [.event])
    subject.appendFinals("old", 300)
    subject.age(seconds: 200)
    subject.appendFinals("young", 200)
    let last = subject.log.nextLSN.previous
    #expect(subject.owner.waitDurable(last))
    #expect(try subject.play { try subject.firstLSN() > 100 })
    // Nothing young went.
    #expect(try subject.firstLSN() <= 302)
    let carried = try #require(subject.model.newest[open])
    #expect(carried > last)
    let answers = subject.read([
      .newest(id: open), .history(id: open), .newest(id: Array("old-3".utf8)), .record(lsn: 1),
      .newest(id: Array("young-0".utf8)), .range(from: 1, limitBytes: 1000),
    ])
    #expect(answers[0].models?.first?.payload == subject.model.records[0].payload)
    #expect(answers[0].models?.first?.header.lsn == carried)
    #expect(answers[1].models?.count == 1, "what was before is gone")
    #expect(answers[2].isAbsent)
    #expect(answers[3].isAbsent)
    #expect(answers[4].models?.count == 1)
    #expect(answers[5].models?.first?.header.lsn ?? 0 > 100, "a range begins where the log does")
    // The id may be used again.
    subject.model.newest[Array("old-3".utf8)] = nil
    let again = subject.append("old-3", flags: [.event])
    #expect(subject.read([.newest(id: Array("old-3".utf8))])[0].models?.first?.header.lsn == again)
    try subject.log.close()

    var replayed: [LSN] = []
    let reopened = try EventLog.open(subject.options, callbacks: Owner().callbacks) {
      replayed.append($0.header.lsn)
    }
    #expect(replayed.contains(carried) && replayed.contains(again) && !replayed.contains(1))
    #expect(reopened.recovery.wasClosed)
    try reopened.close()
  }

  @Test func `Without an owner that carries, an open event holds its segment`() throws {
    let subject = try Subject()
    subject.append("open", flags: [.event])
    subject.appendFinals("old", 300)
    subject.age(seconds: 200)
    subject.appendFinals("young", 200)
    var asked = 0
    let isAsked = subject.play(carrying: false) {
      asked += subject.owner.takeCarries().count
      return asked >= 2
    }
    #expect(isAsked, "it is asked again")
    #expect(try subject.firstLSN() == 1)
    #expect(subject.read([.record(lsn: 1)])[0].models?.first == subject.model.records[0])
    try subject.log.close()
  }

  @Test func `An event taken up again keeps its records though the tables hold it final`() throws {
    let subject = try Subject()
    subject.append("again", flags: [.event])
    subject.append("again", flags: [.event, .final])
    subject.appendFinals("old", 300)
    #expect(subject.owner.waitDurable(302))
    #expect(subject.play { subject.log.tables.coveredLSN >= 2 })
    // The new record stands in the active segment, which no table knows.
    subject.append("again", flags: [.event])
    subject.age(seconds: 200)
    #expect(subject.play { subject.log.keeper.refusals >= 3 })
    #expect(try subject.firstLSN() == 1)
    #expect(subject.read([.record(lsn: 1)])[0].models?.first == subject.model.records[0])
    try subject.log.close()
  }

  @Test func `What the owner needs, the newest of a kind, and young events hold a segment`() throws
  {
    let disk = SimDisk()
    var random = SeededRandom(2)
    var model = Model()
    let log = try SyncLog(.simulated(disk))
    func commit(_ id: String, _ flags: RecordFlags, kind: UInt8 = 1, previous: LSN = 0) throws {
      let isEvent = flags.contains(.event)
      let record = ModelRecord(
        header: RecordHeader(
          lsn: model.nextLSN, kind: kind, flags: flags, time: Int64(model.nextLSN.rawValue),
          hash: isEvent ? log.hash(Array(id.utf8)) : EventHash(high: 0, low: 0),
          previousLSN: previous), id: isEvent ? Array(id.utf8) : [], payload: random.bytes(1000))
      model.add(record)
      try log.commit([record])
    }
    try commit("position", [], kind: 9)
    try commit("late", [.event])
    for index in 0..<100 { try commit("a-\(index)", [.event, .final]) }
    try log.maintain()
    let first = try #require(log.keeper.indexed.first)
    let all = Int64.max
    #expect(try log.keeper.planRetention(cutoff: 1, keepFrom: .max).isNothing, "not old")
    #expect(try log.keeper.planRetention(cutoff: all, keepFrom: 5).isNothing, "needed")
    let held = try log.keeper.planRetention(cutoff: all, keepFrom: .max)
    #expect(held.proposal == nil)
    #expect(held.carries.map(\.lsn) == [1, 2])
    #expect(held.carries.map(\.isEvent) == [false, true])
    // Both have something newer; the event ends, but only lately.
    try commit("position", [], kind: 9)
    try commit("late", [.event, .final], previous: 2)
    let end = Int64(model.records.count)
    for index in 0..<100 { try commit("b-\(index)", [.event, .final]) }
    try log.maintain()
    let cutoff = first.positions.latest + 1
    #expect(cutoff < end)
    let young = try log.keeper.planRetention(cutoff: cutoff, keepFrom: .max)
    #expect(young.proposal == nil && young.carries.isEmpty)
    let latest = try #require(young.youngUntil)
    #expect(latest >= LSN(Int(end)))
    let plan = try log.keeper.planRetention(RetentionBounds(oldLSN: latest, keepFrom: .max))
    let proposal = try #require(plan.proposal)
    #expect(proposal.segment >= 1 && proposal.lastLSN >= first.lastLSN)
    log.kill()
  }

  /// What a cancel and its event are to the log: a final record aside, and a first record of the
  /// event behind it that needs none before.
  @Test func `A record aside is kept as a final event is, and not for the event behind it`() throws
  {
    let disk = SimDisk()
    var random = SeededRandom(3)
    var model = Model()
    var log = try SyncLog(.simulated(disk))
    func commit(_ id: String, _ flags: RecordFlags, previous: LSN = 0) throws {
      let record = ModelRecord(
        header: RecordHeader(
          lsn: model.nextLSN, flags: flags, time: Int64(model.nextLSN.rawValue),
          hash: log.hash(Array(id.utf8)), previousLSN: previous), id: Array(id.utf8),
        payload: random.bytes(1000))
      model.add(record)
      try log.commit([record])
    }
    try commit("cancelled", [.event, .final, .aside])
    try commit("lone", [.event, .final, .aside])
    for index in 0..<100 { try commit("a-\(index)", [.event, .final]) }
    try log.maintain()
    #expect(try log.newest(Array("lone".utf8)) == 2)
    try commit("cancelled", [.event, .base], previous: 1)
    for index in 0..<100 { try commit("b-\(index)", [.event, .final]) }
    try log.maintain()
    let plan = try log.keeper.planRetention(cutoff: 1, keepFrom: .max)
    #expect(plan.isNothing, "not old")
    // Open, and with nothing to be carried: it begins behind the segment.
    let old = try #require(log.keeper.indexed.first).positions.latest + 1
    #expect(try log.retire(cutoff: old, keepFrom: .max, model).isEmpty)
    #expect(log.opened.writer.manifest.origin.lsn >= 2)
    try log.close()
    log = try SyncLog(.simulated(disk))
    #expect(try log.newest(Array("lone".utf8)) == nil)
    #expect(try log.newest(Array("cancelled".utf8)) == 103)
    let reader = try EventLogReader(path: "/store", disk: disk)
    #expect(try reader.history(of: Array("cancelled".utf8)).models.map(\.header.lsn) == [103])
    log.kill()
  }
}
