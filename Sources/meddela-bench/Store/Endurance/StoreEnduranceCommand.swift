internal import ArgumentParser

/// `meddela-bench store-endure`.
struct StoreEnduranceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store-endure",
    abstract: "Writes to an event log for long, and looks whether anything grows.",
    discussion: """
      Events of three transitions, and some that stay open for two and a half times the retention, \
      at a steady pace; beside it reads, an outbox, carries, retention, merges, checkpoints and a \
      scrub. Every second: blocks of the folder and of files that are removed and still open, \
      resident memory, file descriptors. After four retention times the greatest and the median of \
      the last third of the samples may be at most those of the first third and a tenth, and 2 \
      segments, 8 MiB or 4 descriptors. The pace is held when in each third 99 of 100 records \
      became durable. Ends with 1 when something is not so, and with a failure as soon as an event \
      is gone that has to be there.
      """)

  @Option(help: "Where: a real disk.")
  var directory = "/var/tmp"

  @Option(help: "How long.")
  var seconds = 3600.0

  @Option(help: "Records a second.")
  var rate = 100_000

  @Option(help: "How long the log keeps records.")
  var retentionSeconds: Int64 = 60

  @Option(help: "MiB of a segment.")
  var segmentMebibytes = 64

  @Option(help: "Records in one turn of the engine.")
  var turn = 64

  @Option(help: "Point reads a second.")
  var reads = 1000

  @Option(help: "Every how many records an event begins that stays open for long.")
  var longEvery = 10_000

  @Flag(help: .hidden)
  var ignoreCarries = false

  func validate() throws {
    guard rate >= 1, turn >= 1, reads >= 0, longEvery >= 2, retentionSeconds >= 1 else {
      throw ValidationError(
        "--rate, --turn and --retention-seconds are at least 1, --long-every at least 2")
    }
    let least = 10 * Double(retentionSeconds)
    guard seconds >= least else {
      throw ValidationError(
        "--seconds is at least \(Int(least)): ten times --retention-seconds, of which four are "
          + "for warming up")
    }
    guard 1...1024 ~= segmentMebibytes else {
      throw ValidationError("--segment-mebibytes is 1 to 1024")
    }
  }

  func run() throws {
    let folder = try ScratchFolder.make(in: directory)
    defer { ScratchFolder.remove(folder) }
    var options = EnduranceRun.Options()
    options.seconds = seconds
    options.rate = rate
    options.turn = turn
    options.retentionSeconds = retentionSeconds
    options.segmentBytes = segmentMebibytes << 20
    options.reads = reads
    options.longEvery = longEvery
    options.ignoresCarries = ignoreCarries
    var run = EnduranceRun(options, path: folder + "/log") { writeError("\($0)\n") }
    try run.run()
    print(run.report.text)
    let faults = run.report.faults
    guard faults.isEmpty else {
      for fault in faults { writeError("\(fault)\n") }
      throw ExitCode(1)
    }
  }
}
