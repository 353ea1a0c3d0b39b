import Glibc
import LogSequence
import Synchronization

@testable import EventLog

/// Plays the engine: collects what the log says on its threads and waits for it.
final class Owner: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held.
  private let monitor = Monitor()
  private var durable: LSN = 0
  private var durableCalls: [LSN] = []
  private var answers: [ReadAnswer] = []
  private var failures: [EventLogError] = []
  private var spaces: [EventLogError?] = []
  private var durableAfterFailure = false
  private var carries: [CarryRequest] = []

  var callbacks: EventLogCallbacks {
    EventLogCallbacks(
      onDurable: { [self] lsn in
        change {
          durable = lsn
          durableCalls.append(lsn)
          if !failures.isEmpty { durableAfterFailure = true }
        }
      },
      onRead: { [self] batch in change { answers += batch } },
      onFailure: { [self] error in change { failures.append(error) } },
      onSpace: { [self] error in change { spaces.append(error) } },
      onCarry: { [self] requests in change { carries += requests } })
  }

  private func change(_ body: () -> Void) {
    monitor.withLock {
      body()
      monitor.signal()
    }
  }

  /// False when it did not come true within a minute: the test fails instead of hanging.
  private func wait(_ isTrue: () -> Bool) -> Bool {
    monitor.withLock {
      let deadline = monotonicNanoseconds() + 60_000_000_000
      while !isTrue() {
        if monotonicNanoseconds() > deadline { return false }
        monitor.wait(until: deadline)
      }
      return true
    }
  }

  /// Looks again and again, a minute at most.
  func waitUntil(_ isTrue: () -> Bool) -> Bool {
    let deadline = monotonicNanoseconds() + 60_000_000_000
    while !isTrue() {
      if monotonicNanoseconds() > deadline { return false }
      monitor.withLock { monitor.wait(until: monotonicNanoseconds() + 1_000_000) }
    }
    return true
  }

  /// Durable up to there, or the log failed.
  func waitDurable(_ lsn: LSN) -> Bool {
    wait { durable >= lsn || !failures.isEmpty } && durableLSN >= lsn
  }

  func waitFailure() -> EventLogError? {
    _ = wait { !failures.isEmpty }
    return allFailures.first
  }

  func waitAnswers(_ count: Int) -> [ReadAnswer] {
    _ = wait { answers.count >= count }
    return monitor.withLock {
      defer { answers = [] }
      return answers
    }
  }

  func waitSpaces(_ count: Int) -> [EventLogError?] {
    _ = wait { spaces.count >= count }
    return monitor.withLock { spaces }
  }

  /// What was asked to be carried, once.
  func takeCarries() -> [CarryRequest] {
    monitor.withLock {
      defer { carries = [] }
      return carries
    }
  }

  var durableLSN: LSN { monitor.withLock { durable } }
  var allDurable: [LSN] { monitor.withLock { durableCalls } }
  var allFailures: [EventLogError] { monitor.withLock { failures } }
  var saidDurableAfterFailure: Bool { monitor.withLock { durableAfterFailure } }
}

extension EventLog {
  func append(_ record: ModelRecord) {
    record.id.withBytes { id in
      record.payload.withBytes { payload in append(record.header, id: id, payload: payload) }
    }
  }

  func hash(of id: [UInt8]) -> EventHash { id.withBytes { hash(of: $0) } }
}

extension ReadAnswer {
  var models: [ModelRecord]? {
    if case .records(let block) = outcome { block.models } else { nil }
  }

  var isAbsent: Bool { if case .absent = outcome { true } else { false } }

  var error: EventLogError? { if case .failed(let error) = outcome { error } else { nil } }
}

/// A directory of its own on the real file system, removed at the end.
final class TemporaryDirectory: Sendable {
  let path: String

  /// `inMemory`: on a file system in memory, if there is one; a sync costs nothing there.
  init(inMemory: Bool = false) {
    let usual = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/var/tmp"
    let root = getenv("EVENTLOG_TEST_DIRECTORY").map { String(cString: $0) } ?? usual
    var template = Array("\(root)/eventlog-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? ""
    precondition(!path.isEmpty, "a temporary directory could not be made")
  }

  deinit { Self.remove(path) }

  static func remove(_ path: String) {
    let disk = LinuxDisk()
    for name in (try? disk.list(path)) ?? [] {
      let child = path + "/" + name
      if unlink(child) != 0 { remove(child) }
    }
    rmdir(path)
  }

  /// Small segments in this directory.
  func options(segmentBytes: Int = 256 << 10) -> EventLogOptions {
    var options = EventLogOptions(path: path + "/store")
    options.segmentBytes = segmentBytes
    return options
  }
}
