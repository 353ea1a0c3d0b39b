internal import AMQP
internal import ArgumentParser
internal import Node

// `show`, `replay` and `discard`, for parked messages and for unrouted ones.

struct HeldShowCommand<Messages: HeldMessages>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "show", abstract: "Shows messages whole: properties, headers and body.")
  }

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions
  @OptionGroup var filter: ParkedFilter
  @OptionGroup var reveal: RevealOptions

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
      var shown = 0
      let kind = Messages.kind
      let disclosure = try Disclosure(
        configuration.load(), "\(kind.word) show", reveals: reveal.isOn)
      let walk = HeldWalk(kind: kind, configuration: configuration, waiting: waiting)
      _ = try await walk(filter, limit: limit) { messages, _ in
        for message in messages {
          let hidden = disclosure.reason(message)
          if !output.json, shown > 0 { writeLine("") }
          writeLine(output.json ? message.json(hidden: hidden) : message.text(hidden: hidden))
          shown += 1
        }
        return messages.map { _ in .keep }
      }
      guard shown > 0 else {
        throw CommandFailure("no \(kind.word) message is like that", .noInput)
      }
    }
  }
}

struct HeldReplayCommand<Messages: HeldMessages>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "replay", abstract: "Publishes messages again, to where they came from.",
      discussion: """
        Each keeps its message_id, properties and own headers, goes to the exchange it was \
        published to, and is taken from its queue when the broker has confirmed it there. \
        Interrupted between the two it is there twice, which Meddela sees as a duplicate. One \
        that still has its fault, or still finds no queue, comes back.
        """)
  }

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions
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
    try HeldWalk.checkSelection(filter, all: all, limit: limit, to: "replay")
    if let rate, rate < 1 { throw ValidationError("--rate is at least 1") }
  }

  func run() async throws {
    try await reportingFailure {
      let limit = limit ?? Int.max
      let kind = Messages.kind
      let walk = HeldWalk(kind: kind, configuration: configuration, waiting: waiting)
      if dryRun { return try await walk.dryRun(filter, limit, output) }
      let node = try configuration.load()
      let (tally, came) = try await CommandBroker.with(node, waiting, as: kind.word) { broker in
        let queue = ParkedQueue(broker, kind)
        let tally = try await replay(queue, broker, limit)
        guard kind == .unrouted else { return (tally, 0) }
        return (tally, try await queue.arrivals(since: tally))
      }
      try walk.report("replayed", tally, json: output.json)
      guard tally.taken > 0, came > 0 else { return }
      throw CommandFailure(
        """
        \(came) messages have come into the unrouted queue meanwhile: what they are for still has \
        no queue. Start `meddela serve`, or run `meddela topology apply`
        """, .unavailable)
    }
  }

  private func replay(
    _ queue: ParkedQueue, _ broker: CommandBroker, _ limit: Int
  ) async throws -> ParkedQueue.Tally {
    var replayer = ParkedReplayer(broker, queue.kind, ratePerSecond: rate)
    var progress: ProgressBar?
    var done = 0
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
}

struct HeldDiscardCommand<Messages: HeldMessages>: AsyncParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "discard", abstract: "Throws messages away, for good.")
  }

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions
  @OptionGroup var filter: ParkedFilter

  @Flag(help: "All of them; needed when there is no filter.")
  var all = false

  @Flag(help: "Only list what would be thrown away.")
  var dryRun = false

  @Option(help: "At most so many messages, oldest first.")
  var limit: Int?

  func validate() throws {
    try HeldWalk.checkSelection(filter, all: all, limit: limit, to: "discard")
  }

  func run() async throws {
    try await reportingFailure {
      let limit = limit ?? Int.max
      let walk = HeldWalk(kind: Messages.kind, configuration: configuration, waiting: waiting)
      if dryRun { return try await walk.dryRun(filter, limit, output) }
      let tally = try await walk(filter, limit: limit) { messages, _ in
        messages.map { _ in .take }
      }
      try walk.report("discarded", tally, json: output.json)
    }
  }
}

extension ParkedQueue {
  /// How many messages have come into the queue since a walk over it began.
  func arrivals(since tally: Tally) async throws -> Int {
    // What was held is in the queue again within moments.
    for _ in 0..<20 {
      let ready = try await client.depth(of: name).messages
      if ready >= tally.left { return ready - tally.left }
      try await Task.sleep(for: .milliseconds(50))
    }
    return 0
  }
}
