import Execution
import Messages
import Simulation
import Testing

/// A message that was delivered often is taken alone, for a time that is bounded.
@Suite("Isolation ends")
struct IsolationTests {
  private func world() throws -> Simulation {
    var plan = SimulationPlan()
    plan.answersLogs = false
    return try Simulation(seed: 9, plan: plan)
  }

  @Test func `However many suspects wait for the broker, other messages flow in between`() throws {
    let world = try world()
    world.block(true)
    let ids = (0..<40).map { "s-\($0)" }
    for (number, id) in ids.enumerated() {
      let inlet: Inlet = number % 2 == 0 ? .realtime : .batch
      world.send(inlet, SimulatedLoad.event(id), ids: [id], deliveryCount: 7)
    }
    world.pass(seconds: 1)
    #expect(world.isIsolating)
    for round in 0..<6 {
      world.send(.realtime, SimulatedLoad.event("n-\(round)"), ids: ["n-\(round)"])
      world.pass(seconds: 3)
      #expect(world.state(of: "n-\(round)") != nil, "n-\(round) waits behind the suspects")
    }
    // At least half of the time messages flow.
    var isolated = 0
    for _ in 0..<400 {
      world.pass(steps: 1)
      if world.isIsolating { isolated += 1 }
    }
    #expect(isolated <= 220, "\(isolated) of 400 steps")
    // The suspects come to their turn all the same.
    world.pass(seconds: 60)
    #expect(ids.allSatisfy { world.state(of: $0) != nil })
    #expect(!world.isIsolating)
    world.block(false)
    world.comeToRest(isWaiting: false)
    #expect(world.counters.isolated == 40 && world.unacknowledgedMessages == 0)
    #expect(world.violations.isEmpty)
  }

  @Test func `Suspects that the process survives are through in a moment, one at a time`() throws {
    let world = try world()
    let ids = (0..<20).map { "s-\($0)" }
    for id in ids {
      world.send(.realtime, SimulatedLoad.event(id), ids: [id], deliveryCount: 5)
    }
    var taken = 0
    for _ in 0..<200 where taken < 20 {
      world.pass(steps: 1, of: 5_000_000)
      let next = ids.count { world.state(of: $0) != nil }
      #expect(next <= taken + 1)
      taken = next
    }
    #expect(taken == 20)
    world.pass(seconds: 1)
    #expect(!world.isIsolating && world.unacknowledgedMessages == 0)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A suspect of many elements is alone for a second at most, and loses none of them`() throws {
    let world = try world()
    let ids = (0..<3_000).map { "m-\($0)" }
    let body = "[\(ids.map { SimulatedLoad.event($0) }.joined(separator: ","))]"
    world.send(.batch, body, ids: ids, deliveryCount: 6)
    world.send(.batch, SimulatedLoad.event("other"), ids: ["other"], deliveryCount: 6)
    world.pass(seconds: 3)
    world.send(.realtime, SimulatedLoad.event("now"), ids: ["now"])
    world.pass(seconds: 3)
    #expect(world.state(of: "now")?.status == .pendingDelivery)
    world.comeToRest(isWaiting: false)
    #expect(ids.allSatisfy { world.state(of: $0)?.status == .pendingDelivery })
    #expect(world.state(of: "other")?.status == .pendingDelivery)
    #expect(world.violations.isEmpty)
  }
}
