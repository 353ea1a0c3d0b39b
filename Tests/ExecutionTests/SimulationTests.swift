import Execution
import Simulation
import Testing

/// Some thousands of seeds in some seconds; `meddela-bench simulate` runs as many as one likes.
@Suite("A simulated shard")
struct SimulationTests {
  static func run(_ seeds: Range<UInt64>, _ plan: (UInt64) -> SimulationPlan) throws {
    for seed in seeds {
      let run = try SimulationRun.run(seed: seed, plan: plan(seed))
      #expect(run.violations.isEmpty, "seed \(seed): \(run.violations)")
    }
  }

  @Test func `Without faults every event ends final and every update arrives`() throws {
    try Self.run(0..<50) { _ in SimulationPlan() }
  }

  @Test func `With a broker that refuses, returns, blocks and hangs up`() throws {
    try Self.run(0..<150) { _ in
      var plan = SimulationPlan()
      plan.faults = .broker
      return plan
    }
  }

  @Test func `With crashes at any moment`() throws {
    try Self.run(1_000_000..<1_000_200) { _ in
      var plan = SimulationPlan()
      plan.faults = .broker
      plan.faults.crashes = 4
      return plan
    }
  }

  @Test
  func `With everything at once: timeouts, fallbacks, redrives, rates, poison, several shards`()
    throws
  {
    try Self.run(2_000_000..<2_000_400) { .drawn($0) }
  }

  @Test(
    arguments: [
      70_000_916, 70_001_861, 70_001_897, 70_003_969, 70_004_817, 70_005_414, 70_005_517,
      70_005_628, 70_006_111, 70_006_861, 200_174_439, 200_139_436,
    ] as [UInt64])
  func `Seeds that a rule did not hold for once`(seed: UInt64) throws {
    try Self.run(seed..<seed + 1) { Self.withoutCancels(.drawn($0)) }
  }

  @Test(arguments: [900_353_723, 900_363_451] as [UInt64])
  func `Seeds that a rule did not hold for once, with cancels`(seed: UInt64) throws {
    try Self.run(seed..<seed + 1) { .drawn($0) }
  }

  /// What these seeds were found with.
  private static func withoutCancels(_ plan: SimulationPlan) -> SimulationPlan {
    var plan = plan
    plan.cancels = 0
    return plan
  }

  @Test(arguments: [80_001_123] as [UInt64])
  func `The same with thousands of events`(seed: UInt64) throws {
    try Self.run(seed..<seed + 1) { Self.withoutCancels(.large($0)) }
  }

  @Test(arguments: [UInt64(2_000_000)])
  func `What is drawn reaches every rule`(first: UInt64) throws {
    var sum = EngineCounters()
    for seed in first..<first + 120 {
      for counters in try SimulationRun.run(seed: seed, plan: .drawn(seed)).counters {
        sum.logTimeouts += counters.logTimeouts
        sum.recycled += counters.recycled
        sum.redriven += counters.redriven
        sum.isolated += counters.isolated
        sum.retries += counters.retries
        sum.parked += counters.parked
        sum.carried += counters.carried
        sum.cancelled += counters.cancelled
        sum.cancelsRemembered += counters.cancelsRemembered
        sum.cancelsRepeated += counters.cancelsRepeated
        sum.cancelsTooLate += counters.cancelsTooLate
      }
    }
    #expect(sum.logTimeouts > 0)
    #expect(sum.recycled > 0)
    #expect(sum.redriven > 0)
    #expect(sum.isolated > 0)
    #expect(sum.retries > 0)
    #expect(sum.parked > 0)
    #expect(sum.carried > 0)
    #expect(sum.cancelled > 0)
    #expect(sum.cancelsRemembered > 0)
    #expect(sum.cancelsRepeated > 0)
    #expect(sum.cancelsTooLate > 0)
  }
}
