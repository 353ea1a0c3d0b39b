internal import ArgumentParser
internal import Messages
internal import Node

/// `meddela events cancel`: nothing more of an event is to go out.
struct EventsCancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancels events that are pending: nothing of them goes out.",
    discussion: """
      A pending event becomes ignored, with the reason cancelled; of a failed one that waits for \
      its fallback channel the fallback is given up. An event that has not come yet is cancelled \
      when it comes, as long as the store keeps an id (store.retentionDays). One whose delivery \
      is out stays, and that ends the command with 65. Done through the running service, over the \
      socket in its store.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions

  @Argument(help: "The events' ids.")
  var ids: [String]

  func validate() throws {
    for id in ids where !Array(id.utf8).withUnsafeBytes({ isEventID($0) }) {
      throw ValidationError("an event's id is 1 to 128 printable ASCII characters")
    }
  }

  func run() async throws {
    try await reportingFailure {
      let client = try ControlClient(try configuration.load(), waiting)
      var results = ControlResults(json: output.json, namesAll: true)
      for id in ids { results.add(try client.cancel(id), of: id) }
      try results.finish(verb: "cancelled")
    }
  }
}
