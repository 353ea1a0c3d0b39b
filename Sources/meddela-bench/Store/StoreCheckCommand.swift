internal import ArgumentParser
internal import EventLog
internal import Glibc
internal import LogSequence

/// `meddela-bench store-check`: whether a store holds what `store-writer` said was durable.
struct StoreCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store-check",
    abstract: "Checks that a store has every numbered record up to an LSN, and no invented one.",
    discussion: """
      Ends with 0, with 70 when records are lost or are not what was written, and with the exit \
      code of the event log when that refuses.
      """,
    shouldDisplay: false)

  @Argument(help: "The directory of the store.")
  var directory: String

  @Argument(help: "The last LSN that was said to be durable.")
  var lsn: UInt64

  @Flag(help: "As another process reads it, without opening it as the writer.")
  var readOnly = false

  func run() throws {
    var seen: UInt64 = 0
    var wrong: LSN?
    func take(_ record: RecordView) {
      seen += 1
      if record.header.lsn != LSN(seen) || !NumberedRecord(seen).equals(record) {
        wrong = wrong ?? record.header.lsn
      }
    }
    var remark = ""
    do {
      if !readOnly { remark = try recover() }
      try EventLogReader(path: directory).forEachRecord(take)
    } catch let error as EventLogError {
      print("refused \(error.exitCode) \(error)")
      throw ExitCode(error.exitCode)
    }
    if let wrong {
      print("WRONG: record \(wrong) is not what was written")
      throw ExitCode(70)
    }
    if seen < lsn {
      print("LOST: records up to \(lsn) were acknowledged, \(seen) are there")
      throw ExitCode(70)
    }
    print("ok: \(lsn) acknowledged, \(seen) there\(remark)")
  }

  /// Opens the store as the service does, which recovers it, and closes it.
  private func recover() throws -> String {
    var options = EventLogOptions(path: directory)
    options.segmentBytes = 1 << 20
    let log = try EventLog.open(
      options,
      callbacks: EventLogCallbacks(onFailure: { error in
        print("failed \(error)")
        _exit(error.exitCode)
      }))
    let recovery = log.recovery
    try log.close()
    switch recovery.tail {
    case .clean: return recovery.readDirectly ? "" : ", without O_DIRECT"
    case .torn(let bytes, _): return ", a torn frame of \(bytes) bytes in quarantine"
    }
  }
}
