import Execution
import Messages
import Simulation
import Testing

/// Whatever is due at once, fresh events find room.
@Suite("What is driven on in the background")
struct BackgroundTests {
  private func world(_ change: (inout SimulationPlan) -> Void = { _ in }) throws -> Simulation {
    var plan = SimulationPlan()
    plan.answersLogs = false
    change(&plan)
    return try Simulation(seed: 5, plan: plan)
  }

  private func batch(_ ids: [String], extra: String = "") -> String {
    "[\(ids.map { SimulatedLoad.event($0, extra: extra) }.joined(separator: ","))]"
  }

  /// Sends many at once, in arrays of a hundred; real-time, so that they are taken fast.
  private func sendMany(_ ids: [String], extra: String = "", to world: Simulation) {
    for start in stride(from: 0, to: ids.count, by: 100) {
      let part = Array(ids[start..<min(start + 100, ids.count)])
      world.send(.realtime, batch(part, extra: extra), ids: part)
    }
  }

  @Test
  func `Of two thousand events that are due in one second few are under way at one time`() throws {
    let world = try world()
    let at = Timestamp(nanoseconds: world.time + 20_000_000_000).text
    let ids = (0..<2_000).map { "s-\($0)" }
    sendMany(ids, extra: #","scheduled":"\#(at)""#, to: world)
    world.pass(seconds: 19)
    #expect(world.unacknowledgedMessages == 0 && world.activeEvents == 0)
    world.block(true)
    world.pass(seconds: 2)
    #expect(world.activeEvents > 0 && world.activeEvents <= 512, "\(world.activeEvents)")
    world.block(false)
    world.send(.realtime, SimulatedLoad.event("now"), ids: ["now"])
    world.pass(steps: 4)
    #expect(world.publishes(of: "now.00.1").count == 1)
    world.pass(seconds: 5)
    for id in ids { #expect(world.publishes(of: "\(id).00.1").count == 1) }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `Messages are taken while recovery goes on, and those for its events join them`() throws {
    let world = try world()
    world.block(true)
    let ids = (0..<1_200).map { "r-\($0)" }
    sendMany(ids, to: world)
    world.pass(seconds: 2)
    #expect(ids.allSatisfy { world.state(of: $0)?.status == .pending })
    world.restart()
    world.block(true)
    world.send(.realtime, SimulatedLoad.event("now"), ids: ["now"])
    world.pass(steps: 3)
    #expect(world.eventsToRecover > 0)
    world.pass(seconds: 2)
    // The broker takes nothing: what came again for events that are still open is not settled.
    #expect(world.unacknowledgedMessages == 13)
    #expect(world.state(of: "now")?.status == .pending)
    world.block(false)
    world.comeToRest(isWaiting: false)
    for id in ids + ["now"] {
      #expect(world.state(of: id)?.status == .pendingDelivery)
      #expect(world.publishes(of: "\(id).00.1").count == 1)
    }
    #expect(world.eventsToRecover == 0 && world.violations.isEmpty)
  }

  @Test
  func `The same id thousands of times in one array is accepted once, with one delivery`() throws {
    let world = try world()
    let ids = [String](repeating: "same", count: 5_000)
    world.send(.realtime, batch(ids), ids: ["same"])
    world.comeToRest(isWaiting: false)
    #expect(world.publishes(of: "same.00.1").count == 1)
    #expect(world.counters.duplicates == 4_999 && world.unacknowledgedMessages == 0)
    #expect(world.heldBytes == 0 && world.violations.isEmpty)
  }

  @Test func `Timers, log timeouts and redrives go on while recovery does`() throws {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("lost", type: "unheard-of"), ids: ["lost"])
    world.comeToRest(isWaiting: false)
    let at = Timestamp(nanoseconds: world.time + 1_000_000_000).text
    world.send(
      .batch, SimulatedLoad.event("timed", extra: #","scheduled":"\#(at)""#), ids: ["timed"])
    world.pass(seconds: 0.5)
    world.block(true)
    let ids = (0..<600).map { "r-\($0)" }
    sendMany(ids, to: world)
    world.pass(seconds: 1)
    world.restart()
    world.pass(steps: 2)
    #expect(world.eventsToRecover > 0)
    world.pass(steps: 6)
    #expect(world.publishes(of: "timed.00.1").count == 1)
    #expect(world.redrive("lost") == .done(attempt: 2))
    world.comeToRest(isWaiting: false)
    #expect(world.violations.isEmpty)
  }

  @Test func `Fallbacks, redrives and repeats keep to the rate of the batch lane`() throws {
    let world = try world { $0.batchMaxPerSecond = 10 }
    let phone = #","mobilePhone":"+46701234567""#
    let ids = (0..<30).map { "p-\($0)" }
    for id in ids {
      world.send(.batch, SimulatedLoad.event(id, type: "ship", extra: phone), ids: [id])
    }
    // With the repeats after the log timeout of six seconds.
    world.pass(seconds: 11)
    for id in ids { #expect(world.publishes(of: "\(id).00.1").count == 2, "\(id)") }
    #expect(world.counters.logTimeouts == 30)
    for id in ids {
      let log = #"{"deliveryId":"\#(id).00.1","eventId":"\#(id)","outcome":"failed","#
      world.send(
        .deliveryLogs, log + #""occurredAt":"2027-01-15T08:00:01Z"}"#, ids: [id])
    }
    world.pass(seconds: 5)
    for id in ids { #expect(world.publishes(of: "\(id).00.2").count == 1, "\(id)") }
    for id in ids {
      let log = #"{"deliveryId":"\#(id).00.2","eventId":"\#(id)","outcome":"failed","#
      world.send(
        .deliveryLogs, log + #""occurredAt":"2027-01-15T08:00:01Z"}"#, ids: [id])
    }
    world.comeToRest(isWaiting: false)
    for id in ids { #expect(world.redrive(id) == .done(attempt: 3)) }
    world.pass(seconds: 5)
    let times = ids.flatMap { id in
      (1...3).flatMap { world.publishes(of: "\(id).00.\($0)") }
    }.sorted()
    #expect(times.count >= 120)
    for time in times {
      let inSecond = times.filter { $0 >= time && $0 < time + 1_000_000_000 }.count
      #expect(inSecond <= 12)
    }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A repeat that waits for its turn does so over a restart, and is counted once`() throws {
    let world = try world { $0.batchMaxPerSecond = 2 }
    let ids = (0..<10).map { "q-\($0)" }
    for id in ids { world.send(.batch, SimulatedLoad.event(id), ids: [id]) }
    world.pass(seconds: 12)
    world.restart()
    world.pass(seconds: 4)
    for id in ids {
      #expect(world.publishes(of: "\(id).00.1").count == 2, "\(id)")
      #expect(world.state(of: id)?.logTimeouts == 1)
    }
    #expect(world.violations.isEmpty)
  }
}
