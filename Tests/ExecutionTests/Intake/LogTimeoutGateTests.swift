import Messages
import Simulation
import Testing

@testable import Execution

@Suite("Log timeouts wait for the logs that have come meanwhile")
struct LogTimeoutGateTests {
  private static func log(_ id: String) -> String {
    """
    {"deliveryId":"\(id).00.1","eventId":"\(id)","outcome":"sent",\
    "occurredAt":"2027-01-15T08:00:01Z"}
    """
  }

  @Test func `What was answered while the service was away is not published again`() throws {
    var plan = SimulationPlan()
    plan.answersLogs = false
    let world = try Simulation(seed: 21, plan: plan)
    let ids = (0..<60).map { "a-\($0)" }
    for id in ids { world.send(.realtime, SimulatedLoad.event(id), ids: [id]) }
    world.send(.realtime, SimulatedLoad.event("quiet"), ids: ["quiet"])
    world.comeToRest(isWaiting: false)
    for id in ids { world.send(.deliveryLogs, Self.log(id), ids: [id]) }
    world.sleep(seconds: 60)
    world.restart()
    world.pass(seconds: 5)
    for id in ids {
      #expect(world.publishes(of: "\(id).00.1").count == 1)
      #expect(world.statuses(of: id) == [.pending, .pendingDelivery, .sent])
    }
    // Nobody has answered that one.
    #expect(world.publishes(of: "quiet.00.1").count == 2)
    #expect(world.counters.logTimeouts == 1)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A stream of logs without end puts them off for ten minutes of consuming, no longer`() {
    var gate = LogTimeoutGate()
    var now = MonotonicTime.seconds(5)
    for _ in 0..<1_000 {
      now += .seconds(1)
      gate.advance(to: now, isConsuming: false, isIdle: true)
    }
    #expect(!gate.isOpen)
    for _ in 0..<599 {
      now += .seconds(1)
      gate.advance(to: now, isConsuming: true, isIdle: false)
    }
    #expect(!gate.isOpen)
    // A pause of the process is no consuming.
    now += .minutes(60)
    gate.advance(to: now, isConsuming: false, isIdle: false)
    #expect(!gate.isOpen)
    now += .seconds(1)
    gate.advance(to: now, isConsuming: true, isIdle: false)
    #expect(gate.isOpen)
  }

  @Test func `The queue was empty: what was taken from it before is applied first`() {
    var gate = LogTimeoutGate()
    gate.advance(to: 1, isConsuming: true, isIdle: true)
    #expect(!gate.isOpen)
    gate.queueIsEmpty()
    gate.advance(to: 2, isConsuming: true, isIdle: false)
    #expect(!gate.isOpen)
    gate.advance(to: 3, isConsuming: true, isIdle: true)
    #expect(gate.isOpen)
    // The consumer is lost.
    gate.close()
    gate.advance(to: 4, isConsuming: true, isIdle: true)
    #expect(!gate.isOpen)
  }
}
