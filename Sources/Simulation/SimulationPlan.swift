package import Execution

/// What a simulated run is made of. Numbers of faults are upper bounds: the seed decides when, and
/// how many of them, happen.
package struct SimulationPlan: Sendable {
  package struct Faults: Sendable {
    /// kill -9, and another process begins with what was durable.
    package var crashes = 0
    package var linkLosses = 0
    /// A consuming channel is closed: what it had unacknowledged is delivered again.
    package var consumerLosses = 0
    package var blocks = 0
    /// A queue of deliveries stops confirming for some time.
    package var stalls = 0
    /// Other templates are used from some moment on.
    package var catalogSwaps = 0
    package var nackPercent = 0
    package var returnPercent = 0
    /// Deliveries that nobody ever answers.
    package var silencePercent = 0
    /// Queues that are full, gone or silent for a while, connections that are refused or closed
    /// over a message: see `BrokerTrouble`.
    package var troubles = 0
    /// Connections that take their time to open.
    package var latePercent = 0
    /// How often the wall clock is set.
    package var clockJumps = 0

    package init() {}

    package static var none: Faults { Faults() }

    package static var broker: Faults {
      var faults = Faults()
      faults.linkLosses = 2
      faults.consumerLosses = 2
      faults.blocks = 1
      faults.nackPercent = 3
      faults.returnPercent = 2
      return faults
    }
  }

  package var events = 24
  package var steps = 400
  package var shards = 1
  package var faults = Faults()
  package var redrives = 0
  /// Cancels while the run goes on. With any of them producers send some from the beginning, too.
  package var cancels = 0
  package var batchMaxPerSecond = 0
  /// Of each inlet's consumer.
  package var prefetch = 1_000
  package var heldBytes = EngineSettings.mostHeldBytes
  /// Whether the log removes old records, and has open events carried forward first.
  package var retains = false
  /// Whether one message kills the process whenever it is taken.
  package var hasPoison = false
  /// Whether the delivery engines answer, and do so in contradictions.
  package var answersLogs = true
  /// Of the delivery logs, those from an engine whose clock is ahead, by hours or for ever. Where
  /// there are some, others take their time, and some come again after minutes.
  package var futureLogPercent = 0
  /// Of all deliveries one in eight ends the connection, for good.
  package var hasCulprits = false
  /// By how much the wall clock gains, in parts per million.
  package var drift: Int64 = 0
  /// Whether every round does all that can be done, with calm events between all others, whose
  /// waiting is measured; all faults are then such as concern none of them.
  package var isFair = false
  /// Whether events have schedules and expirations.
  package var hasMoments = true
  /// Whether the same run is made without the wall clock's jumps, too, to compare the records.
  package var comparesClocks = false
  package var breaks: DeliberateBreaks = []

  /// Whether each log can be told from all others in the records: where our own clock may be behind
  /// in a life that knows no other time, logs count by their arrival.
  var numbersLogs: Bool {
    futureLogPercent > 0 || faults.clockJumps > 0 && (faults.crashes > 0 || hasPoison)
  }

  /// How much is done in one step: more for more events.
  var scale: Int { max(1, events / 150) }

  package init() {}

  /// Everything at once, in a mixture that the seed chooses.
  package static func drawn(_ seed: UInt64) -> SimulationPlan {
    var random = SeededRandom(seed: seed ^ 0x5DEE_CE66)
    let cancels = drawCancels(seed)
    if random.chance(15) {
      var plan = fair(&random)
      plan.cancels = cancels
      return plan
    }
    var plan = SimulationPlan()
    plan.cancels = cancels
    plan.events = 8 + random.below(24)
    plan.steps = 150 + random.below(350)
    plan.shards = random.chance(20) ? 2 + random.below(2) : 1
    plan.drawFaults(&random)
    plan.redrives = random.chance(50) ? 1 + random.below(6) : 0
    plan.batchMaxPerSecond = random.chance(25) ? 1 + random.below(20) : 0
    plan.retains = random.chance(30)
    plan.hasPoison = plan.shards == 1 && random.chance(10)
    plan.drawFutureLogs(seed)
    return plan
  }

  /// The same with thousands of events.
  package static func large(_ seed: UInt64) -> SimulationPlan {
    var random = SeededRandom(seed: seed ^ 0x1A26E)
    var plan = random.chance(30) ? fair(&random) : SimulationPlan()
    plan.events = 1_500 + random.below(3_000)
    plan.steps = plan.isFair ? plan.events : 600 + random.below(1_000)
    plan.cancels = drawCancels(seed) * 20
    guard !plan.isFair else { return plan }
    plan.drawFaults(&random)
    plan.redrives = random.below(200)
    plan.batchMaxPerSecond = random.chance(25) ? 100 + random.below(400) : 0
    plan.retains = random.chance(20)
    plan.drawFutureLogs(seed)
    return plan
  }

  /// From a sequence of its own, so that all else is as it was without them.
  private mutating func drawFutureLogs(_ seed: UInt64) {
    var random = SeededRandom(seed: seed ^ 0xF0_7E)
    futureLogPercent = random.chance(20) ? 10 + random.below(60) : 0
  }

  /// With random numbers of its own: see `SimulatedCancels`.
  private static func drawCancels(_ seed: UInt64) -> Int {
    var random = SeededRandom(seed: seed ^ 0xCA9C_E1)
    return random.chance(50) ? 1 + random.below(8) : 0
  }

  private mutating func drawFaults(_ random: inout SeededRandom) {
    faults.crashes = random.chance(60) ? 1 + random.below(5) : 0
    faults.linkLosses = random.below(4)
    faults.consumerLosses = random.below(4)
    faults.blocks = random.below(3)
    faults.stalls = random.chance(30) ? 1 : 0
    faults.catalogSwaps = random.chance(40) ? 1 + random.below(2) : 0
    faults.nackPercent = random.below(6)
    faults.returnPercent = random.below(4)
    faults.silencePercent = random.chance(50) ? 30 : 0
    faults.troubles = random.chance(60) ? 1 + random.below(6) : 0
    faults.latePercent = random.chance(30) ? 50 : 0
    faults.clockJumps = random.chance(25) ? 1 + random.below(3) : 0
    drift = random.chance(25) ? Int64(random.below(400)) - 200 : 0
    hasCulprits = random.chance(15)
    if random.chance(25) { prefetch = 20 + random.below(100) }
    if random.chance(20) { heldBytes = 64 << 10 }
  }

  private static func fair(_ random: inout SeededRandom) -> SimulationPlan {
    var plan = SimulationPlan()
    plan.isFair = true
    plan.events = 100 + random.below(200)
    plan.steps = 1_500 + random.below(3_000)
    plan.prefetch = 64 + random.below(200)
    plan.faults.troubles = 1 + random.below(8)
    plan.faults.silencePercent = random.chance(50) ? 30 : 0
    plan.batchMaxPerSecond = random.chance(40) ? 1 + random.below(40) : 0
    plan.redrives = random.below(30)
    return plan
  }
}
