internal import EventLog

/// What `meddela-bench store-segments` measured.
struct SegmentsReport {
  /// One of the two stores.
  struct Side {
    var segments = 0
    var records = 0
    var makeSeconds = 0.0
    var volume = WriteVolume()
    /// Starts with nothing of the store in the page cache, and those right behind.
    private(set) var cold: [StartOutcome] = []
    private(set) var warm: [StartOutcome] = []

    mutating func add(cold: StartOutcome, warm: StartOutcome) {
      self.cold.append(cold)
      self.warm.append(warm)
    }
  }

  var many = Side()
  var few = Side()
  var reads = 0

  var table: String {
    var lines = [
      "\(many.records) records of \(many.records / 3) events; medians of \(many.warm.count) "
        + "starts, each in a process of its own; \(reads) look-ups of a kind, one after the other",
      "",
      Self.row("", "\(many.segments) segments", "\(few.segments) segments", "ratio"),
    ]
    for (name, isCold) in [("in memory", false), ("not in memory", true)] {
      lines += [
        "store's pages \(name)",
        row("  start ms", isCold, 1e3, \.startSeconds),
        row("  event that is there us", isCold, 1e6, \.present.median),
        row("    99th percentile", isCold, 1e6, \.present.high),
        row("  event that is not us", isCold, 1e6, \.absent.median),
        row("    99th percentile", isCold, 1e6, \.absent.high),
      ]
    }
    let mebibyte = 1 / Double(1 << 20)
    lines += [
      row("resident MiB at start", false, mebibyte) { Double($0.residentBytes) },
      row("resident MiB at the end", false, mebibyte) { Double($0.usedBytes) },
      row("of that indexes MiB", false, mebibyte) { Double($0.indexBytes) },
      row("descriptors", false, 1) { Double($0.descriptors) },
      row("of those not there, read", false, 1) { Double($0.absent.asked) },
      "",
      "\(many.segments) segments made in \(StoreReport.short(many.makeSeconds)) s: "
        + many.volume.sentence,
      "\(few.segments) segments made in \(StoreReport.short(few.makeSeconds)) s: "
        + few.volume.sentence,
    ]
    return lines.joined(separator: "\n")
  }

  private func row(
    _ name: String, _ isCold: Bool, _ unit: Double, _ value: (StartOutcome) -> Double
  ) -> String {
    func values(_ side: Side) -> [Double] {
      (isCold ? side.cold : side.warm).map { value($0) * unit }
    }
    let (many, few) = (values(many), values(few))
    let ratio = StoreReport.ratio(many, to: few)
    return Self.row(
      name, StoreReport.short(StoreReport.median(many)), StoreReport.short(StoreReport.median(few)),
      ratio.isFinite ? StoreReport.short(ratio) : "-")
  }

  private static func row(_ cells: String...) -> String {
    zip(cells, [26, 18, 16, 9]).enumerated().map { index, cell in
      let padding = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
      return index == 0 ? cell.0 + padding : padding + cell.0
    }.joined()
  }
}
