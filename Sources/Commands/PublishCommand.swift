internal import AMQP
internal import ArgumentParser
internal import Glibc
internal import JSON
internal import Messages
internal import Node

/// `meddela publish`: events from a file, from standard input, or made up.
struct PublishCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish", abstract: "Publishes events and waits for the broker's confirms.",
    discussion: """
      FILE holds one event a line (NDJSON); `-` is standard input. Each line becomes a message \
      whose message_id is the event's id and whose routing key is its type. With --raw each FILE \
      is one message, sent as it is.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "realtime or batch.")
  var lane: String = "realtime"

  @Flag(help: "Send each file as one message, byte for byte.")
  var raw = false

  @Option(help: "With --raw: the content type.")
  var contentType = "application/json"

  @Option(help: "Make up so many events instead of reading them.")
  var generate: Int?

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
    if (generate == nil) == files.isEmpty {
      throw ValidationError("name files to publish, or give --generate COUNT")
    }
    if let generate, generate < 1 { throw ValidationError("--generate is at least 1") }
    if let rate, rate < 1 { throw ValidationError("--rate is at least 1") }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      try await CommandBroker.with(node, as: "publish") { broker in
        let exchange = lane == "batch" ? broker.topology.batch : broker.topology.realtime
        var publisher = EventPublisher(
          client: broker.client, exchange: exchange, replyTo: replyTo, ratePerSecond: rate,
          total: generate)
        if let generate {
          var generator = EventGenerator(type: type, channel: channel)
          for _ in 0..<generate { try await publisher.add(generator.next()) }
        } else if raw {
          for file in files {
            try await publisher.addRaw(try Self.read(file), contentType: contentType)
          }
        } else {
          for file in files {
            for line in LineReader.lines(of: try Self.read(file)) {
              try await publisher.add(line)
            }
          }
        }
        try await publisher.finish()
        report(publisher)
      }
    }
  }

  private func report(_ publisher: EventPublisher) {
    if output.json {
      var object = JSONObjectText()
      object.add("published", publisher.confirmed)
      object.add("lane", lane)
      object.add("seconds", json: "\(publisher.seconds)")
      writeLine(object.text)
    } else {
      let seconds = Double(Int(publisher.seconds * 100)) / 100
      writeLine("published \(publisher.confirmed) messages to \(lane) in \(seconds) s, confirmed")
    }
  }

  private static func read(_ file: String) throws -> [UInt8] {
    let path = file == "-" ? "/dev/stdin" : file
    guard let bytes = readBytes(path) else {
      throw CommandFailure(
        "\(file): cannot be read: \(String(cString: strerror(errno)))", .noInput)
    }
    return bytes
  }
}

/// Lines of a file that are not blank.
enum LineReader {
  static func lines(of bytes: [UInt8]) -> [[UInt8]] {
    let ranges = bytes.withUnsafeBytes { Array(JSONSplitter(lines: $0)) }
    return ranges.map { Array(bytes[$0]) }
  }
}
