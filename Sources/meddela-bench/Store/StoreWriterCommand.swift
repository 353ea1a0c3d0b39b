internal import ArgumentParser
internal import EventLog
internal import Glibc
internal import LogSequence
internal import Synchronization

/// `meddela-bench store-writer`: the process that Tests/Scripts/fault-test kills, freezes and
/// starves.
/// Appends numbered records and says on standard output what is durable, as the service would
/// acknowledge it.
struct StoreWriterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store-writer", abstract: "Writes numbered records until it is stopped.",
    shouldDisplay: false)

  @Argument(help: "The directory of the store.")
  var directory: String

  @Option(help: "Ends by closing the store after so many; 0 for never.")
  var records = 0

  @Option(help: "Bytes of a segment.")
  var segmentBytes = 1 << 20

  @Option(help: "Most records in one turn.")
  var turn = 40

  @Option(help: "Milliseconds between turns.")
  var pause = 0

  @Option(help: "Frames of so many bytes are written around the page cache.")
  var directFrameBytes = 8 << 10

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    var options = EventLogOptions(path: directory)
    options.segmentBytes = segmentBytes
    options.directFrameBytes = directFrameBytes
    options.directBytesPerSecond = 0
    let callbacks = EventLogCallbacks(
      onDurable: { Self.say("durable \($0)") },
      onFailure: { error in
        Self.say("failed \(error.exitCode) \(error)")
        _exit(error.exitCode)
      },
      onSpace: { error in Self.say(error.map { "full \($0.sentence)" } ?? "space") })
    let log: EventLog
    do {
      log = try EventLog.open(options, callbacks: callbacks)
    } catch {
      Self.say("refused \(error.exitCode) \(error)")
      _exit(error.exitCode)
    }
    Self.say("open \(log.nextLSN.previous) epoch \(log.recovery.epoch)")
    var random = SystemRandomNumberGenerator()
    var left = records == 0 ? Int.max : records
    while left > 0 {
      let count = min(left, Int.random(in: 1...turn, using: &random))
      log.append(numbered: count)
      log.endTurn()
      left -= count
      while log.bufferedBytes > 256 << 10 { usleep(200) }
      if pause > 0 { usleep(UInt32(pause) * 1000) }
    }
    do {
      try log.close()
    } catch {
      Self.say("failed \(error.exitCode) \(error)")
      _exit(error.exitCode)
    }
    Self.say("closed \(log.nextLSN.previous)")
  }

  /// One write a line: a killed process leaves whole lines only.
  private static func say(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  }
}
