internal import AMQP

/// What a message with n, 2n and 4n bad elements costs the service in CPU time: twice as many cost
/// twice as much, or a large enough message stops everybody.
struct LinearCost {
  static let name = "cost"

  let bench: Bench
  let count: Int

  struct Outcome: Sendable {
    let name: String
    let count: Int
    /// For n, 2n and 4n.
    let cpuSeconds: [Double]
    /// All that could be measured, in time.
    var isLinear: Bool {
      cpuSeconds.count == 3 && cpuSeconds[1] <= 2.5 * cpuSeconds[0]
        && cpuSeconds[2] <= 5 * cpuSeconds[0]
    }
  }

  private static let limitSeconds = 240.0

  func measure(_ notation: BadElementsRow.Notation) async throws -> Outcome {
    let row = BadElementsRow(notation: notation, count: count)
    writeError("CPU of \(count), \(2 * count), \(4 * count) bad elements: \(notation.rawValue)\n")
    try await bench.purgeService()
    let stage = try await FairnessStage(bench, CostRow(name: "cost-\(notation.rawValue)"))
    var seconds: [Double] = []
    var parked = 0
    do {
      for (messages, factor) in [1, 2, 4].enumerated() {
        let elements = factor * row.count
        let before = stage.service.child.cpuSeconds()
        stage.setLimit(seconds: Self.limitSeconds)
        try await stage.load.publish(BadElementsRow.message(stage, notation, elements))
        parked += elements
        let wanted = parked
        try await stage.wait(for: "\(elements) parked elements") {
          $0.parked >= wanted && $0.settled > messages
        }
        seconds.append(stage.service.child.cpuSeconds() - before)
      }
    } catch let limit as FairnessLimit {
      writeError("\(limit)\n")
    }
    stage.service.child.stop(withinSeconds: 40)
    await stage.load.client.close()
    return Outcome(name: notation.rawValue, count: count, cpuSeconds: seconds)
  }

  /// Only a service of its own.
  private struct CostRow: FairnessRow {
    let name: String
    var title: String { name }
    func disturb(_ stage: FairnessStage) async throws {}
  }
}
