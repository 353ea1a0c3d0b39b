import Execution
import Simulation
import Testing

/// Each rule that matters is broken on purpose, and the simulator has to notice. The breaks exist
/// in debug builds only.
@Suite("Broken on purpose", .enabled(if: DeliberateBreaks.areBuilt))
struct DeliberateBreakTests {
  struct Break: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// What a violation says that is due to it.
    var sign: String
    var apply: @Sendable (inout SimulationPlan) -> Void
  }

  static let breaks: [Break] = [
    Break(testDescription: "acknowledged before durable", sign: "was settled before it was durable")
    {
      $0.breaks = .settlesBeforeDurable
    },
    Break(testDescription: "published before durable", sign: "was published before it was durable")
    {
      $0.breaks = .publishesBeforeDurable
    },
    Break(
      testDescription: "confirms counted, not tracked", sign: "counts as delivered, but the broker"
    ) {
      $0.breaks = .countsConfirms
    },
    Break(testDescription: "a stale tag is sent", sign: "was settled") { $0.sendsStaleTags = true },
    Break(testDescription: "timers are lost at a restart", sign: "ended as pending") {
      $0.breaks = .losesTimersAtRestart
    },
    Break(testDescription: "known ids are lost at a restart", sign: "follows") {
      $0.breaks = .losesDuplicatesAtRestart
    },
    Break(testDescription: "logs apply as they come", sign: "the newest log says") {
      $0.breaks = .appliesLogsAsTheyCome
    },
    Break(testDescription: "the log watch is lost at a restart", sign: "ended as pendingDelivery") {
      $0.breaks = .losesLogWatchAtRestart
    },
  ]

  @Test("The simulator sees it", arguments: breaks)
  func isCaught(_ broken: Break) throws {
    for seed in UInt64(0)..<400 {
      var plan = SimulationPlan()
      plan.events = 16
      plan.steps = 300
      plan.faults = .broker
      plan.faults.crashes = 3
      plan.faults.consumerLosses = 3
      plan.faults.nackPercent = 10
      plan.faults.silencePercent = 30
      broken.apply(&plan)
      let run = try SimulationRun.run(seed: seed, plan: plan)
      if run.violations.contains(where: { $0.contains(broken.sign) }) { return }
    }
    Issue.record("400 seeds, and nothing says \"\(broken.sign)\"")
  }

  @Test("Without the breaks the same seeds are clean")
  func sameSeedsAreClean() throws {
    for seed in UInt64(0)..<60 {
      var plan = SimulationPlan()
      plan.events = 16
      plan.steps = 300
      plan.faults = .broker
      plan.faults.crashes = 3
      plan.faults.consumerLosses = 3
      plan.faults.nackPercent = 10
      plan.faults.silencePercent = 30
      let run = try SimulationRun.run(seed: seed, plan: plan)
      #expect(run.violations.isEmpty, "seed \(seed): \(run.violations)")
    }
  }
}
