import Execution
import Simulation
import Testing

/// Each rule that matters is broken on purpose, and the check of that rule has to notice, and no
/// other one. The breaks exist in debug builds only.
@Suite("Broken on purpose", .enabled(if: DeliberateBreaks.areBuilt))
struct DeliberateBreakTests {
  struct Break: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var breaks: DeliberateBreaks
    /// The check that is to fail.
    var check: SimulationCheck
    /// Checks that fail because that rule is broken.
    var consequences: Set<SimulationCheck> = []
    var plan: @Sendable (UInt64) -> SimulationPlan = Self.faulty

    /// Crashes, lost connections and refusals.
    static func faulty(_ seed: UInt64) -> SimulationPlan {
      var plan = SimulationPlan()
      plan.events = 16
      plan.steps = 300
      plan.faults = .broker
      plan.faults.crashes = 3
      plan.faults.consumerLosses = 3
      plan.faults.nackPercent = 10
      plan.faults.silencePercent = 30
      return plan
    }

    /// Delivery engines with clocks that are ahead, and logs that come minutes later.
    static func ahead(_ seed: UInt64) -> SimulationPlan {
      var plan = Self.faulty(seed)
      plan.futureLogPercent = 50
      return plan
    }

    /// Calm events beside queues that are full, gone or silent.
    static func fair(_ seed: UInt64) -> SimulationPlan {
      var plan = SimulationPlan()
      plan.isFair = true
      plan.events = 150
      plan.steps = 4_000
      plan.prefetch = 40
      plan.faults.troubles = 8
      return plan
    }

