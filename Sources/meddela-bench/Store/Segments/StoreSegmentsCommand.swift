internal import ArgumentParser

/// `meddela-bench store-segments`.
struct StoreSegmentsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store-segments",
    abstract: "Starts a store of very many segments beside one of few with the same records.",
    discussion: """
      Segments of the least size there is. Every start is made by a process of its own, in turns: \
      with nothing of the store in the page cache, and then again. In each, events that are there \
      and such that are not are looked up by their ids.
      """)

  @Option(help: "Where: a real disk.")
  var directory = "/var/tmp"

  @Option(help: "Segments of the one store.")
  var segments = 10_000

  @Option(help: "Segments of the other.")
  var fewSegments = 100

  @Option(help: "Rounds; medians are of these.")
  var rounds = 5

  @Option(help: "Look-ups of each kind.")
  var reads = 20_000

  func validate() throws {
    guard rounds >= 1, reads >= 100, fewSegments >= 2, segments >= fewSegments else {
      throw ValidationError(
        "--rounds is at least 1, --reads at least 100, --few-segments at least 2, --segments at "
          + "least --few-segments")
    }
  }

  func run() throws {
    let folder = try ScratchFolder.make(in: directory)
    defer { ScratchFolder.remove(folder) }
    var bench = SegmentsBench(
      folder: folder, segments: segments, fewSegments: fewSegments, rounds: rounds, reads: reads
    ) { writeError("\($0)\n") }
    try bench.run()
    print(bench.report.table)
  }
}
