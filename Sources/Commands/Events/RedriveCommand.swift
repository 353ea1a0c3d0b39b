internal import ArgumentParser
internal import EventLog
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
      counted is left alone, and that is said. `events resend` sends what was sent once more.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions
  @OptionGroup var selection: EventSelection

  @Argument(help: "The events' ids.")
  var ids: [String] = []

  @Option(help: "Only this status: not-covered, expired or delivery-failed.")
  var status: String?

  @Option(help: "Only this reason code.")
  var reason: String?

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
    guard (1...10_000).contains(rate) else { throw ValidationError("--rate is 1 to 10000") }
    if ids.isEmpty, status == nil, reason == nil, selection.isEmpty {
      throw ValidationError("which events? Name ids, or select with --status and the like")
    }
  }

  /// What is counted together.
  private struct Group: Hashable, Comparable {
    var status: String
    var type: String
    /// Any text: a delivery engine's own, such as `550 5.1.1`; empty for none.
    var reason: String

    static func < (a: Group, b: Group) -> Bool {
      (a.status, a.type, a.reason) < (b.status, b.type, b.reason)
    }
  }

  private struct Candidate {
    var id: String
    /// The one that is asked; the first for an event that none has, which says so.
    var shard: ShardNumber
    var sequence: Int
    var group: Group
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let candidates = try find(StoredEvents(node))
      report(candidates)
      guard !dryRun, !candidates.isEmpty else { return }
      try await redrive(candidates, ControlClients(node, waiting))
    }
  }

  private func find(_ events: StoredEvents) throws -> [Candidate] {
    var result: [Candidate] = []
    var found: Set<String> = []
    for shard in events.shards { try find(in: shard, &result, &found) }
    let selected = Set(result.map(\.id))
    for id in ids where found.contains(id) && !selected.contains(id) {
      warn("event \(id) is left alone: the options do not select it")
    }
    for id in ids where !found.contains(id) {
      result.append(
        Candidate(
          id: id, shard: events.shards[0].number, sequence: 0,
          group: Group(status: "not-found", type: "", reason: "")))
    }
    return result
  }

  /// - Parameter found: gets those of `ids` that the shard has, selected or not.
  private func find(
    in shard: StoredShard, _ result: inout [Candidate], _ found: inout Set<String>
  ) throws {
    let parser = JSONParser()
    let wanted = Set(ids)
    var filter = selection.filter(status: status.flatMap { Status(wireName: $0) })
    filter.reason = reason
    if wanted.isEmpty {
      if status == nil { filter.statuses = Set(Self.statuses) }
    } else {
      // What is named is asked for whatever its status: the service says why not.
      try filter.findAddressed(shard.reader) { _, _ in }
    }
    // Ids are looked for among all: that one is not selected is no reason to call it unknown.
    try shard.forEachNewest(
      wanted.isEmpty ? filter : EventFilter(), ScanProgress("reading")
    ) { record in
      let id = String(decoding: record.id, as: UTF8.self)
      if !wanted.isEmpty {
        guard wanted.contains(id) else { return }
        found.insert(id)
        guard filter.mayMatch(record) else { return }
      }
      try parser.withDocument(shard.update(record)) { root in
        func text(_ name: StaticString) -> String { root[name]?.asString?.string ?? "" }
        guard filter.matches(root) else { return }
        let code = root["reason"]?["code"]?.asString?.string ?? ""
        result.append(
          Candidate(
            id: id, shard: shard.number, sequence: Int(root["sequence"]?.asInt64 ?? 0),
            group: Group(status: text("status"), type: text("type"), reason: code)))
      }
    }
  }

  private func report(_ candidates: [Candidate]) {
    var counts: [Group: Int] = [:]
    for candidate in candidates { counts[candidate.group, default: 0] += 1 }
    var table = TextTable(["STATUS", "TYPE", "REASON", "EVENTS"])
    for (group, count) in counts.sorted(by: { $0.key < $1.key }) {
      if output.json {
        var object = JSONObjectText()
        object.add("status", group.status)
        object.add("type", group.type.isEmpty ? "-" : group.type)
        object.add("reason", group.reason.isEmpty ? "-" : group.reason)
        object.add("count", count)
        writeLine(object.text)
      } else {
        let cells = [group.status, group.type, group.reason].map { $0.isEmpty ? "-" : $0 }
        table.add(cells + ["\(count)"])
      }
    }
    if !output.json { writeLine(table.isEmpty ? "no event is selected" : table.text) }
  }

  private func redrive(_ candidates: [Candidate], _ clients: ControlClients) async throws {
    let clock = ContinuousClock()
    let start = clock.now
    var results = ControlResults(json: output.json)
    var progress = ProgressBar("redriving", total: candidates.count)
    for (index, candidate) in candidates.enumerated() {
      try await clock.sleep(until: start + .seconds(1) * index / rate)
      let client = try clients.client(of: candidate.shard)
      let answer = try client.redrive(candidate.id, sequence: candidate.sequence)
      results.add(answer, of: candidate.id)
      progress.update(index + 1)
    }
    progress.finish(candidates.count)
    try results.finish(verb: "redriven")
  }
}
