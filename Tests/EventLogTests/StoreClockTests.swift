import Foundation
import LogSequence
import Synchronization
import TestSupport
import Testing

@testable import EventLog

/// Retention and the store's time in the whole log, under clocks that the test moves.
@Suite struct StoreClockTests {
  private static let (hour, day) = (ModelClock.hour, ModelClock.day)
  private static let year = 365 * day
  private static let retention = ClockedLog.retention

  @Test func `A record from the future pins nothing`() throws {
    let subject = try ClockedLog()
    subject.append(100)
    subject.append(1, ahead: Self.year)
    subject.append(200)
    subject.clock.pass(31 * Self.day)
    subject.append(50)
    #expect(subject.removes(250))
    #expect(subject.firstLSN <= 302, "nothing young goes")
    try subject.log.close()
  }

  @Test(arguments: [false, true])
  func `A start a year ahead removes nothing, and goes on when it is confirmed`(
    isCrash: Bool
  ) throws {
    let subject = try ClockedLog()
    subject.append(300)
    subject.clock.pass(5 * Self.day)
    subject.append(1)
    try subject.log.close()
    subject.clock.restart(after: Self.year)
    try subject.open()
    #expect(subject.waits())
    subject.append(300)
    subject.look()
    #expect(subject.firstLSN == 1)
    if isCrash {
      subject.log.abandon()
      subject.clock.restart(after: Self.hour)
      try subject.openAgain()
      subject.look()
      #expect(subject.firstLSN == 1)
    }
    let tool = StoreClock(path: "/store", disk: subject.disk)
    let (standing, hasWriter) = try tool.confirm(wall: subject.clock.wall)
    guard case .waiting(let closed, _) = standing else {
      Issue.record("\(standing)")
      return
    }
    #expect(closed >= Self.year / ModelClock.second && hasWriter)
    #expect(subject.removes(250))
    #expect(subject.firstLSN <= 302, "what was written while it waited stays")
    #expect(
      subject.hears {
        if case .confirmed(_, let byPerson) = $0 { byPerson } else { false }
      })
    #expect(
      subject.owner.waitUntil { !subject.disk.files.contains("/store/CLOCK.confirm") })
    #expect(try tool.standing(wall: 0).0 == .agreeing)
    subject.look()
    #expect(subject.firstLSN <= 302)
    try subject.log.close()
  }

  @Test func `A clock that is wrong at a start and set then removes nothing`() throws {
    let subject = try ClockedLog()
    subject.append(300)
    try subject.log.close()
    subject.clock.restart(after: Self.year)
    try subject.open()
    #expect(subject.waits())
    subject.clock.set(-Self.year + Self.hour)
    #expect(subject.hears { $0 == .mended(closedSeconds: 3600) })
    subject.append(300)
    subject.look()
    subject.clock.pass(29 * Self.day)
    subject.look()
    #expect(subject.firstLSN == 1)
    subject.clock.pass(2 * Self.day)
    #expect(subject.removes(250))
    try subject.log.close()
  }

  @Test func `A clock that leaps while the log is open removes nothing, and is said`() throws {
    let subject = try ClockedLog()
    subject.append(300)
    subject.clock.set(Self.year)
    #expect(subject.hears { $0 == .stepped(seconds: 365 * 86_400) })
    subject.look()
    subject.clock.set(-Self.year)
    subject.look()
    #expect(subject.firstLSN == 1)
    try subject.log.close()
    subject.clock.restart(after: Self.hour)
    try subject.open()
    subject.look()
    #expect(subject.firstLSN == 1 && !subject.hasWaited)
    try subject.log.close()
  }

  #if DEBUG
    @Test(arguments: [Breaks.believeWallClock, .countClockSteps])
    func `A log that believes the clock loses its history`(defect: Breaks) throws {
      let subject = try ClockedLog(breaks: defect)
      subject.append(300)
      if defect == .believeWallClock {
        try subject.log.close()
        subject.clock.restart(after: Self.year)
        try subject.open()
      } else {
        subject.clock.set(Self.year)
      }
      #expect(subject.removes(200))
      try subject.log.close()
    }
  #endif

  /// A closed store of records that are two days old, and its next start an hour later.
  private func reopened(
    _ change: (SimDisk) throws -> Void
  ) throws -> ClockedLog {
    let subject = try ClockedLog()
    subject.append(300)
    subject.clock.pass(2 * Self.day)
    subject.append(1)
    try subject.log.close()
    try change(subject.disk)
    subject.clock.restart(after: Self.hour)
    try subject.open()
    return subject
  }

  @Test(arguments: ["missing", "flipped", "cut", "empty", "of another store", "of a longer log"])
  func `Without a CLOCK ages come from the records`(_ what: String) throws {
    let subject = try reopened { disk in
      switch what {
      case "missing": try disk.removeIfPresent("/store/CLOCK")
      case "flipped": disk.overwrite("/store/CLOCK") { $0[40] ^= 1 }
      case "cut": disk.overwrite("/store/CLOCK") { $0.removeLast(20) }
      case "empty": disk.overwrite("/store/CLOCK") { $0 = [] }
      default:
        disk.overwrite("/store/CLOCK") { bytes in
          if what == "of a longer log" {
            bytes.store(UInt64(302), at: 72)
          } else {
            bytes[20] ^= 1
          }
          let sum = checksum(bytes[..<(bytes.count - 4)])
          bytes.store(sum, at: bytes.count - 4)
        }
      }
    }
    #expect(subject.hears { $0 == .begunAnew(isDamaged: what != "missing") })
    subject.look()
    subject.clock.pass(27 * Self.day)
    subject.look()
    #expect(subject.firstLSN == 1)
    subject.clock.pass(2 * Self.day)
    #expect(subject.removes(150))
    #expect(subject.owner.allFailures.isEmpty)
    try subject.log.close()
    // It is whole again.
    try subject.open()
    let anew = subject.heard.all.count { if case .begunAnew = $0 { true } else { false } }
    #expect(anew == 1)
    try subject.log.close()
  }

  @Test func `With a CLOCK that is whole nothing is said at a start`() throws {
    let subject = try reopened { _ in }
    subject.look()
    #expect(subject.heard.all.isEmpty)
    try subject.log.close()
  }

  @Test(arguments: [ENOSPC, EIO])
  func `A disk that does not take CLOCK does not stop retention`(number: Int32) throws {
    let subject = try ClockedLog()
    subject.append(300)
    subject.disk.state.withLock { $0.refused = ("/store/CLOCK.tmp", number) }
    subject.clock.pass(Self.day)
    let isSaid = subject.hears {
      if case .notKept(let error) = $0 { error.systemError == number } else { false }
    }
    #expect(isSaid)
    subject.append(20)
    subject.clock.pass(31 * Self.day)
    subject.append(20)
    #expect(subject.removes(250))
    #expect(subject.heard.all.count == 1, "it is said once")
    #expect(subject.owner.waitUntil { !subject.disk.files.contains("/store/CLOCK.tmp") })
    subject.disk.state.withLock { $0.refused = nil }
    #expect(subject.hears { $0 == .kept })
    #expect(subject.owner.allFailures.isEmpty)
    try subject.log.close()
  }

  @Test func `A power cut at any time makes nothing older`() throws {
    var random = SeededRandom(11)
    for _ in 0..<20 {
      let subject = try ClockedLog()
      subject.append(100)
      subject.clock.pass(Int64.random(in: 0...(3 * Self.day), using: &random))
      subject.append(Int.random(in: 1...100, using: &random))
      subject.disk.arm(.crash, atCall: Int.random(in: 1...12, using: &random))
      subject.clock.pass(Self.day)
      let last = subject.log.nextLSN.previous
      _ = subject.owner.waitUntil { subject.disk.isDead || subject.log.isDated }
      subject.log.abandon()
      subject.disk = subject.disk.afterPowerCut(&random)
      subject.options.disk = subject.disk
      subject.clock.restart(after: Self.hour)
      try subject.open()
      let time = try #require(subject.log.keeper.clock).time
      #expect(time.age(of: last) <= Self.day + Self.hour)
      #expect(time.age(of: 1) <= 5 * Self.day)
      try subject.log.close()
    }
  }

  @Test func `A writer that has lost the store does not write CLOCK`() throws {
    let subject = try ClockedLog()
    subject.append(10)
    #expect(subject.owner.waitUntil { subject.disk.files.contains("/store/CLOCK") })
    let before = subject.disk.bytes("/store/CLOCK")
    subject.disk.overwrite("/store/LOCK") { $0[0] = UInt8(ascii: "x") }
    subject.clock.pass(Self.day)
    #expect(subject.owner.waitFailure()?.code == .fenced)
    #expect(subject.disk.bytes("/store/CLOCK") == before)
    subject.log.abandon()
  }

  @Test func `A segment is sealed when it is an eighth of the time old, over restarts, too`() throws
  {
    let subject = try ClockedLog()
    func segments() -> Int {
      (try? EventLogReader(path: "/store", disk: subject.disk).segmentCount) ?? 0
    }
    subject.append(1)
    subject.clock.set(Self.year)
    subject.append(1)
    subject.clock.set(-2 * Self.year)
    subject.append(1)
    #expect(segments() == 1, "no leap of the wall clock counts")
    for _ in 0..<3 {
      #expect(segments() == 1)
      subject.clock.pass(30 * Self.hour)
      try subject.log.close()
      try subject.open()
      subject.append(1)
    }
    subject.clock.pass(2 * Self.hour)
    subject.append(1)
    #expect(segments() == 2)
    try subject.log.close()
  }

  @Test func `The tool says how the clocks stand, and writes only what is to be confirmed`() throws
  {
    let subject = try ClockedLog()
    let tool = StoreClock(path: "/store", disk: subject.disk)
    subject.append(10)
    try subject.log.close()
    let wall = subject.clock.wall
    func isAsked() -> Bool { subject.disk.files.contains("/store/CLOCK.confirm") }
    #expect(try tool.confirm(wall: wall + 20 * Self.hour) == (.agreeing, false))
    #expect(!isAsked())
    let wait = ClockLimits(retentionSeconds: Self.retention).confirmation / ModelClock.second
    #expect(
      try tool.standing(wall: wall + 50 * Self.day)
        == (.waiting(closedSeconds: 50 * 86_400, leftSeconds: wait), false))
    #expect(!isAsked(), "looking asks for nothing")
    #expect(try tool.confirm(wall: wall - Self.day) == (.behind(seconds: 86_400), false))
    #expect(isAsked())
    // The next start finds another jump than this one.
    subject.clock.restart(after: 50 * Self.day)
    try subject.open()
    #expect(subject.hears { $0 == .refused(confirmedSeconds: -86_400) })
    #expect(subject.owner.waitUntil { !isAsked() })
    try subject.log.close()
    subject.clock.restart(after: Self.hour)
    #expect(try tool.confirm(wall: subject.clock.wall).0 != .agreeing)
    try subject.open()
    let closed = 50 * 86_400 + 3600
    #expect(
      subject.hears { $0 == .confirmed(closedSeconds: Int64(closed), byPerson: true) })
    try subject.log.close()
    subject.disk.overwrite("/store/CLOCK") { $0[33] ^= 1 }
    #expect(try tool.confirm(wall: wall).0 == .unknown(isDamaged: true))
    let report = try StoreVerifier(path: "/store", disk: subject.disk).run()
    #expect(report.isSound && report.notes.contains { $0.hasPrefix("CLOCK is damaged") })
    try subject.disk.removeIfPresent("/store/CLOCK")
    #expect(try tool.confirm(wall: wall).0 == .unknown(isDamaged: false))
    #expect(!isAsked())
    let none = #expect(throws: EventLogError.self) {
      try StoreClock(path: "/nothing", disk: subject.disk).confirm(wall: wall)
    }
    #expect(none?.code == .notAStore)
  }

  @Test func `Confirmations that say nothing are removed, and those that cannot be read are said`()
    throws
  {
    let subject = try ClockedLog()
    for text in ["", "yes", "abc 12", String(repeating: "9", count: 4000)] {
      try subject.disk.replaceFile(
        ClockConfirmation.fileName, in: "/store", with: Array(text.utf8))
      let isGone = subject.owner.waitUntil {
        !subject.disk.files.contains("/store/CLOCK.confirm")
      }
      #expect(isGone)
    }
    #expect(subject.heard.all.isEmpty)
    try subject.disk.replaceFile(
      ClockConfirmation.fileName, in: "/store", with: [UInt8](repeating: 48, count: 5000))
    #expect(subject.hears { if case .unreadable = $0 { true } else { false } })
    subject.look()
    #expect(subject.heard.all.count == 1)
    try subject.log.close()
  }

  @Test(arguments: GoldenStore.all)
  func `A store that an earlier program wrote gets its ages from its records`(
    _ golden: GoldenStore
  ) throws {
    let directory = TemporaryDirectory()
    var options = try golden.copy(to: directory, isClosed: true)
    options.retentionSeconds = Self.retention
    let clock = ModelClock()
    // Some years after its records.
    clock.set(1 << 58)
    options.use(clock)
    let heard = HeardClocks()
    let owner = Owner()
    var callbacks = owner.callbacks
    callbacks.onClock = { heard.add($0) }
    let log = try EventLog.open(options, callbacks: callbacks)
    log.retain(from: log.nextLSN)
    #expect(owner.waitUntil { heard.all.count == 2 })
    #expect(heard.all.first == .begunAnew(isDamaged: false))
    guard case .waiting? = heard.all.last else {
      Issue.record("\(heard.all)")
      return
    }
    #expect(try EventLogReader(path: options.path).firstLSN == 1)
    try log.close()
  }
}
