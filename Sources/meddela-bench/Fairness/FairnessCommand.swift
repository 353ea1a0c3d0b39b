internal import AMQP
internal import ArgumentParser
internal import Glibc
internal import UnixSignals

/// `meddela-bench fairness`.
struct FairnessCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fairness",
    abstract: "Measures what a calm real-time producer notices of all that others do.",
    discussion: """
      A producer publishes real-time events at a steady rate, and a delivery engine receives their \
      deliveries: how long that takes, when nothing else happens and beside each of the rows. \
      Every row has a service and a store of its own. Ends with 1 when a goal is missed.
      """)

  @Option(
    help: "Rows to measure, with commas; 'list' lists them. Without it all but the frozen queue.")
  var rows: String?

  @Option(help: "Of every count: 0.1 takes a tenth. The goals are for 1.")
  var scale = 1.0

  @Option(help: "Lane of what disturbs, batch or realtime. The goals are for batch.")
  var lane = "batch"

  @Option(help: "Events a second of the calm producer.")
  var rate = 50

  @Option(help: "Seconds of the calm producer alone.")
  var idleSeconds = 15.0

  @Option(
    help: """
      How often all rows are measured. p50 and p99 are the medians of the rounds, the maximum is \
      that of all.
      """)
  var rounds = 1

  @Flag(help: "Also the frozen delivery queue, on a cluster of three brokers of its own.")
  var frozen = false

  @Flag(help: "Leave out what n, 2n and 4n bad elements cost.")
  var noCost = false

  @Option(help: "The broker to measure on, otherwise unused. Without it one is started.")
  var broker: String?

  @Option(help: "Where broker and stores are put: a real disk.")
  var directory = "/var/tmp"

  @Flag(help: "Leave the folder with stores and logs.")
  var keep = false

  func validate() throws {
    guard scale > 0, scale <= 10 else { throw ValidationError("--scale is above 0, at most 10") }
    guard (1...1_000).contains(rate), idleSeconds >= 1 else {
      throw ValidationError("--rate is 1 to 1000, --idle-seconds at least 1")
    }
    guard (1...100).contains(rounds) else { throw ValidationError("--rounds is 1 to 100") }
    guard lane == "batch" || lane == "realtime" else {
      throw ValidationError("--lane is batch or realtime")
    }
    let known = Set(names)
    for name in chosen where !known.contains(name) {
      throw ValidationError("there is no row \(name): \(names.joined(separator: ", "))")
    }
  }

  private var names: [String] {
    FairnessRows.all(scale: scale).map(\.name) + [FairnessRows.frozen, LinearCost.name]
  }

  private var chosen: [String] {
    guard let rows, rows != "list" else { return [] }
    return rows.split(separator: ",").map(String.init)
  }

  private func isWanted(_ name: String) -> Bool {
    if !chosen.isEmpty { return chosen.contains(name) }
    switch name {
    case FairnessRows.frozen: return frozen
    case LinearCost.name: return !noCost
    default: return true
    }
  }

  func run() async throws {
    if rows == "list" { return names.forEach { print($0) } }
    _ = try ServiceProcess.executable()
    signal(SIGPIPE, SIG_IGN)
    let brokers = OwnedBrokers()
    let impatience = Task.detached {
      for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
        ChildProcess.stopAll()
        brokers.stop()
        _exit(130)
      }
    }
    defer { impatience.cancel() }
    var report = try await measureOnce(brokers, isFirst: true)
    for _ in 1..<rounds { report.add(try await measureOnce(brokers, isFirst: false)) }
    print(report.table)
    if !report.meetsGoals { throw ExitCode(1) }
  }

  /// All rows, with brokers and stores of their own.
  private func measureOnce(
    _ brokers: OwnedBrokers, isFirst: Bool
  ) async throws -> FairnessReport {
    let workspace = try Workspace(parent: directory)
    do {
      let report = try await measure(workspace, brokers, withCosts: isFirst)
      brokers.stop()
      if !keep { workspace.remove() }
      return report
    } catch {
      ChildProcess.stopAll()
      brokers.stop()
      writeError("meddela-bench: \(error)\n(logs are in \(workspace.path))\n")
      throw ExitCode(70)
    }
  }

  private func measure(
    _ workspace: Workspace, _ brokers: OwnedBrokers, withCosts: Bool
  ) async throws -> FairnessReport {
    let owned = try PrivateBroker(url: broker, in: workspace.path)
    brokers.add { owned.stop() }
    let bench = try await Bench(workspace: workspace, broker: owned)
    try await bench.prepare()
    let run = FairnessRun(bench: bench, rate: rate, lane: lane)
    var report = FairnessReport(idle: try await run.idle(seconds: idleSeconds))
    for row in FairnessRows.all(scale: scale) where isWanted(row.name) {
      report.rows.append(try await run.measure(row))
    }
    if withCosts, isWanted(LinearCost.name) {
      let cost = LinearCost(bench: bench, count: max(100, Int(10_000 * scale)))
      for notation in BadElementsRow.Notation.allCases {
        report.costs.append(try await cost.measure(notation))
      }
    }
    // A moment at which the machine was busy must not make the goals easier.
    let idleAgain = try await run.idle(seconds: idleSeconds, name: "idle-again")
    if idleAgain.calm.p99 < report.idle.calm.p99 { report.idle = idleAgain }
    await bench.client.close()
    if isWanted(FairnessRows.frozen) {
      brokers.stop()
      report.rows.append(try await frozenRow(workspace, brokers))
    }
    return report
  }

  private func frozenRow(
    _ workspace: Workspace, _ brokers: OwnedBrokers
  ) async throws -> FairnessResult {
    let cluster = try PrivateCluster(in: workspace.path)
    brokers.add { cluster.stop() }
    try cluster.start()
    let bench = try await Bench(
      workspace: workspace, broker: cluster.broker(0), channels: ["email", "sms"])
    let far = try await Bench(
      workspace: workspace, broker: cluster.broker(2), channels: ["email", "sms"])
    // Whoever declares a queue is where its leader begins.
    try await far.declareDeliveries("sms")
    await far.client.close()
    try await bench.prepare()
    let row = FrozenQueueRow(count: max(1, Int(2_000 * scale)), cluster: cluster)
    let result = try await FairnessRun(bench: bench, rate: rate).measure(row)
    await bench.client.close()
    return result
  }
}
