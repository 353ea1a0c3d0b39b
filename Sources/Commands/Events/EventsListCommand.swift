internal import ArgumentParser
internal import EventLog
internal import Execution
internal import JSON
internal import Messages

/// `meddela events list`.
struct EventsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists events with their present status, newest first.",
    discussion: """
      On a terminal it shows the newest 100, unless --limit says otherwise; elsewhere all. Memory \
      is a bit for each record of the log and 24 bytes for each event that is listed.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var selection: EventSelection
  @OptionGroup var damage: PastDamageOptions

  @Option(help: "Only this status.")
  var status: String?

  @Option(help: "At most so many events.")
  var limit: Int?

  @Flag(help: "Only how many there are of each status, in each lane.")
  var count = false

  /// Without --limit, on a terminal.
  static let terminalLimit = 100

  func validate() throws {
    if let status, Status(wireName: status) == nil {
      let names = Status.allCases.map { "\($0.wireName)" }.joined(separator: ", ")
      throw ValidationError("--status is one of \(names)")
    }
    if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    if count, limit != nil { throw ValidationError("--count counts all: --limit is not for it") }
  }

  private var filter: EventFilter {
    selection.filter(status: status.flatMap { Status(wireName: $0) })
  }

  func run() async throws {
    try await reportingFailure {
      let leftOut = LeftOut(damage)
      let events = try StoredEvents(configuration.load(), leftOut: leftOut)
      if count {
        try printCounts(events)
      } else {
        try printList(events)
      }
      leftOut.say()
    }
  }

  private func printList(_ events: StoredEvents) throws {
    let parser = JSONParser()
    let filter = filter
    let most = limit ?? (Terminal.outputIsTerminal ? Self.terminalLimit : Int.max / 2)
    var shown = 0
    var lines = LineBuffer()
    let found = try events.forEachNewestFirst(filter, limit: most, "reading") { shard, record in
      guard filter.needsUpdate else { return true }
      return try parser.withDocument(try shard.update(record)) { filter.matches($0) }
    } _: { shard, record in
      let update = try shard.update(record)
      return try parser.withDocument(update) { root in
        output.json ? String(decoding: update, as: UTF8.self) : UpdateLine.text(root)
      }
    } _: { line in
      if shown == 0, !output.json { lines.add(UpdateLine.header) }
      shown += 1
      lines.add(line)
    }
    lines.flush()
    if found == 0, !output.json {
      writeLine(status == nil && selection.isEmpty ? "no event" : "no event is like that")
    }
    if limit == nil, found > shown {
      warn("these are the newest \(shown) of \(found) events; --limit shows more")
    }
  }

  private func printCounts(_ events: StoredEvents) throws {
    let parser = JSONParser()
    let filter = filter
    var counts = EventCounts()
    try events.forEachNewest(filter, "counting") { shard, record in
      guard let state = RecordPayload(record.payload)?.state else { return }
      if filter.needsUpdate {
        let isWanted = try parser.withDocument(try shard.update(record)) {
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
