internal import ArgumentParser
internal import JSON
internal import Node

/// `meddela events resend`: the delivery of a final event once more.
struct EventsResendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resend",
    abstract: "Sends the delivery of events once more, on purpose, whatever came of the last.",
    discussion: """
      Another attempt of an event that is final, sent ones among them: on the channel and with the \
      template version of the last attempt, so the recipient gets the same message again. It is in \
      the event's history with the reason resent. Done through the running service, over the \
      socket in its store.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions

  @Argument(help: "The events' ids.")
  var ids: [String]

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let events = try StoredEvents(node)
      // All are looked for before the first is sent.
      let histories = try ids.map { try events.history(of: $0) }
      let clients = ControlClients(node, waiting)
      var results = ControlResults(json: output.json)
      for history in histories {
        let sequence = try Self.sequence(history)
        let client = try clients.client(of: history.shard)
        results.add(try client.resend(history.id, sequence: sequence), of: history.id)
      }
      try results.finish(verb: "resent")
    }
  }

  /// Of the newest transition: one that comes meanwhile is not repeated over.
  private static func sequence(_ history: EventHistory) throws -> Int {
    guard let last = history.updates.last else { return 0 }
    return try JSONParser().withDocument(last.json) { Int($0["sequence"]?.asInt64 ?? 0) }
  }
}
