import Execution
import Messages
import Simulation
import Testing

/// What waits for one delivery queue does not use up the window of its lane.
@Suite("Neighbours do not wait")
struct NeighbourTests {
  @Test
  func `A connection that is closed again and again keeps a moment's share of the prefetch`() throws
  {
    let world = try Self.world(seed: 4, prefetch: 40, isLate: true)
    world.forbid(connection: "publish realtime sms", forSeconds: 60)
    for number in 0..<60 { sendText("s-\(number)", to: world) }
    world.pass(seconds: 5)
    world.send(.realtime, SimulatedLoad.event("n"), ids: ["n"])
    world.pass(seconds: 2)
    #expect(world.state(of: "n")?.status == .pendingDelivery, "n waits behind text messages")
    #expect(world.unacknowledgedMessages < 40)
    world.pass(seconds: 120)
    #expect(world.statuses(of: "s-0").contains(.pendingDelivery))
    #expect(world.violations.isEmpty)
  }

  @Test
  func `Those that end the connection are looked for while the lane's other queues go on`() throws {
    let world = try Self.world(seed: 5, prefetch: 40, isLate: true)
    world.blameDeliveries(forSeconds: 600)
    for number in 0..<200 { sendText("s-\(number)", to: world) }
    world.pass(seconds: 8)
    world.send(.realtime, SimulatedLoad.event("n"), ids: ["n"])
    world.pass(seconds: 2)
    #expect(world.state(of: "n")?.status == .pendingDelivery, "n waits behind text messages")
    world.comeToRest()
    for number in 0..<200 {
      #expect(world.statuses(of: "s-\(number)").contains(.pendingDelivery))
    }
    #expect(world.violations.isEmpty)
  }

  @Test func `Those that end the connection take turns, and their queue's others go on`() throws {
    let world = try Self.world(seed: 6, isLate: true)
    world.blameDeliveries(forSeconds: 3_600)
    let ids = (0..<200).map { "s-\($0)" }
    for id in ids { sendText(id, to: world) }
    let culprits = ids.filter { world.isToBlame("\($0).00.1") }
    #expect(culprits.count > 15)
    func tries() -> Int {
      culprits.reduce(0) { $0 + world.publishes(of: "\($1).00.1").count }
    }
    world.pass(seconds: 300)
    let delivered = ids.filter { world.statuses(of: $0).contains(.pendingDelivery) }
    #expect(delivered.count == 200 - culprits.count)
    let before = tries()
    world.pass(seconds: 600)
    #expect(8...12 ~= tries() - before, "one each minute")
    #expect(Set(culprits.map { world.publishes(of: "\($0).00.1").count }).max() ?? 0 < 8)
    world.comeToRest()
    for id in culprits { #expect(world.statuses(of: id).contains(.pendingDelivery)) }
    #expect(world.violations.isEmpty)
  }

  @Test func `Whoever ends the connection is no probe of a queue that does not answer`() throws {
    let world = try Self.world(seed: 7)
    world.stall("sms")
    let ids = (0..<120).map { "s-\($0)" }
    let culprits = ids.filter { world.isToBlame("\($0).00.1") }
    #expect(culprits.count > 8)
    for id in culprits { sendText(id, to: world) }
    world.pass(seconds: 1)
    world.blameDeliveries(forSeconds: 3_600)
    for id in ids where !culprits.contains(id) { sendText(id, to: world) }
    world.pass(seconds: 45)
    world.stall(nil)
    world.pass(seconds: 10)
    let others = ids.filter { !culprits.contains($0) }
    #expect(others.allSatisfy { world.statuses(of: $0).contains(.pendingDelivery) })
    #expect(world.violations.isEmpty)
  }

  @Test
  func `What one lane's connection does not answer holds nothing of the other lane's back`() throws
  {
    let world = try Self.world(seed: 8)
    world.mute(connection: "publish batch email", forSeconds: 600)
    for number in 0..<4 {
      let id = "b-\(number)"
      world.send(.batch, SimulatedLoad.event(id), ids: [id])
    }
    world.pass(seconds: 40)
    #expect(world.state(of: "b-0")?.errorCount == 1)
    world.send(.realtime, SimulatedLoad.event("n"), ids: ["n"])
    world.send(.realtime, SimulatedLoad.event("m"), ids: ["m"])
    world.pass(seconds: 1)
    #expect(world.statuses(of: "n") == [.pending, .pendingDelivery])
    #expect(world.statuses(of: "m") == [.pending, .pendingDelivery])
    world.pass(seconds: 20)
    let publishes = (0..<4).reduce(0) { $0 + world.publishes(of: "b-\($1).00.1").count }
    #expect(publishes <= 5, "the other lane's confirm releases nothing")
    #expect(world.violations.isEmpty)
  }

  /// - Parameter isLate: whether connections take their time to open; those of the start are open.
  private static func world(
    seed: UInt64, prefetch: Int = 1_000, isLate: Bool = false
  ) throws -> Simulation {
    var plan = SimulationPlan()
    plan.prefetch = prefetch
    plan.answersLogs = false
    plan.faults.latePercent = isLate ? 100 : 0
    let world = try Simulation(seed: seed, plan: plan)
    if isLate { world.pass(seconds: 4) }
    return world
  }

  private func sendText(_ id: String, to world: Simulation) {
    let phone = #","channel":"sms","mobilePhone":"+46701234567""#
    world.send(.realtime, SimulatedLoad.event(id, type: "ship", extra: phone), ids: [id])
  }
}