    /// Cancels beside all that `faulty` has.
    static func cancelling(_ seed: UInt64) -> SimulationPlan {
      var plan = faulty(seed)
      plan.faults.blocks = 3
      plan.faults.latePercent = 50
      plan.cancels = 12
      return plan
    }
  }

  static let breaks: [Break] = [
    Break(
      testDescription: "acknowledged before durable", breaks: .settlesBeforeDurable,
      check: .acknowledged, consequences: [.confirmedFirst, .logRecorded, .final]),
    Break(
      testDescription: "acknowledged before the confirm", breaks: .settlesBeforeConfirm,
      check: .confirmedFirst),
    Break(
      testDescription: "a delivery log is acknowledged before it is durable",
      breaks: .settlesLogsAtOnce, check: .logRecorded, consequences: [.outcome]),
    Break(
      testDescription: "a tag of an earlier channel", breaks: .settlesOnPresentChannel,
      check: .acknowledgedOnce,
      consequences: [.acknowledged, .confirmedFirst, .logRecorded, .final, .outcome, .rest]),
    Break(
      testDescription: "published before durable", breaks: .publishesBeforeDurable,
      check: .publishedDurable, consequences: [.final]),
    Break(
      testDescription: "confirms counted, not tracked", breaks: .countsConfirms,
      check: .delivered, consequences: [.confirmedFirst, .againForReason]),
    Break(
      testDescription: "timers are lost at a restart", breaks: .losesTimersAtRestart,
      check: .final),
    Break(
      testDescription: "known ids are lost at a restart", breaks: .losesDuplicatesAtRestart,
      check: .moves, consequences: Set(SimulationCheck.allCases)),
    Break(
      testDescription: "logs apply as they come", breaks: .appliesLogsAsTheyCome,
      check: .outcome),
    Break(
      testDescription: "logs from the future count when they say", breaks: .trustsFutureLogs,
      check: .outcome, plan: Break.ahead),
    Break(
      testDescription: "a log from the future counts anew each time", breaks: .forgetsFutureLogs,
      check: .outcome, plan: Break.ahead),
    Break(
      testDescription: "the log watch is lost at a restart", breaks: .losesLogWatchAtRestart,
      check: .final, consequences: [.totals]),
    Break(
      testDescription: "published again unasked", breaks: .publishesAgainUnasked,
      check: .againForReason),
    Break(
      testDescription: "rendered anew with the present template", breaks: .rendersAnew,
      check: .sameContent
    ) { seed in
      var plan = Break.faulty(seed)
      plan.faults.catalogSwaps = 3
      return plan
    },
    Break(
      testDescription: "updates are skipped at a restart", breaks: .skipsUpdatesAtRestart,
      check: .updates),
    Break(
      testDescription: "updates of one event side by side", breaks: .publishesUpdatesTogether,
      check: .oneUpdate, consequences: [.updates]),
    Break(
      testDescription: "received without a bound", breaks: .receivesWithoutBound,
      check: .bounded
    ) { seed in
      var plan = Break.faulty(seed)
      plan.events = 60
      plan.heldBytes = 12 << 10
      return plan
    },
    Break(
      testDescription: "batch comes first", breaks: .takesBatchFirst, check: .realtimeFirst),
    Break(
      testDescription: "waits follow the wall clock", breaks: .waitsByTheWallClock,
      check: .order
    ) { seed in
      var plan = SimulationPlan()
      plan.events = 16
      plan.steps = 300
      plan.faults.nackPercent = 20
      plan.faults.clockJumps = 2
      plan.hasMoments = false
      plan.comparesClocks = true
      return plan
    },
    Break(
      testDescription: "messages wait for full parked queues", breaks: .waitsForParkedCopies,
      check: .neighbours, plan: Break.fair),
    Break(
      testDescription: "a quiet queue keeps the window", breaks: .keepsQuietQueues,
      check: .neighbours, plan: Break.fair),
    Break(
      testDescription: "suspects are alone until they are settled", breaks: .isolatesForEver,
      check: .isolation, consequences: [.neighbours], plan: Break.fair),
    Break(
      testDescription: "receipts are given up in silence", breaks: .losesReceipts,
      check: .receipts
    ) { seed in
      var plan = Break.faulty(seed)
      plan.faults.crashes = 0
      plan.faults.troubles = 6
      return plan
    },
    Break(
      testDescription: "events that ended still count", breaks: .countsEndedEvents,
      check: .counted),
    Break(
      testDescription: "stored copies lose their reason", breaks: .altersStoredCopies,
      check: .parkedCopies
    ) { seed in
      var plan = Break.faulty(seed)
      plan.faults.nackPercent = 30
      return plan
    },
    Break(
      testDescription: "a cancelled event goes out", breaks: .publishesCancelled,
      check: .cancelled,
      consequences: [
        .againForReason, .moves, .totals, .final, .outcome, .updates, .delivered, .logRecorded,
      ],
      plan: Break.cancelling),
    Break(
      testDescription: "cancels are forgotten at a restart", breaks: .forgetsCancelsAtRestart,
      check: .cancelled, plan: Break.cancelling),
    Break(
      testDescription: "a cancel is acknowledged before it is durable",
      breaks: .settlesBeforeDurable, check: .cancelled,
      consequences: [.acknowledged, .confirmedFirst, .logRecorded, .final],
      plan: Break.cancelling),
    Break(
      testDescription: "what is driven on has no rate", breaks: .driveOnIgnoresRate,
      check: .rate
    ) { seed in
      var plan = Break.fair(seed)
      plan.batchMaxPerSecond = 4
      plan.faults.troubles = 0
      plan.redrives = 30
      return plan
    },
  ]

  @Test(arguments: breaks)
  func `Its check sees it, and no other`(_ broken: Break) throws {
    var isSeen = false
    for seed in UInt64(0)..<400 where !isSeen {
      var plan = broken.plan(seed)
      plan.breaks = broken.breaks
      let run = try SimulationRun.run(seed: seed, plan: plan)
      let failed = Set(run.violations.map(\.check))
      isSeen = failed.contains(broken.check)
      let others = failed.subtracting(broken.consequences).subtracting([broken.check])
      #expect(others.isEmpty, "seed \(seed): \(run.violations)")
    }
    #expect(isSeen, "400 seeds, and nothing fails \(broken.check)")
  }

  @Test(arguments: breaks)
  func `Without the breaks the same seeds are clean`(_ broken: Break) throws {
    for seed in UInt64(0)..<6 {
      let run = try SimulationRun.run(seed: seed, plan: broken.plan(seed))
      #expect(run.violations.isEmpty, "seed \(seed): \(run.violations)")
    }
  }
}
