internal import ArgumentParser
internal import EventLog
internal import JSON
internal import LogSequence
internal import Node

/// `meddela store export`.
struct StoreExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes all events with their history to standard output.",
    discussion: """
      ndjson: one object an event, as `events show --json` prints it. An event's records lie \
      scattered, so a log of more than --memory megabytes is first dealt out to files in --scratch \
      (as large as the log, removed at the end); memory stays about --memory. csv: one line a \
      transition, in the order of the log, in one pass with no memory to speak of. Of sensitive \
      events what they hold is left out, unless --reveal is given.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case ndjson
    case csv
  }

  @OptionGroup var configuration: ConfigurationOptions

  @OptionGroup var reveal: RevealOptions

  @OptionGroup var damage: PastDamageOptions

  @Option(help: "ndjson or csv.")
  var format = Format.ndjson

  @Option(help: "Megabytes that one part of the log may take in memory.")
  var memory = 256

  @Option(help: "An existing folder for the parts.")
  var scratch = "/var/tmp"

  func validate() throws {
    guard 1...1 << 20 ~= memory else { throw ValidationError("--memory is 1 to 1048576") }
  }

  func run() async throws {
    try await reportingStoreFailure {
      let node = try configuration.load()
      let shards = try StoreShards(node)
      let disclosure = Disclosure(node, "store export", reveals: reveal.isOn)
      let leftOut = LeftOut(damage)
      var lines = LineBuffer()
      if format == .csv { lines.add(TransitionLine.header) }
      for number in shards.numbers {
        let shard = try StoredShard(number, path: node.storePath(of: number), leftOut: leftOut)
        switch format {
        case .ndjson: try exportEvents(shard, disclosure, &lines)
        case .csv: try exportTransitions(shard, &lines)
        }
      }
      lines.flush()
      leftOut.say()
    }
  }

  private func exportEvents(
    _ shard: StoredShard, _ disclosure: Disclosure, _ lines: inout LineBuffer
  ) throws {
    let progress = ScanProgress("reading")
    let grouping = EventGrouping(shard.reader, scratch: scratch, budgetBytes: memory << 20)
    try grouping.forEach(progress: { progress.update(Int($0), of: Int($1)) }) { block in
      progress.makeRoom()
      let id = block.withFirst { String(decoding: $0.id, as: UTF8.self) } ?? ""
      var history = EventHistory(id: id, shard: shard.number, lineage: shard.reader.lineage)
      try block.forEach { record in try history.add(record) }
      lines.add(history.json(hidden: disclosure.reason(history) != nil))
    }
    progress.finish()
  }

  private func exportTransitions(_ shard: StoredShard, _ lines: inout LineBuffer) throws {
    let progress = ScanProgress("reading")
    let parser = JSONParser()
    let total = Int(shard.reader.durableLSN.rawValue)
    try shard.reader.forEachRecord { record in
      progress.update(Int(record.header.lsn.rawValue), of: total)
      guard record.header.flags.isOfEvent else { return }
      let update = try shard.update(record)
      let isEvidence = EventHistory.isEvidence(record)
      progress.makeRoom()
      lines.add(try parser.withDocument(update) { TransitionLine.text($0, isEvidence: isEvidence) })
    }
    progress.finish()
  }
}

/// One status update as a line of CSV (RFC 4180).
enum TransitionLine {
  private static let names: [StaticString] = [
    "eventId", "sequence", "status", "previousStatus", "lane", "channel", "type", "origin",
    "externalId", "attempt", "deliveryId", "occurredAt", "recordedAt", "shard", "lsn",
  ]

  static let header =
    (names.map { "\($0)" } + ["reasonCode", "reasonText", "evidence"]).joined(separator: ",")

  /// - Parameter isEvidence: a delivery log that was kept and changed nothing.
  static func text(_ update: JSONValue, isEvidence: Bool) -> String {
    var cells = names.map { cell(update[$0]) }
    cells.append(cell(update["reason"]?["code"]))
    cells.append(cell(update["reason"]?["text"]))
    cells.append("\(isEvidence)")
    return cells.joined(separator: ",")
  }

  private static func cell(_ value: JSONValue?) -> String {
    guard let value, !value.isNull else { return "" }
    let text = value.asString?.string ?? value.asInt64.map { "\($0)" } ?? ""
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
