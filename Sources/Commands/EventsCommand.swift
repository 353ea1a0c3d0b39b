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
        output.json ? writeLine(history.json) : history.printText()
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

    @Option(help: "Only what the producer called this (externalId).")
    var externalID: String?

    @Option(help: "Only events to this address: e-mail, phone number, token.")
    var to: String?

    @Option(help: "Only events whose present status was recorded then or later (RFC 3339).")
    var since: String?

    @Option(help: "Only events whose present status was recorded before then (RFC 3339).")
    var until: String?

    @Flag(help: "Only how many there are of each status, in each lane.")
    var count = false

    func validate() throws {
      if let status, Status(wireName: status) == nil {
        throw ValidationError("--status is one of \(Status.allCases.map { "\($0.wireName)" })")
      }
      if let lane, Lane(name: lane) == nil { throw ValidationError("--lane is realtime or batch") }
      for (name, text) in [("--since", since), ("--until", until)] {
        if let text, Timestamp(rfc3339: text) == nil {
          throw ValidationError("\(name) is a time such as 2026-12-24T06:00:00Z")
        }
      }
    }

    private var filter: EventFilter {
      var filter = EventFilter()
      filter.status = status.flatMap { Status(wireName: $0) }
      filter.lane = lane.flatMap { Lane(name: $0) }
      filter.type = type
      filter.channel = channel
      filter.externalID = externalID
      filter.address = to
      filter.since = since.flatMap { Timestamp(rfc3339: $0) }
      filter.until = until.flatMap { Timestamp(rfc3339: $0) }
      return filter
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

    private func printList(_ events: StoredEvents) throws {
      let parser = JSONParser()
      let filter = filter
      let progress = ScanProgress("reading")
      if !output.json { writeLine(UpdateLine.header) }
      try events.forEachNewest(filter, progress) { record in
        let update = try StoredEvents.update(record)
        try parser.withDocument(update) { root in
          guard filter.matches(root) else { return }
          progress.makeRoom()
          writeLine(
            output.json ? String(decoding: update, as: UTF8.self) : UpdateLine.text(root))
        }
      }
    }

    private func printCounts(_ events: StoredEvents) throws {
      let parser = JSONParser()
      let filter = filter
      var counts = EventCounts()
      try events.forEachNewest(filter, ScanProgress("counting")) { record in
        guard let state = RecordPayload(record.payload)?.state else { return }
        if filter.needsUpdate {
          let isWanted = try parser.withDocument(try StoredEvents.update(record)) {
            filter.matches($0)
          }
          guard isWanted else { return }
        }
        counts.add(state.status, state.lane)
      }
      if output.json {
        for line in counts.jsonLines { writeLine(line) }
      } else {
        writeLine(counts.table.text)
      }
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
