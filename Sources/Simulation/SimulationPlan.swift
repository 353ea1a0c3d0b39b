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
  package var batchMaxPerSecond = 0
  /// Whether the log removes old records, and has open events carried forward first.
  package var retains = false
  /// Whether one message kills the process whenever it is taken.
  package var hasPoison = false
  /// Whether the delivery engines answer, and do so in contradictions.
  package var answersLogs = true
  package var breaks: DeliberateBreaks = []
  /// A break of the connection, not of the engine: acknowledgements of an earlier channel are
  /// sent on the present one.
  package var sendsStaleTags = false

  package init() {}

  /// Everything at once, in a mixture that the seed chooses.
  package static func drawn(_ seed: UInt64) -> SimulationPlan {
    var random = SeededRandom(seed: seed ^ 0x5DEE_CE66)
    var plan = SimulationPlan()
    plan.events = 8 + random.below(24)
    plan.steps = 150 + random.below(350)
    plan.shards = random.chance(20) ? 2 + random.below(2) : 1
    plan.faults.crashes = random.chance(60) ? 1 + random.below(5) : 0
    plan.faults.linkLosses = random.below(4)
    plan.faults.consumerLosses = random.below(4)
    plan.faults.blocks = random.below(3)
    plan.faults.stalls = random.chance(30) ? 1 : 0
    plan.faults.catalogSwaps = random.chance(40) ? 1 + random.below(2) : 0
    plan.faults.nackPercent = random.below(6)
    plan.faults.returnPercent = random.below(4)
    plan.faults.silencePercent = random.chance(50) ? 30 : 0
    plan.redrives = random.chance(50) ? 1 + random.below(6) : 0
    plan.batchMaxPerSecond = random.chance(25) ? 1 + random.below(20) : 0
    plan.retains = random.chance(30)
    plan.hasPoison = plan.shards == 1 && random.chance(10)
    return plan
  }
}
