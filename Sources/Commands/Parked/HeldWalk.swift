internal import AMQP
internal import ArgumentParser
internal import Node

/// What the commands over parked and unrouted messages have in common.
struct HeldWalk {
  let kind: HeldKind
  let configuration: ConfigurationOptions
  let waiting: WaitingOptions

  func callAsFunction(
    _ filter: ParkedFilter, limit: Int,
    _ handle: ([ParkedMessage], ParkedQueue.Tally) async throws -> [ParkedQueue.Verdict]
  ) async throws -> ParkedQueue.Tally {
    let node = try configuration.load()
    return try await CommandBroker.with(node, waiting, as: kind.word) { broker in
      try await ParkedQueue(broker, kind).walk(filter, limit: limit, handle)
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
  func dryRun(_ filter: ParkedFilter, _ limit: Int, _ output: OutputOptions) async throws {
    let disclosure = try Disclosure(configuration.load(), kind.word, reveals: false)
    var listing = ParkedListing(kind, json: output.json, disclosure)
    let tally = try await self(filter, limit: limit) { messages, _ in
      listing.add(messages)
      return messages.map { _ in .keep }
    }
    listing.finish(tally)
    if !output.json {
      writeLine(
        "\(tally.matched) of \(tally.depth) \(kind.word) messages match; nothing was changed")
    }
  }

  /// Says what has been done.
  ///
  /// - Throws: when some message could not be dealt with.
  func report(_ verb: String, _ tally: ParkedQueue.Tally, json: Bool) throws {
    if json {
      var object = JSONObjectText()
      object.add(verb, tally.taken)
      object.add("looked", tally.looked)
      object.add("skipped", tally.skipped)
      object.add("left", tally.left)
      writeLine(object.text)
    } else {
      writeLine(
        "\(verb) \(tally.taken) of \(tally.depth) \(kind.word) messages; \(tally.left) are left")
    }
    tally.warnOfRest()
    guard tally.skipped > 0 else { return }
    var why: [String] = []
    if tally.withoutOrigin > 0 {
      why.append("\(tally.withoutOrigin) messages do not say where they came from")
    }
    if tally.tooLarge > 0 {
      why.append(
        "\(tally.tooLarge) messages are above \(AMQPLimits.defaultMaximumBodyBytes) bytes")
    }
    throw CommandFailure("\(why.joined(separator: ", ")); they stay \(kind.word)", .data)
  }
}
