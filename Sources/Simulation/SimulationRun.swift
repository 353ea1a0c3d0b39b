package import Execution
import Messages

/// One run of the simulator: what happened, and what was wrong with it.
package struct SimulationRun: Sendable {
  package let seed: UInt64
  /// Empty when every rule held.
  package let violations: [String]
  /// The records of the events that the violations name, to look at.
  package let histories: [String]
  /// Of each shard, since its last start.
  package let counters: [EngineCounters]

  /// Runs a plan from a seed: the same two always give the same run.
  ///
  /// - Throws: when the sample templates do not compile.
  package static func run(seed: UInt64, plan: SimulationPlan) throws -> SimulationRun {
    let worlds = try (0..<plan.shards).map {
      try Simulation(seed: seed, plan: plan, shard: ShardNumber(UInt8($0)))
    }
    var random = SeededRandom(seed: ~seed)
    let router = LogRouter(worlds)
    defer { router.worlds = [] }
    for world in worlds {
      world.sendLog = { [unowned router] in router.send(replyTo: $0, body: $1, id: $2) }
    }
    SimulatedLoad.send(plan, seed: seed, random: &random) { id in
      worlds[id.utf8.reduce(0) { $0 &* 31 &+ Int($1) } % worlds.count]
    }
    for _ in 0..<plan.steps {
      for world in worlds { world.step() }
    }
    for world in worlds { world.settle() }
    // The shards' queues are apart, so one that is at rest stays so.
    for world in worlds { world.checkEnd() }
    return SimulationRun(
      seed: seed, violations: worlds.flatMap(\.violations),
      histories: worlds.flatMap(\.histories),
      counters: worlds.map(\.engine.counters))
  }
}

/// Brings logs to the queue that their delivery names.
final class LogRouter {
  var worlds: [Simulation]

  init(_ worlds: [Simulation]) {
    self.worlds = worlds
  }

  func send(replyTo: String, body: String, id: String) {
    let world = worlds.first { replyTo == "meddela.delivery-logs.\($0.shard)" }
    world?.send(.deliveryLogs, body, ids: [id])
  }
}
