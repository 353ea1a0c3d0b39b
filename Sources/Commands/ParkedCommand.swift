internal import ArgumentParser
internal import Node

/// `meddela parked`: messages that could not become events or delivery logs.
struct ParkedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked",
    abstract: "Looks at the parked messages, replays them, or throws them away.",
    subcommands: [
      ListCommand.self, HeldShowCommand<ParkedMessages>.self,
      HeldReplayCommand<ParkedMessages>.self, HeldDiscardCommand<ParkedMessages>.self,
    ])

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "Lists the parked messages and why they are; takes none away.",
      discussion: """
        With them come the copies that the broker has not taken into the parked queue yet, when \
        store.path is on this machine: they wait in the event log, and are marked as waiting.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var waitingOptions: WaitingOptions
    @OptionGroup var filter: ParkedFilter
    @OptionGroup var reveal: RevealOptions

    @Option(help: "At most so many messages, and so many waiting copies, oldest first.")
    var limit: Int?

    @Flag(inversion: .prefixedNo, help: "Look for copies that wait in the event log.")
    var waiting = true

    func validate() throws {
      if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let disclosure = Disclosure(node, "parked list", reveals: reveal.isOn)
        var listing = ParkedListing(.parked, json: output.json, disclosure)
        // The log before the queue: what goes from one to the other meanwhile is in both.
        var waitingCount = 0
        if waiting, let copies = WaitingCopies(node) {
          try copies.forEach(filter) { copy in
            waitingCount += 1
            if waitingCount <= limit ?? ParkedListing.mostWaiting { listing.add(copy) }
          }
        }
        let walk = HeldWalk(kind: .parked, configuration: configuration, waiting: waitingOptions)
        let tally = try await walk(filter, limit: limit ?? Int.max) { messages, _ in
          listing.add(messages)
          return messages.map { _ in .keep }
        }
        listing.finish(tally, waitingCount: waitingCount)
      }
    }
  }
}
