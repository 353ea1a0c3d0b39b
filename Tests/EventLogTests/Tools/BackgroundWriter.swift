import LogSequence
import Synchronization
import TestSupport

@testable import EventLog

/// Appends to a store as fast as its disk takes it, on a thread of its own, until it is stopped.
final class BackgroundWriter: @unchecked Sendable {
  // Sendable because the thread alone touches log and model until `stop` has joined it.
  let owner = Owner()
  private let log: EventLog
  private(set) var model: Model
  private let isStopping = Atomic<Bool>(false)
  private let isRetiring: Bool
  private var thread: WorkerThread?

  /// `isRetiring`: every event is final at once, a turn takes ten milliseconds of the log's clock,
  /// and what is older than three of its seconds goes.
  init(_ store: ToolStore, isRetiring: Bool = false) throws {
    self.isRetiring = isRetiring
    var options = store.options
    if isRetiring {
      let owner = self.owner
      options.retentionSeconds = 3
      options.retentionCheckMilliseconds = 1
      options.wallClock = { Self.time(turn: owner.durableLSN.rawValue / Self.turn) }
      options.steadyClock = { UInt64(Self.time(turn: owner.durableLSN.rawValue / Self.turn)) }
    }
    log = try EventLog.open(options, callbacks: owner.callbacks)
    model = store.model
    thread = try WorkerThread("test-writer") { [self] in run() }
  }

  private func run() {
    var random = SeededRandom(99)
    while !isStopping.load(ordering: .relaxed) {
      for _ in 0..<Self.turn { log.append(makeRecord(&random)) }
      if isRetiring { log.retain(from: log.nextLSN) }
      log.endTurn()
      // As the service does.
      _ = owner.waitDurable(log.nextLSN.previous) && owner.waitUntil { !log.isBehind }
    }
  }

  private static let turn: UInt64 = 8

  private static func time(turn: UInt64) -> Int64 {
    1_000_000_000_000 + Int64(turn) * 10_000_000
  }

  private func makeRecord(_ random: inout SeededRandom) -> ModelRecord {
    guard isRetiring else { return model.makeRecord(&random, hash: { log.hash(of: $0) }) }
    let id = Array("event-\(log.nextLSN)".utf8)
    let header = RecordHeader(
      lsn: log.nextLSN, flags: [.event, .final],
      time: Self.time(turn: log.nextLSN.rawValue / Self.turn),
      hash: log.hash(of: id))
    let record = ModelRecord(header: header, id: id, payload: random.bytes(200))
    model.add(record)
    return record
  }

  /// Closes the log; the last LSN.
  @discardableResult
  func stop() -> LSN {
    guard let thread else { return log.nextLSN.previous }
    isStopping.store(true, ordering: .relaxed)
    thread.join()
    self.thread = nil
    try? log.close()
    return log.nextLSN.previous
  }
}
