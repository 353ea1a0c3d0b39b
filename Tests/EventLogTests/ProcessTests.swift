import Glibc
import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// More than one process, or more than one log on one store.
@Suite struct ProcessTests {
  @Test func `A second writer is refused and the first goes on`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    let error = #expect(throws: EventLogError.self) {
      _ = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
    }
    #expect(error?.code == .locked)
    #expect(error?.exitCode == 75)
    #expect(error?.sentence == "another process holds the store")
    var model = Model()
    var random = SeededRandom(1)
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    #expect(owner.waitDurable(1))
    try log.close()
    let next = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
    #expect(next.nextLSN == 2)
    try next.close()
  }

  @Test(arguments: 1...5)
  func `A process killed with SIGKILL loses nothing it acknowledged`(seed: Int) async throws {
    let directory = TemporaryDirectory()
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, seed = seed as Int] in
      // Acknowledges into a file that the parent reads: the LSN in 8 bytes.
      let ledger = open(path + "/ledger", O_CREAT | O_WRONLY, 0o600)
      var options = EventLogOptions(path: path + "/store")
      options.segmentBytes = 256 << 10
      let callbacks = EventLogCallbacks(
        onDurable: { lsn in
          var lsn = lsn.rawValue
          pwrite(ledger, &lsn, 8, 0)
          if lsn > UInt64(seed) * 500 { kill(getpid(), SIGKILL) }
        },
        onFailure: { _ in exit(74) })
      let log = try EventLog.open(options, callbacks: callbacks)
      var random = SeededRandom(UInt64(seed))
      var model = Model()
      while true {
        for _ in 0..<Int.random(in: 1...30, using: &random) {
          log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
        }
        log.endTurn()
        while log.bufferedBytes > 1 << 20 { sched_yield() }
      }
    }
    let ledger = open(path + "/ledger", O_RDONLY)
    var acknowledged: UInt64 = 0
    #expect(pread(ledger, &acknowledged, 8, 0) == 8)
    close(ledger)
    #expect(acknowledged > UInt64(seed) * 500)

    var replayed: [ModelRecord] = []
    let log = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
    try EventLogReader(path: path + "/store").forEachRecord { replayed.append(ModelRecord($0)) }
    #expect(!log.recovery.wasClosed)
    #expect(replayed.count >= Int(acknowledged))
    // The same seed makes the same records, but for the store's key.
    var random = SeededRandom(UInt64(seed))
    var model = Model()
    while model.records.count < replayed.count {
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        _ = model.makeRecord(&random, hash: { log.hash(of: $0) })
      }
    }
    #expect(replayed == Array(model.records.prefix(replayed.count)))
    try log.close()
  }

  @Test func `A segment sealed by a crash gives its unused blocks back`() throws {
    let directory = TemporaryDirectory()
    let options = directory.options(segmentBytes: 4 << 20)
    let log = try EventLog.open(options, callbacks: Owner().callbacks)
    log.abandon()
    let path = options.path + "/segments/0000000000000001.log"
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_blocks * 512 >= 4 << 20)
    try EventLog.open(options, callbacks: Owner().callbacks).close()
    #expect(stat(path, &status) == 0)
    #expect(status.st_size == 4 << 20)
    #expect(status.st_blocks * 512 < 1 << 20)
  }
}
