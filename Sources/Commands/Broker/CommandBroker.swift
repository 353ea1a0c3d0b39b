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

  /// Connects, does the work, closes. A broker's refusal becomes a clear failure.
  static func with<Result>(
    _ configuration: NodeConfiguration, as name: String,
    _ work: (CommandBroker) async throws -> Result
  ) async throws -> Result {
    do {
      var options = try BrokerOptions(configuration, version: programVersion)
      options.connectionName = "meddela \(name)"
      let client = try await BrokerClient.connect(
        options, on: MultiThreadedEventLoopGroup.singleton.next(), logger: quietLogger(),
        deadlineSeconds: 10)
      let broker = CommandBroker(
        client: client,
        topology: Topology(
          prefix: configuration.prefix, channels: [], hasHistory: configuration.declaresHistory))
      do {
        let result = try await work(broker)
        await client.close()
        return result
      } catch {
        await client.close()
        throw error
      }
    } catch let error as NodeError {
      throw CommandFailure(error.message, SystemExit(rawValue: error.exitCode) ?? .unavailable)
    } catch let error as AMQPError {
      let error = NodeError(error)
      throw CommandFailure(error.message, SystemExit(rawValue: error.exitCode) ?? .unavailable)
    }
  }

  /// Commands say what matters themselves; the connection's own log lines only when they warn.
  private static func quietLogger() -> Logger {
    var logger = Logger(label: "meddela") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .error
    return logger
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
