internal import AMQP
internal import ArgumentParser
internal import Node

/// `meddela parked`: messages that could not become events or delivery logs.
struct ParkedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked",
    abstract: "Looks at the parked messages, replays them, or throws them away.",
    subcommands: [
      ListCommand.self, ShowCommand.self, ReplayCommand.self, DiscardCommand.self,
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
    @OptionGroup var filter: ParkedFilter

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
        var listing = ParkedListing(json: output.json)
        // The log before the queue: what goes from one to the other meanwhile is in both.
        var waitingCount = 0
        if waiting, let copies = WaitingCopies(node) {
          try copies.forEach(filter) { copy in
            waitingCount += 1
            if waitingCount <= limit ?? ParkedQueue.most { listing.add(copy) }
          }
        }
        let tally = try await ParkedCommand.walk(configuration, filter, limit: limit ?? Int.max) {
          messages, _ in
          listing.add(messages)
          return messages.map { _ in .keep }
        }
        listing.finish(tally, waitingCount: waitingCount)
      }
    }
  }

  struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Shows parked messages whole: properties, headers and body.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var filter: ParkedFilter

    @ArgumentParser.Argument(help: "The message_id; the same as --id.")
    var message: String?

    @Option(help: "At most so many messages, oldest first.")
    var limit = 10

    func validate() throws {
      guard limit > 0 else { throw ValidationError("--limit is at least 1") }
      if message != nil, filter.id != nil { throw ValidationError("give the id once") }
    }

    func run() async throws {
      try await reportingFailure {
        var filter = filter
        if let message { filter.id = message }
        var shown: [String] = []
        _ = try await ParkedCommand.walk(configuration, filter, limit: limit) { messages, _ in
          shown += messages.map { output.json ? $0.json : $0.text }
          return messages.map { _ in .keep }
        }
        guard !shown.isEmpty else {
          throw CommandFailure("no parked message is like that", .noInput)
        }
        writeLine(shown.joined(separator: output.json ? "\n" : "\n\n"))
      }
    }
  }

  struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay",
      abstract: "Publishes parked messages again, to where they came from.",
      discussion: """
        Each keeps its message_id, properties and own headers, goes to the exchange it was \
        published to, and is taken from the parked queue when the broker has confirmed it there. \
        Interrupted between the two it is there twice, which Meddela sees as a duplicate. One \
        that still has its fault parks again.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var filter: ParkedFilter

    @Flag(help: "All of them; needed when there is no filter.")
    var all = false

    @Flag(help: "Only list what would be replayed.")
    var dryRun = false

    @Option(help: "At most so many messages, oldest first.")
    var limit: Int?

    @Option(help: "At most so many messages a second.")
    var rate: Int?

    func validate() throws {
      try ParkedCommand.checkSelection(filter, all: all, limit: limit, to: "replay")
      if let rate, rate < 1 { throw ValidationError("--rate is at least 1") }
    }

    func run() async throws {
      try await reportingFailure {
        let limit = limit ?? Int.max
        if dryRun {
          return try await ParkedCommand.dryRun(configuration, filter, limit, output)
        }
        let node = try configuration.load()
        let tally = try await CommandBroker.with(node, as: "parked") { broker in
          var replayer = ParkedReplayer(client: broker.client, ratePerSecond: rate)
          var progress: ProgressBar?
          var done = 0
          let queue = ParkedQueue(client: broker.client, name: broker.topology.parked)
          let tally = try await queue.walk(filter, limit: limit) { messages, tally in
            var bar = progress ?? ProgressBar("replaying", total: min(tally.depth, limit))
            let verdicts = try await replayer.replay(messages) { count in
              done += count
              bar.update(done)
            }
            progress = bar
            return verdicts
          }
          progress?.finish(done)
          return tally
        }
        try ParkedCommand.report("replayed", tally, json: output.json)
      }
    }
  }

  struct DiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "discard", abstract: "Throws parked messages away, for good.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var filter: ParkedFilter

    @Flag(help: "All of them; needed when there is no filter.")
    var all = false

    @Flag(help: "Only list what would be thrown away.")
    var dryRun = false

    @Option(help: "At most so many messages, oldest first.")
    var limit: Int?

    func validate() throws {
      try ParkedCommand.checkSelection(filter, all: all, limit: limit, to: "discard")
    }

    func run() async throws {
      try await reportingFailure {
        let limit = limit ?? Int.max
        if dryRun {
          return try await ParkedCommand.dryRun(configuration, filter, limit, output)
        }
        let tally = try await ParkedCommand.walk(configuration, filter, limit: limit) {
          messages, _ in messages.map { _ in .take }
        }
        try ParkedCommand.report("discarded", tally, json: output.json)
      }
    }
  }
}
