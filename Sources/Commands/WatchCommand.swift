internal import AMQP
internal import ArgumentParser
internal import JSON
internal import Messages
internal import Node

/// `meddela watch`: status updates as they are published.
struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Subscribes to status updates until it is stopped.",
    discussion: "An exchange that is not there yet is waited for.")

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions

  @Option(help: "Only this status.")
  var status: String?

  @Option(help: "Only this lane: realtime or batch.")
  var lane: String?

  @Option(help: "Only this channel.")
  var channel: String?

  @Option(help: "Only this event type.")
  var type: String?

  @Option(help: "Stop after so many updates.")
  var count: Int?

  func validate() throws {
    if let status, Status(wireName: status) == nil {
      throw ValidationError("--status is one of \(Status.allCases.map { "\($0.wireName)" })")
    }
    if let lane, Lane(name: lane) == nil { throw ValidationError("--lane is realtime or batch") }
    if let count, count < 1 { throw ValidationError("--count is at least 1") }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      try await CommandBroker.with(node, waiting, as: "watch") { broker in
        try await broker.wait(
          for: .exchange(broker.topology.status), atMost: nil, hint: CommandBroker.notYet)
        let queue = "\(node.prefix).watch.\(UInt64.random(in: 0..<(1 << 48)))"
        let parts = [status, lane, channel].map { $0 ?? "*" } + [type ?? "#"]
        // A queue of this command's own: it goes with the last connection that consumes from it,
        // and is made again when that comes back too late.
        let declarations: [TopologyOperation] = [
          .declareQueue(
            name: queue, arguments: [AMQP.Argument("x-expires", .int64(60_000))]),
          .bindQueue(
            queue: queue, exchange: broker.topology.status,
            routingKey: parts.joined(separator: ".")),
        ]
        try await broker.client.perform(declarations)
        let notices = ConsumerNotices(queue)
        let messages = broker.client.consume(
          Consumer(queue: queue, prefetch: 500), declaring: declarations, notice: notices.take)
        if !output.json { writeLine(UpdateLine.header) }
        try await untilStopped { [count, output] in
          try await Self.show(messages, count: count, json: output.json)
        }
        await messages.close()
        // It would go by itself a minute later.
        _ = try? await broker.client.perform([.deleteQueue(name: queue)])
      }
    }
  }

  private static func show(_ messages: ConsumedMessages, count: Int?, json: Bool) async throws {
    var shown = 0
    var unreadable = 0
    defer {
      if unreadable > 0 { warn("\(unreadable) messages were no status updates and are not shown") }
    }
    let parser = JSONParser()
    for try await batch in messages {
      for message in batch {
        let body = message.withBody { Array($0) }
        do {
          let line = try parser.withDocument(body) { root in
            json ? String(decoding: body, as: UTF8.self) : UpdateLine.text(root)
          }
          writeLine(line)
          shown += 1
        } catch {
          unreadable += 1
          let name = message.text(message.properties.messageID) ?? "without id"
          warn("message \(name) is no status update: \(error)")
        }
        if let count, shown >= count { return messages.settle(batch) }
      }
      messages.settle(batch)
    }
  }
}

/// A status update on one line, for people.
enum UpdateLine {
  static let header = line(["RECORDED", "EVENT", "SEQ", "STATUS", "LANE", "CHANNEL", "TYPE", "WHY"])

  static func text(_ update: JSONValue) -> String {
    func text(_ name: StaticString) -> String { update[name]?.asString?.string ?? "" }
    let why = update["reason"]?["code"]?.asString?.string ?? ""
    return line([
      text("recordedAt"), text("eventId"), "\(update["sequence"]?.asInt64 ?? 0)", text("status"),
      text("lane"), text("channel"), text("type"), why,
    ])
  }

  private static func line(_ cells: [String]) -> String {
    let widths = [24, 24, 3, 16, 8, 12, 24, 0]
    let line = zip(cells.map(\.printable), widths).map { cell, width in
      cell + String(repeating: " ", count: max(0, width - cell.count))
    }.joined(separator: " ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}
