import LogSequence
import Testing

@testable import EventLog

/// What was said of clocks.
final class HeardClocks: @unchecked Sendable {
  // Sendable because the list is only touched with the monitor's lock held.
  private let monitor = Monitor()
  private var list: [ClockNotice] = []

  func add(_ notice: ClockNotice) { monitor.withLock { list.append(notice) } }

  var all: [ClockNotice] { monitor.withLock { list } }
}

/// A log of final events whose clocks the test moves; small segments, quick looks.
final class ClockedLog {
  static let retention: Int64 = 30 * 86_400

  let clock = ModelClock()
  var disk = SimDisk()
  let owner = Owner()
  let heard = HeardClocks()
  var options: EventLogOptions
  private(set) var log: EventLog

  init(breaks: Breaks = []) throws {
    options = .simulated(disk, breaks: breaks)
    options.retentionSeconds = Self.retention
    options.retentionCheckMilliseconds = 2
    options.use(clock)
    log = try Self.open(options, owner, heard)
  }

  private static func open(
    _ options: EventLogOptions, _ owner: Owner, _ heard: HeardClocks
  ) throws -> EventLog {
    var callbacks = owner.callbacks
    callbacks.onClock = { heard.add($0) }
    return try EventLog.open(options, callbacks: callbacks)
  }

  func open() throws { log = try Self.open(options, owner, heard) }

  /// The next life, on what is left after the process ended.
  func openAgain() throws {
    disk = disk.afterKill()
    options.disk = disk
    try open()
  }

  /// Final events, some thirty in a segment; of the time that the clock says, and so much later.
  func append(_ count: Int, ahead: Int64 = 0) {
    for _ in 0..<count {
      let id = Array("e-\(log.nextLSN)".utf8)
      let header = RecordHeader(
        lsn: log.nextLSN, flags: [.event, .final], time: clock.wall + ahead,
        hash: log.hash(of: id))
      log.append(ModelRecord(header: header, id: id, payload: [UInt8](repeating: 7, count: 2_000)))
      log.endTurn()
    }
    #expect(owner.waitUntil { log.isDated })
  }

  /// Lets retention look a few times more, each time after something was written.
  func look() {
    for _ in 0..<5 {
      log.retain(from: log.nextLSN)
      append(1)
    }
  }

  /// Whether the records up to this one go, within a minute.
  func removes(_ lsn: LSN) -> Bool {
    owner.waitUntil {
      log.retain(from: log.nextLSN)
      return firstLSN > lsn
    }
  }

  var firstLSN: LSN { (try? EventLogReader(path: "/store", disk: disk).firstLSN) ?? 0 }

  func hears(_ isIt: (ClockNotice) -> Bool) -> Bool {
    owner.waitUntil { heard.all.contains(where: isIt) }
  }

  var hasWaited: Bool {
    heard.all.contains { if case .waiting = $0 { true } else { false } }
  }

  func waits() -> Bool { hears { if case .waiting = $0 { true } else { false } } }
}
