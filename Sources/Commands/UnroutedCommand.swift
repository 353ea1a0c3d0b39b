internal import ArgumentParser

/// `meddela unrouted`: messages that were published to one of the three inputs when no queue was
/// bound there for them.
struct UnroutedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unrouted",
    abstract: "Looks at messages that found no queue, replays them, or throws them away.",
    subcommands: [
      ListCommand.self, HeldShowCommand<UnroutedMessages>.self,
      HeldReplayCommand<UnroutedMessages>.self, HeldDiscardCommand<UnroutedMessages>.self,
    ])

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "Lists the messages that found no queue; takes none away.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var waiting: WaitingOptions
    @OptionGroup var filter: ParkedFilter
    @OptionGroup var reveal: RevealOptions

    @Option(help: "At most so many messages, oldest first.")
    var limit: Int?

    func validate() throws {
      if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func run() async throws {
      try await reportingFailure {
        let disclosure = try Disclosure(
          configuration.load(), "unrouted list", reveals: reveal.isOn)
        var listing = ParkedListing(.unrouted, json: output.json, disclosure)
        let walk = HeldWalk(kind: .unrouted, configuration: configuration, waiting: waiting)
        let tally = try await walk(filter, limit: limit ?? Int.max) { messages, _ in
          listing.add(messages)
          return messages.map { _ in .keep }
        }
        listing.finish(tally)
      }
    }
  }
}
