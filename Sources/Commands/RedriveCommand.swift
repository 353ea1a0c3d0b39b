internal import ArgumentParser
internal import JSON
internal import Messages
internal import Node

/// `meddela events redrive`: another attempt for events that ended without success.
struct RedriveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "redrive",
    abstract: "Lets events that ended without success be delivered after all.",
    discussion: """
      Takes events that are not-covered, expired or delivery-failed: by id, or all that the \
      options select. Counts them first; --dry-run stops there. Done through the running service, \
      over the socket in its store. Safe to repeat: an event that has moved on since it was \
      counted is left alone.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The events' ids.")
  var ids: [String] = []

  @Option(help: "Only this status: not-covered, expired or delivery-failed.")
  var status: String?

  @Option(help: "Only this event type.")
  var type: String?

  @Option(help: "Only this reason code.")
  var reason: String?

  @Option(help: "Only what ended at this time or later, like 2026-12-24T06:00:00Z.")
  var since: String?

  @Option(help: "Only what ended before this time.")
  var until: String?

  @Flag(help: "Only count what would be redriven.")
  var dryRun = false

  @Option(help: "At most so many events in a second.")
  var rate = 50

  static let statuses: [Status] = [.notCovered, .expired, .deliveryFailed]

  func validate() throws {
    let names = Self.statuses.map { "\($0.wireName)" }
    if let status, !names.contains(status) {
      throw ValidationError("--status is one of \(names.joined(separator: ", "))")
    }
    for time in [since, until].compactMap({ $0 }) where Timestamp(rfc3339: time) == nil {
      throw ValidationError("\(time) is no time like 2026-12-24T06:00:00Z")
    }
    guard (1...10_000).contains(rate) else { throw ValidationError("--rate is 1 to 10000") }
    let isSelecting = [status, type, reason, since, until].contains { $0 != nil }
    if ids.isEmpty, !isSelecting {
      throw ValidationError("which events? Name ids, or select with --status and the like")
    }
  }

  private struct Candidate {
    var id: String
    var sequence: Int
    var group: String
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let candidates = try find(StoredEvents(node))
      report(candidates)
      guard !dryRun, !candidates.isEmpty else { return }
      try await redrive(candidates, ControlClient(node))
    }
  }

  private func find(_ events: StoredEvents) throws -> [Candidate] {
    let parser = JSONParser()
    let wanted = Set(ids)
    let from = since.flatMap { Timestamp(rfc3339: $0) }
    let to = until.flatMap { Timestamp(rfc3339: $0) }
    let names = Self.statuses.map { "\($0.wireName)" }
    var result: [Candidate] = []
    var found: Set<String> = []
    try events.forEachNewest(EventFilter(), ScanProgress("reading")) { record in
      try parser.withDocument(StoredEvents.update(record)) { root in
        func text(_ name: StaticString) -> String { root[name]?.asString?.string ?? "" }
        let id = text("eventId")
        if !wanted.isEmpty {
          guard wanted.contains(id) else { return }
          found.insert(id)
        }
        let code = root["reason"]?["code"]?.asString?.string ?? ""
        let time = Timestamp(rfc3339: text("recordedAt")) ?? .earliest
        // What is named is asked for whatever its status: the service says why not.
        guard !wanted.isEmpty || names.contains(text("status")),
          status == nil || text("status") == status, type == nil || text("type") == type,
          reason == nil || code == reason, from.map({ time >= $0 }) ?? true,
          to.map({ time < $0 }) ?? true
        else { return }
        result.append(
          Candidate(
            id: id, sequence: Int(root["sequence"]?.asInt64 ?? 0),
            group: "\(text("status")) \(text("type")) \(code.isEmpty ? "-" : code)"))
      }
    }
    for id in ids where !found.contains(id) {
      result.append(Candidate(id: id, sequence: 0, group: "not-found - -"))
    }
    return result
  }

  private func report(_ candidates: [Candidate]) {
    var counts: [String: Int] = [:]
    for candidate in candidates { counts[candidate.group, default: 0] += 1 }
    var table = Table(["STATUS", "TYPE", "REASON", "EVENTS"])
    for (group, count) in counts.sorted(by: { $0.key < $1.key }) {
      let parts = group.split(separator: " ").map(String.init)
      if output.json {
        var object = JSONObjectText()
        object.add("status", parts[0])
        object.add("type", parts[1])
        object.add("reason", parts[2])
        object.add("count", count)
        writeLine(object.text)
      } else {
        table.add(parts + ["\(count)"])
      }
    }
    if !output.json { writeLine(table.isEmpty ? "no event is selected" : table.text) }
  }

  private func redrive(_ candidates: [Candidate], _ client: ControlClient) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    var outcomes: [String: Int] = [:]
    var progress = ProgressBar("redriving", total: candidates.count)
    for (index, candidate) in candidates.enumerated() {
      try await clock.sleep(until: start + .seconds(1) * index / rate)
      let (line, outcome) = try client.redrive(candidate.id, sequence: candidate.sequence)
      outcomes[outcome, default: 0] += 1
      if output.json { writeLine(line) }
      progress.update(index + 1)
    }
    progress.finish(candidates.count)
    if !output.json {
      var table = Table(["OUTCOME", "EVENTS"])
      for (outcome, count) in outcomes.sorted(by: { $0.key < $1.key }) {
        table.add([outcome, "\(count)"])
      }
      writeLine(table.text)
    }
    if outcomes["done", default: 0] < candidates.count { throw ExitCode(1) }
  }
}
