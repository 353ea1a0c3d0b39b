internal import ArgumentParser
internal import EventLog
internal import Execution
internal import JSON
internal import Messages
internal import Node
internal import Templates

/// `meddela events`: what the store knows of events. Reads the files, needs no service, and
/// disturbs none.
struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Shows events and their history from the store.",
    subcommands: [
      ShowCommand.self, ListCommand.self, ExplainCommand.self, RedriveCommand.self,
      ReconcileCommand.self,
    ])

  struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Shows one event and its whole history.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The event's id.")
    var id: String

    func run() async throws {
      try await reportingFailure {
        let history = try StoredEvents(configuration.load()).history(of: id)
        output.json ? history.printJSON() : history.printText()
      }
    }
  }

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists events with their present status.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Only this status.")
    var status: String?

    @Option(help: "Only this lane: realtime or batch.")
    var lane: String?

    @Option(help: "Only this event type.")
    var type: String?

    @Option(help: "Only this channel.")
    var channel: String?

    @Flag(help: "Only how many there are of each status, in each lane.")
    var count = false

    func validate() throws {
      if let status, Status(wireName: status) == nil {
        throw ValidationError("--status is one of \(Status.allCases.map { "\($0.wireName)" })")
      }
      if let lane, Lane(name: lane) == nil { throw ValidationError("--lane is realtime or batch") }
    }

    func run() async throws {
      try await reportingFailure {
        let events = try StoredEvents(configuration.load())
        if count {
          try printCounts(events)
        } else {
          try printList(events)
        }
      }
    }

    private func isWanted(_ update: JSONValue) -> Bool {
      func matches(_ name: StaticString, _ wanted: String?) -> Bool {
        wanted == nil || update[name]?.asString?.string == wanted
      }
      return matches("status", status) && matches("lane", lane) && matches("type", type)
        && matches("channel", channel)
    }

    private func printList(_ events: StoredEvents) throws {
      let parser = JSONParser()
      if !output.json { writeLine(UpdateLine.header) }
      try events.forEachNewest { update in
        try parser.withDocument(update) { root in
          guard isWanted(root) else { return }
          writeLine(
            output.json ? String(decoding: update, as: UTF8.self) : UpdateLine.text(root))
        }
      }
    }

    private func printCounts(_ events: StoredEvents) throws {
      let parser = JSONParser()
      var counts: [String: Int] = [:]
      try events.forEachNewest { update in
        try parser.withDocument(update) { root in
          guard isWanted(root) else { return }
          let status = root["status"]?.asString?.string ?? ""
          counts["\(root["lane"]?.asString?.string ?? "") \(status)", default: 0] += 1
        }
      }
      var table = Table(["STATUS"] + Lane.allCases.map { "\($0.name)".uppercased() })
      for status in Status.allCases {
        let row = Lane.allCases.map { counts["\($0.name) \(status.wireName)"] ?? 0 }
        if output.json {
          var object = JSONObjectText()
          object.add("status", "\(status.wireName)")
          for (lane, value) in zip(Lane.allCases, row) { object.add("\(lane.name)", value) }
          writeLine(object.text)
        } else {
          table.add(["\(status.wireName)"] + row.map { "\($0)" })
        }
      }
      if !output.json { writeLine(table.text) }
    }
  }

  struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "explain",
      abstract: "Says which template a stored event gets at present, and why no other.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The event's id.")
    var id: String

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let history = try StoredEvents(node).history(of: id)
        let catalog = try TemplatesCommand.catalog(node.templatesPath)
        let explanation = try EventFile.explain(
          history.body, catalog: catalog, lane: history.lane, now: WallClock.now())
        writeLine(output.json ? EventFile.json(explanation) : explanation.description)
      }
    }
  }
}
