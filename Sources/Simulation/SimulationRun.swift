package import Execution
import Messages

/// One run of the simulator: what happened, and what was wrong with it.
package struct SimulationRun: Sendable {
  package let seed: UInt64
  /// Empty when every rule held.
  package let violations: [Violation]
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
      world.sendLog = { [unowned router] in router.send(replyTo: $0, $1) }
    }
    SimulatedLoad.send(plan, seed: seed, random: &random) { id in
      worlds[id.utf8.reduce(0) { $0 &* 31 &+ Int($1) } % worlds.count]
    }
    for _ in 0..<plan.steps {
      for world in worlds {
        if plan.isFair { world.round() } else { world.step() }
      }
    }
    for world in worlds { world.comeToRest(limit: 20_000 + 100 * plan.events) }
    // The shards' queues are apart, so one that is at rest stays so.
    for world in worlds { world.checkEnd() }
    var violations = worlds.flatMap(\.violations)
    if plan.comparesClocks {
      violations += try difference(worlds[0], seed: seed, plan: plan)
    }
    return SimulationRun(
      seed: seed, violations: violations, histories: worlds.flatMap(\.histories),
      counters: worlds.map(\.engine.counters))
  }

  /// 13: the same run with a wall clock that nobody sets makes the same records in the same order.
  private static func difference(
    _ world: Simulation, seed: UInt64, plan: SimulationPlan
  ) throws -> [Violation] {
    var plain = plan
    plain.comparesClocks = false
    plain.faults.clockJumps = 0
    let other = try Simulation(seed: seed, plan: plain)
    other.sendLog = { [unowned other] in other.send(.deliveryLogs, $1) }
    var random = SeededRandom(seed: ~seed)
    SimulatedLoad.send(plain, seed: seed, random: &random) { _ in other }
    for _ in 0..<plain.steps { other.step() }
    other.comeToRest()
    for (index, (a, b)) in zip(world.log.records, other.log.records).enumerated()
    where a.kind != b.kind || a.id != b.id || a.status != b.status {
      return [Violation(check: .order, text: "record \(index + 1) depends on the wall clock")]
    }
    guard world.log.records.count == other.log.records.count else {
      return [Violation(check: .order, text: "the wall clock makes more records, or fewer")]
    }
    return []
  }
}

/// Brings logs to the queue that their delivery names.
final class LogRouter {
  var worlds: [Simulation]

  init(_ worlds: [Simulation]) {
    self.worlds = worlds
  }

  func send(replyTo: String, _ log: ModelBroker.Message) {
    let world = worlds.first { replyTo == "meddela.delivery-logs.\($0.shard)" }
    world?.send(.deliveryLogs, log)
  }
}
