internal import ArgumentParser
internal import Node

// What the parked commands have in common.
extension ParkedCommand {
  static func walk(
    _ configuration: ConfigurationOptions, _ filter: ParkedFilter, limit: Int,
    _ handle: ([ParkedMessage], ParkedQueue.Tally) async throws -> [ParkedQueue.Verdict]
  ) async throws -> ParkedQueue.Tally {
    let node = try configuration.load()
    return try await CommandBroker.with(node, as: "parked") { broker in
      try await ParkedQueue(client: broker.client, name: broker.topology.parked)
        .walk(filter, limit: limit, handle)
    }
  }

  /// Taking messages away wants to be told which: a filter, or that all are meant.
  static func checkSelection(
    _ filter: ParkedFilter, all: Bool, limit: Int?, to verb: String
  ) throws {
    if filter.isEmpty, !all {
      throw ValidationError("say which messages to \(verb): give a filter, or --all")
    }
    if !filter.isEmpty, all { throw ValidationError("--all and a filter contradict each other") }
    if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
  }

  /// Lists what matches and takes nothing away.
  static func dryRun(
    _ configuration: ConfigurationOptions, _ filter: ParkedFilter, _ limit: Int,
    _ output: OutputOptions
  ) async throws {
    var rows: [ParkedMessage] = []
    let tally = try await walk(configuration, filter, limit: limit) { messages, _ in
      rows += messages
      return messages.map { _ in .keep }
    }
    printList(rows, tally, json: output.json)
    if !output.json {
      writeLine("\(tally.matched) of \(tally.depth) parked messages match; nothing was changed")
    }
  }

  static func printList(_ messages: [ParkedMessage], _ tally: ParkedQueue.Tally, json: Bool) {
    if json {
      for message in messages { writeLine(message.json) }
    } else if messages.isEmpty {
      writeLine(tally.depth == 0 ? "nothing is parked" : "no parked message is like that")
    } else {
      var table = Table(ParkedMessage.columns)
      for message in messages { table.add(message.row) }
      writeLine(table.text)
    }
    warnIfCut(tally)
  }

  /// Says what has been done.
  ///
  /// - Throws: when some message could not be dealt with.
  static func report(_ verb: String, _ tally: ParkedQueue.Tally, json: Bool) throws {
    if json {
      var object = JSONObjectText()
      object.add(verb, tally.taken)
      object.add("looked", tally.looked)
      object.add("skipped", tally.skipped)
      object.add("left", tally.left)
      writeLine(object.text)
    } else {
      writeLine("\(verb) \(tally.taken) of \(tally.depth) parked messages; \(tally.left) are left")
    }
    warnIfCut(tally)
    if tally.skipped > 0 {
      throw CommandFailure(
        "\(tally.skipped) messages do not say where they came from; they stay parked", .data)
    }
  }

  private static func warnIfCut(_ tally: ParkedQueue.Tally) {
    guard tally.isCut else { return }
    writeError(
      """
      meddela: looked at the oldest \(tally.looked) of \(tally.depth) messages only: the broker \
      gives no more than \(ParkedQueue.most) at one time. Deal with some of these first\n
      """)
  }
}
