internal import AMQP
internal import ArgumentParser
internal import Glibc
internal import UnixSignals

/// `meddela-bench service`, the default.
struct ServiceBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "service", abstract: "Measures the service on a broker of its own.",
    discussion: """
      Throughput and CPU of `meddela serve`, beside a bare relay that moves the same bodies from \
      one quorum queue to another with plain rabbitmq-c calls and stores nothing. The goals are \
      held against the relay that also publishes one unrouted, confirmed message of 300 bytes for \
      each, as the service publishes a status update.
      """)

  @Option(help: "The broker to measure on, otherwise unused. Without it one is started.")
  var broker: String?

  @Option(help: "Rounds; medians are of these.")
  var rounds = 5

  @Option(help: "Messages in each pass.")
  var events = 20_000

  @Option(help: "Where broker and store are put: a real disk.")
  var directory = "/var/tmp"

  @Flag(help: "Only memory: resident bytes after each million of events.")
  var memory = false

  @Option(help: "With --memory: how many millions.")
  var millions = 1

  @Flag(help: "Only latency, of both lanes beside each other: some five minutes.")
  var lanes = false

  @Flag(help: "Leave the latency out.")
  var noLatency = false

  @Flag(help: "Leave the folder with store and logs.")
  var keep = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard rounds >= 1, events >= 1000, millions >= 1 else {
      throw ValidationError("--rounds and --millions are at least 1, --events at least 1000")
    }
    guard rounds * events * 2 + millions * 1_000_000 < 100_000_000 else {
      throw ValidationError("events are numbered with eight digits: fewer, please")
    }
  }

  func run() async throws {
    _ = try ServiceProcess.executable()
    signal(SIGPIPE, SIG_IGN)
    let workspace = try Workspace(parent: directory)
    let owned = try PrivateBroker(url: broker, in: workspace.path)
    let impatience = Task.detached {
      for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
        ChildProcess.stopAll()
        owned.stop()
        _exit(130)
      }
    }
    defer { impatience.cancel() }
    do {
      let report = try await measure(Bench(workspace: workspace, broker: owned))
      print(json ? report.json : report.table)
      owned.stop()
      if !keep { workspace.remove() }
    } catch {
      ChildProcess.stopAll()
      owned.stop()
      writeError("meddela-bench: \(error)\n(logs are in \(workspace.path))\n")
      throw ExitCode(70)
    }
  }

  private func measure(_ bench: Bench) async throws -> BenchReport {
    try await bench.prepare()
    var report = BenchReport()
    if lanes {
      report.latency = try await LatencyProbe(bench: bench).run(LatencyProbe.Case.long)
    } else if memory {
      report.memory = try await MemoryProbe(bench: bench, millions: millions).run(first: 1)
    } else {
      var throughput = Throughput(bench, rounds: rounds, count: events)
      try await throughput.run()
      report.rounds = rounds
      report.count = events
      report.measurements = throughput.measurements
      if !noLatency {
        report.latency = try await LatencyProbe(bench: bench).run(LatencyProbe.Case.short)
      }
    }
    await bench.client.close()
    return report
  }
}
