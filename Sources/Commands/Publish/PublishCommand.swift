internal import ArgumentParser
internal import Messages
internal import Node

/// `meddela publish`: events from files, from standard input, or made up.
struct PublishCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Publishes events and waits for the broker's confirms.",
    discussion: """
      FILE holds events as JSON: one a line (NDJSON), over many lines, or in arrays; also \
      structured CloudEvents; `-` is standard input. Each becomes a message whose message_id is \
      the event's id and whose routing key is its type. All files are read, and judged as the \
      service would, before the first message is sent. With --raw each FILE is one message, sent \
      as it is. An exchange that is not there yet is waited for within --timeout. With --wait it \
      asks for receipts, on a queue of its own, and says what the service refused. With --cancel \
      it cancels events instead (`meddela events cancel` does so without the broker).
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions

  @Option(help: "realtime or batch.")
  var lane: String = "realtime"

  @Flag(help: "Send each file as one message, byte for byte.")
  var raw = false

  @Option(help: "With --raw: the content type.")
  var contentType = "application/json"

  @Flag(
    name: .customLong("validate"), inversion: .prefixedNo,
    help: "Send nothing when the service would not take all of it.")
  var isJudged = true

  @Flag(help: "Wait for the service's receipts, and end with 65 when it refused something.")
  var wait = false

  @Option(help: "Make up so many events instead of reading them.")
  var generate: Int?

  @Option(help: "Cancel the event with this id instead; may be given several times.")
  var cancel: [String] = []

  @Option(help: "At most so many events a second.")
  var rate: Int?

  @Option(help: "With --generate: the events' type.")
  var type = "order_confirmation"

  @Option(help: "With --generate: the events' channel.")
  var channel = "email"

  @Option(help: "Ask for receipts to this queue.")
  var replyTo: String?

  @ArgumentParser.Argument(help: "Files to publish.")
  var files: [String] = []

  func validate() throws {
    if Lane(name: lane) == nil { throw ValidationError("--lane is realtime or batch") }
    if [generate != nil, !files.isEmpty, !cancel.isEmpty].count(where: \.self) != 1 {
      throw ValidationError("name files to publish, or give --generate COUNT or --cancel ID")
    }
    for id in cancel where !Array(id.utf8).withUnsafeBytes({ isEventID($0) }) {
      throw ValidationError("--cancel: an event's id is 1 to 128 printable ASCII characters")
    }
    if let generate, generate < 1 { throw ValidationError("--generate is at least 1") }
    if let rate, rate < 1 { throw ValidationError("--rate is at least 1") }
    if wait, replyTo != nil { throw ValidationError("--wait has a reply queue of its own") }
    if wait, raw {
      throw ValidationError("--wait needs events: how many a raw message holds is not known here")
    }
    if (replyTo?.utf8.count ?? 0) > MessageLimits.shortStringBytes {
      throw ValidationError("--reply-to is at most \(MessageLimits.shortStringBytes) bytes")
    }
    if contentType.utf8.count > MessageLimits.shortStringBytes {
      throw ValidationError("--content-type is at most \(MessageLimits.shortStringBytes) bytes")
    }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let reader = EventReader(mostBytes: node.maxEventBytes)
      let events = try source(reader)
      if let replyTo, isJudged, replyTo.hasPrefix("\(node.prefix).") {
        throw CommandFailure(
          "--reply-to \(replyTo): the service refuses queues under its own prefix", .usage)
      }
      try await CommandBroker.with(node, waiting, as: "publish") { broker in
        let exchange = lane == "batch" ? broker.topology.batch : broker.topology.realtime
        try await broker.waitForIntake(exchange)
        let receipts = wait ? try await ReceiptDesk(broker, json: output.json) : nil
        var publisher = EventPublisher(
          broker: broker, exchange: exchange, replyTo: replyTo, receipts: receipts,
          ratePerSecond: rate, total: events.count)
        do {
          try await events.forEach { try await publisher.add($0) }
          try await publisher.finish()
        } catch {
          await receipts?.close()
          throw error
        }
        await receipts?.close()
        report(publisher, receipts)
        try receipts?.check(areOfCancels: !cancel.isEmpty)
      }
    }
  }

  /// What is to be sent, in memory and looked at.
  private func source(_ reader: EventReader) throws -> EventSource {
    guard cancel.isEmpty else { return .raw(cancel.map { OutgoingEvent(cancel: $0) }) }
    if let generate {
      let generator = EventGenerator(type: type, channel: channel)
      if isJudged {
        var first = generator
        do {
          _ = try reader.read(first.next())
        } catch {
          throw CommandFailure("--type and --channel: \(error.path): \(error.detail)", .usage)
        }
      }
      return .generated(generator, generate)
    }
    guard raw else {
      return .events(try EventInput(files, reader: reader, judges: isJudged))
    }
    return .raw(
      try files.map { path in
        let body = try InputFile.read(path)
        if isJudged, body.count > MessageLimits.messageBytes {
          throw CommandFailure(
            """
            \(InputFile.name(path)): has \(body.count) bytes; the service reads no message above \
            \(MessageLimits.messageBytes). Nothing was published; --no-validate sends it all the \
            same
            """, .data)
        }
        return OutgoingEvent(raw: body, contentType: contentType)
      })
  }

  private func report(_ publisher: EventPublisher, _ receipts: ReceiptDesk?) {
    if output.json {
      var object = JSONObjectText()
      object.add("published", publisher.confirmed)
      object.add("lane", lane)
      object.add("seconds", json: "\(publisher.seconds)")
      if let receipts {
        object.add("accepted", receipts.accepted)
        object.add("duplicates", receipts.duplicates)
        object.add("refused", receipts.refused)
        object.add("unanswered", receipts.unanswered)
      }
      writeLine(object.text)
    } else {
      let seconds = Double(Int(publisher.seconds * 100)) / 100
      writeLine("published \(publisher.confirmed) messages to \(lane) in \(seconds) s, confirmed")
      if let receipts { writeLine(receipts.summary) }
    }
  }
}

/// Where the messages come from.
enum EventSource {
  case events(EventInput)
  case raw([OutgoingEvent])
  case generated(EventGenerator, Int)

  var count: Int {
    switch self {
    case .events(let input): input.count
    case .raw(let messages): messages.count
    case .generated(_, let count): count
    }
  }

  func forEach(_ body: (OutgoingEvent) async throws -> Void) async throws {
    switch self {
    case .events(let input): try await input.forEach(body)
    case .raw(let messages): for message in messages { try await body(message) }
    case .generated(var generator, let count):
      let reader = EventReader(mostBytes: MessageLimits.messageBytes)
      for _ in 0..<count { try await body(reader.readUnjudged(generator.next())) }
    }
  }
}

extension CommandBroker {
  /// Waits until the exchange of a lane takes messages. When it was not there, also for the last
  /// shard's queue: in between, what is published lands in the unrouted queue.
  func waitForIntake(_ exchange: String) async throws {
    let hint = Self.notYet
    let wasMissing = try await wait(
      for: .exchange(exchange), atMost: timeoutSeconds, hint: hint)
    guard wasMissing else { return }
    let queue = topology.inletQueue(exchange, shard: topology.shards[topology.shards.count - 1])
    try await wait(for: .queue(queue), atMost: timeoutSeconds, hint: hint)
    // The queue is bound right after it was made.
    try await Task.sleep(for: .milliseconds(200))
  }
}
