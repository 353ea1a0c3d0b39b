internal import AMQP
internal import ArgumentParser
internal import Node

/// `meddela parked`: messages that could not become events or delivery logs.
struct ParkedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked", abstract: "Looks at the parked messages.",
    subcommands: [ListCommand.self])

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists the parked messages and why they are; takes none away.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Only this reason.")
    var reason: String?

    @Option(help: "At most so many messages, oldest first.")
    var limit = 1_000

    func validate() throws {
      guard (1...2_000).contains(limit) else {
        throw ValidationError("--limit is 1 to 2000")
      }
    }

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let messages = try await CommandBroker.with(node, as: "parked") { broker in
          try await ParkedMessages.peek(
            broker.client, queue: broker.topology.parked, limit: limit)
        }
        var table = Table(["REASON", "MESSAGE", "LANE", "FIRST SEEN", "DETAIL"])
        for message in messages where reason == nil || message.reason == reason {
          if output.json {
            writeLine(message.json)
          } else {
            table.add([
              message.reason, message.messageID, message.lane, message.firstSeen, message.detail,
            ])
          }
        }
        if !output.json { writeLine(table.isEmpty ? "nothing is parked" : table.text) }
      }
    }
  }
}

/// One parked message: what its headers say.
struct ParkedMessage {
  var reason: String
  var detail: String
  var messageID: String
  var lane: String
  var firstSeen: String
  var exchange: String
  var routingKey: String
  var batchID: String?
  var body: String

  init(_ message: IncomingMessage) {
    let headers = message.storage.withUnsafeBytes { bytes in
      let table = HeaderTable(entries: bytes.slice(message.properties.headers))
      func text(_ name: StaticString) -> String? { table.text(name) }
      return [
        text("x-meddela-reason"), text("x-meddela-detail"), text("x-meddela-lane"),
        text("x-meddela-first-seen"), text("x-meddela-exchange"),
        text("x-meddela-routing-key"), text("x-meddela-batch-id"),
        text("x-first-death-reason"), text("x-first-death-queue"),
      ]
    }
    // What the broker itself parked says so in headers of its own.
    let isBrokers = headers[0] == nil
    reason = headers[0] ?? headers[7].map { $0 == "delivery_limit" ? "delivery-limit" : $0 } ?? ""
    detail = headers[1] ?? headers[8].map { "parked by the broker from \($0)" } ?? ""
    lane = headers[2] ?? ""
    firstSeen = headers[3] ?? ""
    exchange = headers[4] ?? (isBrokers ? message.text(message.exchange) ?? "" : "")
    routingKey = headers[5] ?? ""
    batchID = headers[6]
    messageID = message.text(message.properties.messageID) ?? ""
    body = message.withBody { String(decoding: $0, as: UTF8.self) }
  }

  var json: String {
    var object = JSONObjectText()
    object.add("reason", reason)
    object.add("detail", detail)
    object.add("messageId", messageID)
    object.add("lane", lane)
    object.add("firstSeen", firstSeen)
    object.add("exchange", exchange)
    object.add("routingKey", routingKey)
    if let batchID { object.add("batchId", batchID) }
    object.add("body", body)
    return object.text
  }
}

/// Reads a queue without taking anything away: messages are consumed, not acknowledged, and go
/// back to their places when the connection closes.
enum ParkedMessages {
  static func peek(
    _ client: BrokerClient, queue: String, limit: Int
  ) async throws -> [ParkedMessage] {
    let depth = try await client.depth(of: queue).messages
    let wanted = min(depth, limit)
    guard wanted > 0 else { return [] }
    let stream = client.consume(Consumer(queue: queue, prefetch: UInt16(wanted)))
    var result: [ParkedMessage] = []
    for try await batch in stream {
      result += batch.map(ParkedMessage.init)
      if result.count >= wanted { break }
    }
    await stream.close()
    return result
  }
}
