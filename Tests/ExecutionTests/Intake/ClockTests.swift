import LogSequence
import Messages
import Simulation
import Testing

@testable import Execution

/// Durations do not follow the wall clock, moments do. The table is in `deploy/handbook/clocks.md`.
@Suite("The wall clock is set")
struct ClockTests {
  private func world() throws -> Simulation {
    var plan = SimulationPlan()
    plan.answersLogs = false
    return try Simulation(seed: 13, plan: plan)
  }

  private static let day: Int64 = 86_400

  @Test(arguments: [false, true])
  func `A day ahead for a moment: log timeouts come neither early nor late`(restarts: Bool) throws {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("before"), ids: ["before"])
    world.pass(seconds: 2)
    world.setClock(forward: Self.day)
    world.send(.realtime, SimulatedLoad.event("during"), ids: ["during"])
    world.pass(seconds: 1.5)
    #expect(world.counters.logTimeouts == 0)
    world.setClock(forward: -Self.day)
    world.send(.realtime, SimulatedLoad.event("after"), ids: ["after"])
    world.pass(seconds: 1)
    if restarts { world.restart() }
    world.pass(seconds: 13)
    for id in ["before", "during", "after"] {
      #expect(world.publishes(of: "\(id).00.1").count >= 2, "\(id)")
    }
    world.pass(seconds: 20)
    for id in ["before", "during", "after"] { #expect(world.state(of: id)?.status == .expired) }
  }

  @Test(arguments: [false, true])
  func `An hour back: a try comes when its pause is over`(restarts: Bool) throws {
    let world = try world()
    world.stall("email")
    world.send(.realtime, SimulatedLoad.event("r"), ids: ["r"])
    world.pass(seconds: 31)
    #expect(world.state(of: "r")?.errorCount == 1)
    world.setClock(forward: -3_600)
    if restarts { world.restart() }
    world.stall(nil)
    // The longest pause of all, were it taken from the record.
    world.pass(seconds: 301)
    #expect(
      world.state(of: "r")?.status == .pendingDelivery || world.publishes(of: "r.00.1").count > 1)
  }

  @Test func `A day ahead for a moment uses up nobody's time to give up`() throws {
    let world = try world()
    world.block(true)
    world.send(.realtime, SimulatedLoad.event("g"), ids: ["g"])
    world.pass(seconds: 2)
    // The simulated shard gives up after 116 days.
    world.setClock(forward: 200 * Self.day)
    world.pass(seconds: 302)
    #expect(world.state(of: "g")?.status == .pending && world.state(of: "g")?.errorCount == 1)
    world.setClock(forward: -200 * Self.day)
    world.block(false)
    world.comeToRest(isWaiting: false)
    world.pass(seconds: 5)
    #expect(world.state(of: "g")?.status == .pendingDelivery)
  }

  @Test func `A schedule and an expiration are moments of the wall clock`() throws {
    let world = try world()
    let at = Timestamp(nanoseconds: world.time + 3_600_000_000_000).text
    world.send(.realtime, SimulatedLoad.event("s", extra: #","scheduled":"\#(at)""#), ids: ["s"])
    world.send(
      .realtime,
      SimulatedLoad.event(
        "x", extra: #","scheduled":"2029-01-01T00:00:00Z","expiration":"\#(at)""#), ids: ["x"])
    world.pass(seconds: 1)
    world.setClock(forward: 3_600)
    world.pass(seconds: 1)
    #expect(world.state(of: "s")?.status == .pendingDelivery)
    #expect(world.state(of: "x")?.status == .expired)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A delivery that was refused at first has its log timeout whenever the clock is set`() throws
  {
    let world = try world()
    world.refuse(queue: "email", forSeconds: 0.5)
    world.send(.realtime, SimulatedLoad.event("r"), ids: ["r"])
    world.pass(seconds: 4)
    #expect(world.state(of: "r")?.status == .pendingDelivery)
    #expect((world.state(of: "r")?.errorCount ?? 0) > 0)
    world.setClock(forward: -3_600)
    world.pass(seconds: 8)
    #expect(world.counters.logTimeouts == 1)
    #expect(
      world.publishes(of: "r.00.1").count >= 3, "refused, taken, and once more for want of a log")
    #expect(world.violations.isEmpty)
  }

  @Test func `A clock that is slewed is not set, one that jumps is, each time`() {
    var clock = WallClock()
    var wall: Int64 = 1_000_000_000_000
    var monotonic = MonotonicTime.start
    func advance(_ wallSeconds: Double, _ seconds: Double, lsn: LSN) -> Int64 {
      wall += Int64(wallSeconds * 1e9)
      monotonic += TimeSpan(nanoseconds: UInt64(seconds * 1e9))
      return clock.advance(
        to: Instant(wall: Timestamp(nanoseconds: wall), monotonic: monotonic), newest: lsn)
    }
    #expect(advance(1, 1, lsn: 1) == 0)
    for _ in 0..<100 { #expect(advance(0.6, 0.5, lsn: 2) == 0) }
    #expect(advance(61, 1, lsn: 5) == 60_000_000_000)
    #expect(advance(-59, 1, lsn: 9) == -60_000_000_000)
    #expect(clock.shift(since: 5) == 0)
    #expect(clock.shift(since: 7) == -60_000_000_000)
    #expect(clock.shift(since: 10) == 0)
    // A machine that slept: wall time went on, the process did not.
    #expect(advance(3_600, 0.1, lsn: 12) == 3_599_900_000_000)
  }
}
