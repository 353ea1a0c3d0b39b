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
      messages into DIR/new. A queue that is not there yet is waited for. A message that is no \
      delivery stays in its queue.
      """)

  @OptionGroup var configuration: ConfigurationOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var waiting: WaitingOptions

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
    if let count, count < 1 { throw ValidationError("--count is at least 1") }
    guard sink == "simulate" || sink.hasPrefix("maildir:") else {
      throw ValidationError("--sink is simulate or maildir:DIR")
    }
  }

  func run() async throws {
    try await reportingFailure {
      let node = try configuration.load()
      let sink = try makeSink()
      try await CommandBroker.with(node, waiting, as: "deliver") { broker in
        let engine = DeliveryEngine(
          broker: broker, sink: sink, latencyMilliseconds: latency, limit: count,
          isJSON: output.json)
        var queues: [DeliveryQueue] = []
        for channel in channels { queues.append(DeliveryQueue(channel, broker)) }
        let open = queues
        try await untilStopped { try await engine.run(open) }
        for queue in open { await queue.messages.close() }
        await engine.finish()
      }
    }
  }

  private func makeSink() throws -> DeliverySink {
    if sink == "simulate" { return .simulate(ignored: ignored, failed: failed) }
    return .maildir(try Maildir(path: String(sink.dropFirst("maildir:".count))))
  }
}
