import Messages
import Simulation
import Testing

@testable import Execution

@Suite("Memory is bounded by bytes")
struct HeldBytesTests {
  @Test
  func `While the broker is blocked, large messages of all lanes fill no more than the budget`()
    throws
  {
    var plan = SimulationPlan()
    plan.answersLogs = false
    let world = try Simulation(seed: 2, plan: plan)
    world.block(true)
    let filler = String(repeating: "x", count: 900_000)
    var ids: [String] = []
    for number in 0..<40 {
      // Arrays of four, singles, and suspects.
      let names = number % 2 == 0 ? (0..<4).map { "h-\(number)-\($0)" } : ["h-\(number)"]
      let events = names.map { SimulatedLoad.event($0, extra: #","f":"\#(filler)""#) }
      ids += names
      world.send(
        number % 3 == 0 ? .realtime : .batch,
        names.count == 1 ? events[0] : "[\(events.joined(separator: ","))]", ids: names,
        deliveryCount: number % 5 == 0 ? 6 : 0)
    }
    var most = 0
    for _ in 0..<200 {
      world.pass(steps: 1)
      most = max(most, world.heldBytes)
    }
    // The budget, and what one message may come to beyond its part of it.
    #expect(most < (192 << 20) + (20 << 20), "\(most >> 20) MiB")
    #expect(most > 32 << 20)
    world.block(false)
    world.comeToRest(isWaiting: false)
    #expect(world.heldBytes == 0)
    // Nobody answers the deliveries: the first of them may have waited for too long.
    for id in ids {
      let state = try #require(world.state(of: id))
      #expect(state.status == .pendingDelivery || state.logTimeouts > 0, "\(id): \(state)")
    }
    #expect(world.violations.isEmpty)
  }

  @Test func `Batch leaves room for real-time, and both for delivery logs`() {
    var held = HeldBytes(limit: 120)
    for inlet in Inlet.allCases { #expect(held.mayTake(inlet) && held.mayReceive(inlet)) }
    held.hold(40)
    #expect(!held.mayTake(.batch) && held.mayTake(.realtime) && held.mayTake(.deliveryLogs))
    held.hold(20)
    #expect(!held.mayTake(.realtime) && held.mayTake(.deliveryLogs))
    held.hold(10)
    #expect(!held.mayTake(.deliveryLogs))
    held.release(70)
    held.arrived(10, in: .batch)
    #expect(!held.mayReceive(.batch) && held.mayReceive(.realtime) && held.mayTake(.batch))
    held.left(10, from: .batch)
    #expect(held.total == 0)
  }
}
