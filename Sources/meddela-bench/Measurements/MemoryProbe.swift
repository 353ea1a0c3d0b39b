/// Resident memory of the service after each million stored events, all of them sent.
struct MemoryProbe {
  let bench: Bench
  let millions: Int
  /// Published at a time, so that neither the broker nor a queue fills up.
  private static let part = 50_000

  struct Outcome {
    var events: Int
    var residentBytes: Int
    var indexBytes: Int
  }

  /// - Parameter first: the number of the first event.
  func run(first: Int) async throws -> [Outcome] {
    var outcomes: [Outcome] = []
    let service = try ServiceProcess(bench)
    try service.waitUntilReady()
    var settled = 0
    for part in 0..<(millions * 1_000_000 / Self.part) {
      for isStatus in [false, true] {
        let number = first + part * Self.part
        if isStatus {
          try bench.fillLogs(first: number, count: Self.part)
        } else {
          try bench.fillEvents(first: number, count: Self.part)
        }
        settled += Self.part
        _ = try service.wait(for: "\(settled) messages") { reading in
          reading["settled_total"] >= settled && reading.isOutboxEmpty && reading.isDurable
        }
        try await bench.purge()
      }
      let events = (part + 1) * Self.part
      if events % 1_000_000 == 0 {
        let reading = service.metrics.read()
        outcomes.append(
          Outcome(
            events: events, residentBytes: service.child.residentBytes(),
            indexBytes: reading?["index_bytes"] ?? 0))
        writeError("\(events) events: \(service.child.residentBytes() >> 20) MiB resident\n")
      }
    }
    try service.stop()
    return outcomes
  }
}
