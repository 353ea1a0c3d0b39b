/// What a run measured.
struct BenchReport {
  var rounds = 0
  var count = 0
  var measurements: [Measurement] = []
  var latency: [LatencyProbe.Outcome] = []
  var memory: [MemoryProbe.Outcome] = []
}

extension BenchReport {
  /// For people.
  var table: String {
    var lines: [String] = []
    if !measurements.isEmpty { lines += throughputLines }
    if !latency.isEmpty { lines += latencyLines }
    if !memory.isEmpty {
      lines += ["", "memory of the service"]
      lines += memory.map { outcome in
        "  \(outcome.events) events: \(outcome.residentBytes >> 20) MiB resident, "
          + "index \(outcome.indexBytes >> 20) MiB"
      }
    }
    return lines.joined(separator: "\n")
  }

  private var throughputLines: [String] {
    let widths = [20, 10, 10, 11, 8, 9, 8, 9, 11, 7]
    func row(_ cells: [String]) -> String {
      zip(cells, widths).enumerated().map { index, cell in
        let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
        return index == 0 ? cell.0 + padding : padding + cell.0
      }.joined()
    }
    var lines = [
      "\(rounds) rounds of \(count) messages, medians; ratio: to the relay that also publishes",
      "one unrouted message (relay+1), goal 0.70; CPU in us a message, goal 20", "",
      row([
        "", "service/s", "relay/s", "relay+1/s", "ratio", "to plain", "CPU", "relay's", "relay+1's",
        "goals",
      ]),
    ]
    for it in measurements {
      lines.append(
        row([
          it.name, "\(Int(it.rate))", "\(Int(it.relayRate))", "\(Int(it.relayWithMessageRate))",
          Self.fixed(it.ratio, 2), Self.fixed(it.ratioToPlain, 2),
          Self.fixed(it.cpuMicroseconds, 1), Self.fixed(it.relayCPUMicroseconds, 1),
          Self.fixed(it.relayWithMessageCPUMicroseconds, 1), it.verdict,
        ]))
    }
    return lines
  }

  private var latencyLines: [String] {
    ["", "event published to delivery received, ms; of the real-time lane unless it says batch"]
      + latency.map { outcome in
        let load = outcome.batchRate < 1 ? "" : ", \(Int(outcome.batchRate)) batch events/s"
        let numbers = [
          ("p50", outcome.p50), ("p99", outcome.p99), ("p99.9", outcome.p999),
          ("worst", outcome.worst),
        ]
        return "  \(outcome.name): "
          + numbers.map { "\($0.0) \(Self.fixed($0.1, 1))" }.joined(separator: ", ")
          + " of \(outcome.milliseconds.count)\(load)"
      }
  }

  static func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: max(0, digits - fraction.count))
    return "\(scaled / scale).\(zeros)\(fraction)"
  }
}

extension Measurement {
  /// Nil where nothing is promised.
  var meetsGoals: Bool? {
    guard let goalRatio, let goalCPUMicroseconds else { return nil }
    return ratio >= goalRatio && cpuMicroseconds <= goalCPUMicroseconds
  }

  var verdict: String {
    switch meetsGoals {
    case true?: "met"
    case false?: "missed"
    case nil: "-"
    }
  }
}
