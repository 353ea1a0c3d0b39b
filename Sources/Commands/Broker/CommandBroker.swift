internal import AMQP
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Node
internal import UnixSignals

/// The broker of a command, as configured.
struct CommandBroker {
  let client: BrokerClient
  let topology: Topology
  /// How long the broker may take for an answer.
  let timeoutSeconds: Double

  /// Connects, does the work, closes. A broker's refusal becomes a clear failure.
  static func with<Result>(
    _ configuration: NodeConfiguration, _ waiting: WaitingOptions, as name: String,
    _ work: (CommandBroker) async throws -> Result
  ) async throws -> Result {
    let client = try await connect(configuration, waiting, name)
    let broker = CommandBroker(
      client: client,
      topology: Topology(configuration, channels: []),
      timeoutSeconds: waiting.timeout)
    do {
      let result = try await work(broker)
      await client.close()
      return result
    } catch let error as AMQPError {
      await client.close()
      throw CommandFailure(error)
    } catch {
      await client.close()
      throw error
    }
  }

  private static func connect(
    _ configuration: NodeConfiguration, _ options: WaitingOptions, _ name: String
  ) async throws -> BrokerClient {
    do {
      var broker = try BrokerOptions(configuration, version: programVersion)
      broker.connectionName = "meddela \(name)"
      broker.callTimeoutSeconds = options.timeout
      let names = broker.addresses.map(\.description).joined(separator: ", ")
      let seconds = options.timeout
      do {
        return try await waiting(for: "the broker at \(names), for \(seconds) s at most") {
          try await BrokerClient.connect(
            broker, on: MultiThreadedEventLoopGroup.singleton.next(), logger: quietLogger(),
            deadlineSeconds: seconds)
        }
      } catch let error as AMQPError {
        var failure = CommandFailure(error)
        failure.message = "the broker at \(names) cannot be used: \(failure.message)"
        throw failure
      }
    } catch let error as NodeError {
      throw CommandFailure(error.message, SystemExit(rawValue: error.exitCode) ?? .unavailable)
    }
  }

  /// Publishes, and waits for the broker's answers as long as some come.
  func publish(_ messages: [ClientMessage]) async throws -> [PublishOutcome] {
    let seconds = timeoutSeconds
    return try await waiting(for: "the broker to confirm, as long as it does within \(seconds) s") {
      try await client.publish(messages, silence: seconds)
    }
  }

  /// Commands say what matters themselves; the connection's own log lines only when they warn.
  private static func quietLogger() -> Logger {
    var logger = Logger(label: "meddela") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .critical
    return logger
  }
}

extension CommandFailure {
  /// What the broker has against it, with the exit code of that.
  init(_ error: AMQPError) {
    switch error.code {
    case .messageTooLarge, .contentTooLarge, .invalidMessage: self.init("\(error)", .data)
    default:
      let error = NodeError(error)
      self.init(error.message, SystemExit(rawValue: error.exitCode) ?? .unavailable)
    }
  }
}

/// Runs until the process is asked to stop; the first SIGINT or SIGTERM cancels the work.
func untilStopped(_ work: @escaping @Sendable () async throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Bool.self) { tasks in
    tasks.addTask {
      do {
        try await work()
      } catch is CancellationError {}
      return true
    }
    tasks.addTask {
      for await _ in await StopSignals.sequence() { return false }
      return false
    }
    _ = try await tasks.next()
    tasks.cancelAll()
    while let _ = try await tasks.next() {}
  }
}
