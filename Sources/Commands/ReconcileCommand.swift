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
      let result = try StoredEvents(configuration.load()).reconcile()
      output.json ? printJSON(result) : printText(result)
      guard result.problems.isEmpty else {
        throw CommandFailure("\(result.problems.count) things do not add up", .data)
      }
    }
  }

  private func printText(_ result: Reconciliation) {
    var table = TextTable(["LANE", "ACCEPTED", "OPEN", "FINAL", "DUPLICATES", "PARKED"])
    for lane in Lane.allCases {
      let totals = result.totals[lane]
      table.add([
        "\(lane.name)", "\(totals.accepted)", "\(totals.open)", "\(totals.final)",
        "\(totals.duplicates)", "\(totals.parked)",
      ])
    }
    writeLine(table.text)
    for problem in result.problems { writeLine(problem) }
  }

  private func printJSON(_ result: Reconciliation) {
    for lane in Lane.allCases {
      let totals = result.totals[lane]
      var object = JSONObjectText()
      object.add("lane", "\(lane.name)")
      object.add("accepted", totals.accepted)
      object.add("open", totals.open)
      object.add("final", totals.final)
      object.add("duplicates", totals.duplicates)
      object.add("parked", totals.parked)
      writeLine(object.text)
    }
    for problem in result.problems {
      var object = JSONObjectText()
      object.add("problem", problem)
      writeLine(object.text)
    }
  }
}
