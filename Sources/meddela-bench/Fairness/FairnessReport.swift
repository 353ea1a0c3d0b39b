/// What a calm producer saw beside one row.
struct FairnessResult: Sendable {
  let name: String
  let title: String
  private(set) var calm: CalmOutcome
  /// The same at the same time without the service: from the producer over the broker to a
  /// consumer.
  private(set) var bare: CalmOutcome
  /// That the disturbance took, and what the service used meanwhile: at most, as what follows.
  private(set) var seconds: Double
  private(set) var cpuSeconds: Double
  /// Resident memory of the service.
  private(set) var peakBytes: Int
  /// Why the disturbance did not come to its end; nil when it did.
  private(set) var unfinished: String?
  /// More that is worth saying.
  var notes: [String] = []

  /// Above what the calm producer sees when it is alone.
  static let goalP99 = 50.0
  static let goalWorst = 250.0

  /// Takes another round of the same row in.
  mutating func add(_ other: FairnessResult) {
    calm.add(other.calm)
    bare.add(other.bare)
    seconds = max(seconds, other.seconds)
    cpuSeconds = max(cpuSeconds, other.cpuSeconds)
    peakBytes = max(peakBytes, other.peakBytes)
    unfinished = unfinished ?? other.unfinished
    notes += other.notes
  }

  /// What was missed of the goals, in words; empty when nothing was.
  func misses(idle: CalmOutcome) -> [String] {
    var misses: [String] = []
    if calm.missing > 0 { misses.append("\(calm.missing) deliveries never came") }
    if calm.p99 - idle.p99 > Self.goalP99 { misses.append("p99") }
    if calm.worst - idle.worst > Self.goalWorst { misses.append("max") }
    if let unfinished { misses.append(unfinished) }
    return misses
  }
}

/// The rows as a table for people, and whether the goals are met.
struct FairnessReport {
  var idle: FairnessResult
  var rows: [FairnessResult] = []
  var costs: [LinearCost.Outcome] = []

  /// Takes another round in.
  mutating func add(_ other: FairnessReport) {
    idle.add(other.idle)
    for row in other.rows {
      guard let index = rows.firstIndex(where: { $0.name == row.name }) else { continue }
      rows[index].add(row)
    }
  }

  var meetsGoals: Bool {
    rows.allSatisfy { $0.misses(idle: idle.calm).isEmpty } && costs.allSatisfy(\.isLinear)
  }

  var table: String {
    var lines = [
      Self.cells(
        [
          "row", "events", "p50 ms", "p99 ms", "max ms", "broker p99", "max", "took s", "CPU s",
          "peak MiB", "goal",
        ]),
      Self.line(idle, idle: nil),
    ]
    lines += rows.map { Self.line($0, idle: idle.calm) }
    for row in rows { lines += row.notes.map { "\(row.name): \($0)" } }
    lines.append("broker: the same without the service, from the producer to a consumer")
    lines.append(
      "goal: p99 at most \(Int(FairnessResult.goalP99)) ms and max at most "
        + "\(Int(FairnessResult.goalWorst)) ms above idle")
    if !costs.isEmpty {
      lines.append("")
      lines.append(
        Self.cells(["CPU s of bad elements", "n", "CPU n", "2n", "4n", "", "", "", "", "", "goal"]))
      lines += costs.map { cost in
        Self.cells(
          [cost.name, "\(cost.count)"] + cost.cpuSeconds.map { Self.rounded($0, 2) }
            + ["", "", "", "", "", cost.isLinear ? "met" : "MISSED"])
      }
      lines.append("goal: 2n at most 2.5 times and 4n at most 5 times n")
    }
    return lines.joined(separator: "\n")
  }

  static func line(_ result: FairnessResult, idle: CalmOutcome?) -> String {
    let misses = idle.map { result.misses(idle: $0) }
    let goal = misses.map { $0.isEmpty ? "met" : "MISSED: " + $0.joined(separator: ", ") } ?? ""
    let calm = result.calm
    return cells([
      result.name, "\(calm.count)", rounded(calm.p50, 1), rounded(calm.p99, 1),
      rounded(calm.worst, 1), rounded(result.bare.p99, 1), rounded(result.bare.worst, 1),
      rounded(result.seconds, 1), rounded(result.cpuSeconds, 1),
      "\(result.peakBytes >> 20)", goal,
    ])
  }

  private static let widths = [22, 8, 8, 8, 8, 11, 8, 8, 8, 9, 0]

  /// The first column to the left, numbers to the right.
  private static func cells(_ texts: [String]) -> String {
    zip(texts, widths).enumerated().map { index, cell in
      let (text, width) = cell
      let blanks = String(repeating: " ", count: max(0, width - text.count))
      return index == 0 || width == 0 ? text + blanks + " " : blanks + text + " "
    }.joined()
  }

  private static func rounded(_ value: Double, _ digits: Int) -> String {
    let factor = digits == 2 ? 100.0 : 10.0
    return "\((value * factor).rounded() / factor)"
  }
}
