internal import ArgumentParser
internal import Glibc
internal import Logging
internal import Node
internal import ServiceLifecycle
internal import UnixSignals

/// `meddela serve`: the service.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract:
      "Runs the service: takes events and delivery logs, publishes deliveries and statuses.",
    discussion: """
      SIGTERM or SIGINT drains: no more messages are taken, what is in flight is finished and \
      acknowledged, within drain.seconds. A second signal leaves at once. SIGHUP loads the \
      templates again.
      """)

  @OptionGroup var configuration: ConfigurationOptions

  func run() async throws {
    // Known before the configuration is, which may be what is wrong.
    var format = configuration.logFormat
    do {
      try await serve(&format)
    } catch let failure as CommandFailure {
      LogSetup.writeFatal(failure, format: format)
      throw ExitCode(failure.exit.rawValue)
    }
  }

  private func serve(_ format: inout String?) async throws {
    let node = try configuration.load()
    format = node.logFormat
    let logger = LogSetup.logger(level: node.logLevel, format: node.logFormat)
    // A peer that hangs up is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    let service = NodeService(configuration: node, version: programVersion, logger: logger)
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(
        service: service, successTerminationBehavior: .gracefullyShutdownGroup,
        failureTerminationBehavior: .gracefullyShutdownGroup)
    ]
    if node.httpPort > 0 {
      let health = HealthService(configuration: node, service: service, logger: logger)
      services.append(
        .init(service: health, failureTerminationBehavior: .gracefullyShutdownGroup))
    }
    let group = ServiceGroup(
      configuration: .init(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    let impatience = Task.detached { await SecondSignal.leaveAtOnce(logger) }
    defer { impatience.cancel() }
    do {
      try await group.run()
    } catch let error as NodeError {
      throw CommandFailure(error.message, SystemExit(rawValue: error.exitCode) ?? .software)
    } catch {
      throw CommandFailure("\(error)", .unavailable)
    }
  }
}

/// A service group listens to the first signal only.
enum SecondSignal {
  static func leaveAtOnce(_ logger: Logger) async {
    var count = 0
    for await signal in await StopSignals.sequence() {
      count += 1
      if count >= 2 {
        logger.warning("Stopped at once by a second signal; nothing acknowledged is lost")
        _exit(128 + (signal == .sigint ? SIGINT : SIGTERM))
      }
    }
  }
}
