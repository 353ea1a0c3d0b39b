internal import ArgumentParser
internal import EventLog
internal import Glibc

/// `meddela-bench store`.
struct StoreBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Measures the event log beside the disk and other stores.",
    discussion: """
      Transitions of 200 bytes, three an event, a thousand apart, made durable by the event log; \
      the same bytes in the same frames by bare pwrite and fdatasync into a file whose blocks are \
      there already and whose pages are not in memory, as a segment's, and into one whose pages \
      are; the same transitions in the same batches by SQLite (WAL, synchronous=FULL), LMDB \
      and RocksDB (WriteBatch, sync), where Debian's libsqlite3-0, liblmdb0 and librocksdb7.8 are \
      installed. Theirs are keyed by event id and transition, so they keep the history and find it \
      by id, as the event log does; what they spare is the chain, the record's header, and reading \
      in the order of writing.
      """)

  @Option(help: "Where: a real disk.")
  var directory = "/var/tmp"

  @Option(help: "Rounds; medians are of these.")
  var rounds = 5

  @Option(help: "Transitions in each pass.")
  var records = 1_000_000

  @Option(help: "Most transitions that are not yet durable: 8 MiB of them, as in the service.")
  var window = (8 << 20) / NumberedRecord.bytes

  @Option(help: "Transitions in one turn of the engine.")
  var turn = 64

  @Option(help: "Point reads.")
  var reads = 200_000

  @Option(help: "Then also with so many stored events; 0 for not.")
  var preload = 0

  @Flag(name: .customLong("open"), help: "The events of --preload are open, not final.")
  var isOpen = false

  @Flag(help: "Then also with indexing, merges, retention and scrub at work, and with none.")
  var upkeep = false

  @Flag(help: "Leave the other stores out.")
  var noRivals = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard rounds >= 1, records >= 10_000, window >= turn, turn >= 1, reads >= 1, preload >= 0 else {
      throw ValidationError(
        "--rounds, --turn and --reads are at least 1, --records at least 10000, --window at least "
          + "--turn")
    }
  }

  func run() throws {
    let folder = try ScratchFolder.make(in: directory)
    var bench = StoreBench(
      folder: folder, passes: StorePasses(records: records, window: window, turn: turn),
      rounds: rounds, hasRivals: !noRivals, preload: preload, isOpen: isOpen,
      hasUpkeep: upkeep, reads: reads
    ) { text in
      if isatty(STDERR_FILENO) == 1 { writeError("\(text)\n") }
    }
    try bench.run()
    rmdir(folder)
    print(json ? bench.report.json : bench.report.table)
  }
}
