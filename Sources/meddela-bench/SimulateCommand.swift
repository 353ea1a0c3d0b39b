import ArgumentParser
import Execution
import Simulation

/// `meddela-bench simulate`: the engine against a model of its world, from as many seeds as there
/// is time for.
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Runs simulated shards, from seeds, and says which rules of an event's life broke.")

  @Option(help: "How many seeds.")
  var seeds: UInt64 = 10_000

  @Option(help: "The first of them; with --seeds 1 it is run again alone, with the history.")
  var seed: UInt64 = 0

  @Flag(help: "Thousands of events each.")
  var large = false

  func run() throws {
    let clock = ContinuousClock()
    let start = clock.now
    var failures = 0
    for current in seed..<seed + seeds {
      let run = try SimulationRun.run(
        seed: current, plan: large ? .large(current) : .drawn(current))
      if !run.violations.isEmpty {
        failures += 1
        print("seed \(current):")
        for violation in run.violations { print("  \(violation)") }
        if seeds == 1 { for line in run.histories { print("  \(line)") } }
      }
      if (current - seed + 1) % 10_000 == 0 { report(current - seed + 1, failures, clock, start) }
    }
    report(seeds, failures, clock, start)
    if failures > 0 { throw ExitCode.failure }
  }

  private func report(
    _ done: UInt64, _ failures: Int, _ clock: ContinuousClock, _ start: ContinuousClock.Instant
  ) {
    let seconds = (clock.now - start) / .seconds(1)
    let rate = Int(Double(done) / max(seconds, 0.001))
    print("\(done) seeds from \(seed), \(failures) failed, \(rate) a second")
  }
}
