import Execution
import Messages
import Simulation
import Testing

/// What waits for one delivery queue does not use up the window of its lane.
@Suite("Neighbours do not wait")
struct NeighbourTests {
  @Test("A connection that is closed again and again keeps a moment's share of the prefetch")
  func connectionThatCloses() throws {
    var plan = SimulationPlan()
    plan.prefetch = 40
    plan.answersLogs = false
    plan.faults.latePercent = 100
    let world = try Simulation(seed: 4, plan: plan)
    world.pass(seconds: 4)
    world.forbid(connection: "publish realtime sms", forSeconds: 60)
    let phone = #","channel":"sms","mobilePhone":"+46701234567""#
    for number in 0..<60 {
      let id = "s-\(number)"
      world.send(.realtime, SimulatedLoad.event(id, type: "ship", extra: phone), ids: [id])
    }
    world.pass(seconds: 5)
    world.send(.realtime, SimulatedLoad.event("n"), ids: ["n"])
    world.pass(seconds: 2)
    #expect(world.state(of: "n")?.status == .pendingDelivery, "n waits behind text messages")
    #expect(world.unacknowledgedMessages < 40)
    world.pass(seconds: 120)
    #expect(world.statuses(of: "s-0").contains(.pendingDelivery))
    #expect(world.violations.isEmpty)
  }
}
