internal import ArgumentParser
internal import Messages

/// Which events are meant, by everything but their status. Everything given must hold.
struct EventSelection: ParsableArguments {
  @Option(help: "Only this lane: realtime or batch.")
  var lane: String?

  @Option(help: "Only this event type.")
  var type: String?

  @Option(help: "Only this channel.")
  var channel: String?

  @Option(help: "Only what the producer called this (externalId).")
  var externalID: String?

  @Option(
    help: "Only events to this address: e-mail (capital letters do not matter), phone, token.")
  var to: String?

  @Option(help: "Only events whose present status was recorded then or later: a time, or 1h ago.")
  var since: String?

  @Option(help: "Only events whose present status was recorded before then.")
  var until: String?

  mutating func validate() throws {
    if let lane, Lane(name: lane) == nil { throw ValidationError("--lane is realtime or batch") }
    for (name, text) in [("--since", since), ("--until", until)] {
      if let text, TimeArgument.parse(text) == nil {
        throw ValidationError("\(name) \(text): expected \(TimeArgument.expected)")
      }
    }
  }

  /// Whether every event is meant.
  var isEmpty: Bool {
    [lane, type, channel, externalID, to, since, until].allSatisfy { $0 == nil }
  }

  /// As a filter over records.
  ///
  /// - Parameter status: nil for any.
  func filter(status: Status? = nil) -> EventFilter {
    var filter = EventFilter()
    if let status { filter.statuses = [status] }
    filter.lane = lane.flatMap { Lane(name: $0) }
    filter.type = type
    filter.channel = channel
    filter.externalID = externalID
    filter.address = to
    filter.since = since.flatMap { TimeArgument.parse($0) }
    filter.until = until.flatMap { TimeArgument.parse($0) }
    return filter
  }
}
