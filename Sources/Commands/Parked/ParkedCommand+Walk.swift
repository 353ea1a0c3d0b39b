internal import AMQP
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
    var listing = ParkedListing(json: output.json)
    let tally = try await walk(configuration, filter, limit: limit) { messages, _ in
      listing.add(messages)
      return messages.map { _ in .keep }
    }
    listing.finish(tally)
    if !output.json {
      writeLine("\(tally.matched) of \(tally.depth) parked messages match; nothing was changed")
    }
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
    tally.warn()
    guard tally.skipped > 0 else { return }
    var why: [String] = []
    if tally.withoutOrigin > 0 {
      why.append("\(tally.withoutOrigin) messages do not say where they came from")
    }
    if tally.tooLarge > 0 {
      why.append(
        "\(tally.tooLarge) messages are above \(AMQP.Limits.defaultMaximumBodyBytes) bytes")
    }
    throw CommandFailure("\(why.joined(separator: ", ")); they stay parked", .data)
  }
}
