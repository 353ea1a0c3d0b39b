internal import AMQP
internal import ArgumentParser
internal import Messages
internal import Node

/// `meddela deliver`: a delivery engine for trying things out.
struct DeliverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deliver", abstract: "Consumes deliveries and answers with delivery logs.",
    discussion: """
      --sink simulate sends nothing: the outcome of a delivery follows from its id and the shares \
      asked for, so that a run can be repeated. --sink maildir:DIR writes e-mail as RFC 5322 \
      messages into DIR/new.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Option(name: .customLong("channel"), help: "A channel to take; may be given several times.")
  var channels: [String] = ["email"]

  @Option(help: "simulate, or maildir:DIR.")
  var sink = "simulate"

  @Option(help: "With simulate: share of deliveries that are ignored, 0 to 1.")
  var ignored = 0.0

  @Option(help: "With simulate: share of deliveries that fail, 0 to 1.")
  var failed = 0.0

  @Option(help: "With simulate: milliseconds to wait before answering.")
  var latency = 0

  @Option(help: "Stop after so many deliveries.")
  var count: Int?

  func validate() throws {
    guard (0...1).contains(ignored), (0...1).contains(failed), ignored + failed <= 1 else {
      throw ValidationError("--ignored and --failed are shares: 0 to 1, together at most 1")
    }
    guard latency >= 0 else { throw ValidationError("--latency is at least 0") }
    guard sink == "simulate" || sink.hasPrefix("maildir:") else {
      throw ValidationError("--sink is simulate or maildir:DIR")
    }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let sink = try makeSink()
      try await CommandBroker.with(node, as: "deliver") { broker in
        let engine = DeliveryEngine(
          client: broker.client, exchange: broker.topology.deliveryLogs, sink: sink,
          latencyMilliseconds: latency, limit: count, isJSON: output.json)
        var streams: [ConsumedMessages] = []
        for channel in channels {
          let queue = broker.topology.deliveriesQueue(channel)
          try await Self.check(queue, broker.client)
          streams.append(broker.client.consume(Consumer(queue: queue, prefetch: 200)))
        }
        let open = streams
        try await untilStopped { try await engine.run(open) }
        for stream in open { await stream.close() }
        await engine.finish()
      }
    }
  }

  private static func check(_ queue: String, _ client: BrokerClient) async throws {
    do {
      _ = try await client.depth(of: queue)
    } catch {
      guard error.code == .notFound else { throw error }
      throw CommandFailure(
        """
        there is no queue \(queue): no template names the channel, or the service has not \
        started yet
        """, .unavailable)
    }
  }

  private func makeSink() throws -> DeliverySink {
    if sink == "simulate" { return .simulate(ignored: ignored, failed: failed) }
    return .maildir(try Maildir(path: String(sink.dropFirst("maildir:".count))))
  }
}
