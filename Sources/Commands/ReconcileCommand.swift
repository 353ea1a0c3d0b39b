internal import ArgumentParser
internal import Execution
internal import Messages
internal import Node

/// `meddela events reconcile`: whether what came in is what is open and what is final.
struct ReconcileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconcile",
    abstract: "Counts all events from their records and names what does not add up.",
    discussion: "Reads the files, needs no service. Ends with 65 when something does not add up.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingFailure {
      let shards = try StoredEvents(configuration.load()).shards
      let results = try shards.map { (shard: $0.number, result: try $0.reconcile()) }
      output.json ? printJSON(results) : printText(results)
      let problems = results.reduce(0) { $0 + $1.result.problems.count }
      guard problems == 0 else {
        throw CommandFailure("\(problems) things do not add up", .data)
      }
    }
  }

  private typealias Results = [(shard: ShardNumber, result: Reconciliation)]

  private func printText(_ results: Results) {
    var table = TextTable([
      "SHARD", "LANE", "ACCEPTED", "OPEN", "FINAL", "DUPLICATES", "PARKED",
    ])
    for (shard, result) in results {
      for lane in Lane.allCases {
        let totals = result.totals[lane]
        table.add([
          "\(shard)", "\(lane.name)", "\(totals.accepted)", "\(totals.open)", "\(totals.final)",
          "\(totals.duplicates)", "\(totals.parked)",
        ])
      }
    }
    writeLine(table.text)
    for (shard, result) in results {
      for problem in result.problems { writeLine("shard \(shard): \(problem)") }
    }
  }

  private func printJSON(_ results: Results) {
    for (shard, result) in results {
      for lane in Lane.allCases {
        let totals = result.totals[lane]
        var object = JSONObjectText()
        object.add("shard", "\(shard)")
        object.add("lane", "\(lane.name)")
        object.add("accepted", totals.accepted)
        object.add("open", totals.open)
        object.add("final", totals.final)
        object.add("duplicates", totals.duplicates)
        object.add("parked", totals.parked)
        writeLine(object.text)
      }
    }
    for (shard, result) in results {
      for problem in result.problems {
        var object = JSONObjectText()
        object.add("shard", "\(shard)")
        object.add("problem", problem)
        writeLine(object.text)
      }
    }
  }
}
