import Execution
import Messages
import Simulation
import Testing

/// One story each, of what may happen to an event between its arrival and its end.
@Suite("An event's life")
struct LifeTests {
  private static let phone = #","mobilePhone":"+46701234567""#

  private func world(_ change: (inout SimulationPlan) -> Void = { _ in }) throws -> Simulation {
    var plan = SimulationPlan()
    plan.answersLogs = false
    change(&plan)
    return try Simulation(seed: 3, plan: plan)
  }

  private func log(_ id: String, attempt: Int, _ outcome: String) -> String {
    """
    {"deliveryId":"\(id).00.\(attempt)","eventId":"\(id)","outcome":"\(outcome)",\
    "occurredAt":"2027-01-15T08:00:01Z"}
    """
  }

  @Test func `Without a log the delivery is published again, the same, and then the event expires`()
    throws
  {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("a"), ids: ["a"])
    world.comeToRest(isWaiting: false)
    #expect(world.publishes(of: "a.00.1").count == 1)
    world.pass(seconds: 7)
    #expect(world.publishes(of: "a.00.1").count == 2)
    #expect(world.state(of: "a")?.status == .pendingDelivery)
    #expect(world.state(of: "a")?.logTimeouts == 1)
    #expect(world.totals.stuck == 1)
    world.comeToRest()
    #expect(world.statuses(of: "a") == [.pending, .pendingDelivery, .expired])
    #expect(world.reasons(of: "a").last == "log-timeout")
    #expect(world.publishes(of: "a.00.1").count == 2)
    #expect(world.totals.stuck == 0)
    // The truth still wins.
    world.send(.deliveryLogs, log("a", attempt: 1, "sent"), ids: ["a"])
    world.comeToRest()
    #expect(world.state(of: "a")?.status == .sent)
    #expect(world.violations.isEmpty)
  }

  @Test func `A drain in the middle of a batch ends, and the rest comes again`() throws {
    let world = try world()
    let ids = (0..<500).map { "d\($0)" }
    let body = "[\(ids.map { SimulatedLoad.event($0) }.joined(separator: ","))]"
    world.send(.batch, body, messageID: "many", ids: ids)
    #expect(world.drains())
    #expect(world.unacknowledgedMessages == 1)
    #expect(ids.contains { world.state(of: $0) == nil })
    world.restart()
    world.comeToRest(isWaiting: false)
    #expect(ids.allSatisfy { world.state(of: $0)?.status == .pendingDelivery })
    #expect(world.violations.isEmpty)
  }

  @Test func `A restart neither forgets a log timeout nor begins it anew`() throws {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("a"), ids: ["a"])
    world.comeToRest(isWaiting: false)
    world.pass(seconds: 4)
    world.restart()
    world.pass(seconds: 2.5)
    #expect(world.publishes(of: "a.00.1").count == 2)
    world.restart()
    world.pass(seconds: 0.5)
    #expect(world.totals.stuck == 1)
    world.comeToRest()
    #expect(world.state(of: "a")?.status == .expired)
    #expect(world.publishes(of: "a.00.1").count == 2)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A failed delivery goes through the fallback channels in order, each once, and ends`() throws
  {
    let world = try world()
    let extra = Self.phone + #","registrationToken":"t0ken""#
    world.send(.batch, SimulatedLoad.event("a", type: "ship", extra: extra), ids: ["a"])
    world.comeToRest(isWaiting: false)
    for attempt in 1...3 {
      #expect(world.state(of: "a")?.attempt == UInt16(attempt))
      #expect(world.publishes(of: "a.00.\(attempt)").count == 1)
      world.send(.deliveryLogs, log("a", attempt: attempt, "failed"), ids: ["a"])
      world.comeToRest(isWaiting: false)
    }
    #expect(world.state(of: "a")?.status == .deliveryFailed)
    #expect(world.state(of: "a")?.attempt == 3)
    #expect(world.counters.recycled == 2)
    #expect(world.violations.isEmpty)
  }

  @Test func `A channel without an address is passed over, and the history says when none is left`()
    throws
  {
    let world = try world()
    let token = #","registrationToken":"t0ken""#
    world.send(.batch, SimulatedLoad.event("a", type: "ship", extra: token), ids: ["a"])
    world.send(.batch, SimulatedLoad.event("b", type: "ship"), ids: ["b"])
    world.comeToRest(isWaiting: false)
    for id in ["a", "b"] { world.send(.deliveryLogs, log(id, attempt: 1, "failed"), ids: [id]) }
    world.comeToRest(isWaiting: false)
    #expect(world.state(of: "a")?.attempt == 2)
    #expect(world.state(of: "b")?.attempt == 1)
    #expect(world.state(of: "b")?.isFinal == true)
    #expect(world.reasons(of: "b").last == "no-fallback")
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A redrive begins another attempt, once, and only of what ended without success`() throws {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("lost", type: "unheard-of"), ids: ["lost"])
    world.send(.realtime, SimulatedLoad.event("failed"), ids: ["failed"])
    world.comeToRest(isWaiting: false)
    #expect(world.redrive("nobody") == .notFound)
    #expect(world.redrive("failed") == .alreadyOpen)
    world.send(.deliveryLogs, log("failed", attempt: 1, "failed"), ids: ["failed"])
    world.comeToRest(isWaiting: false)
    let sequence = try #require(world.state(of: "failed")?.sequence)
    #expect(world.redrive("failed", sequence: sequence) == .done(attempt: 2))
    #expect(world.publishes(of: "failed.00.2").count == 1)
    #expect(world.redrive("failed", sequence: sequence) == .movedOn)
    #expect(world.redrive("failed") == .alreadyOpen)
    world.send(.deliveryLogs, log("failed", attempt: 2, "sent"), ids: ["failed"])
    world.comeToRest(isWaiting: false)
    #expect(world.redrive("failed") == .illegalStatus(.sent))
    // No template yet: it is pending for a moment, and not covered again.
    #expect(world.redrive("lost") == .done(attempt: 2))
    #expect(world.statuses(of: "lost") == [.pending, .notCovered, .pending, .notCovered])
    #expect(world.violations.isEmpty)
  }

  @Test func `A resend repeats the last delivery of any final event, in its history`() throws {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("done"), ids: ["done"])
    world.comeToRest(isWaiting: false)
    #expect(world.redrive("nobody", resends: true) == .notFound)
    #expect(world.redrive("done", resends: true) == .alreadyOpen)
    world.send(.deliveryLogs, log("done", attempt: 1, "sent"), ids: ["done"])
    world.comeToRest(isWaiting: false)
    let sequence = try #require(world.state(of: "done")?.sequence)
    #expect(world.redrive("done", sequence: sequence) == .illegalStatus(.sent))
    #expect(world.redrive("done", sequence: sequence, resends: true) == .done(attempt: 2))
    #expect(world.publishes(of: "done.00.2").count == 1)
    #expect(world.redrive("done", sequence: sequence, resends: true) == .movedOn)
    #expect(world.reasons(of: "done").contains("resent"))
    // What comes late of the first attempt changes nothing any more.
    world.send(.deliveryLogs, log("done", attempt: 1, "failed"), ids: ["done"])
    world.comeToRest(isWaiting: false)
    #expect(world.state(of: "done")?.status == .pendingDelivery)
    world.send(.deliveryLogs, log("done", attempt: 2, "ignored"), ids: ["done"])
    world.comeToRest(isWaiting: false)
    #expect(world.redrive("done", resends: true) == .done(attempt: 3))
    #expect(world.violations.isEmpty)
  }

  @Test func `What has expired by its own expiration is not redriven`() throws {
    let world = try world()
    let extra = #","expiration":"2027-01-15T07:00:00Z""#
    world.send(.realtime, SimulatedLoad.event("late", extra: extra), ids: ["late"])
    world.comeToRest(isWaiting: false)
    #expect(world.state(of: "late")?.status == .expired)
    #expect(world.redrive("late") == .pastExpiration)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A limited batch lane accepts at once and delivers at its rate; real-time is not held`()
    throws
  {
    let world = try world { $0.batchMaxPerSecond = 10 }
    let ids = (0..<40).map { "b-\($0)" }
    for id in ids { world.send(.batch, SimulatedLoad.event(id), ids: [id]) }
    world.pass(seconds: 1.5)
    #expect(world.unacknowledgedMessages == 0)
    world.send(.realtime, SimulatedLoad.event("now"), ids: ["now"])
    world.pass(seconds: 0.5)
    #expect(world.publishes(of: "now.00.1").count == 1)
    world.restart()
    world.pass(seconds: 4)
    let times = ids.flatMap { world.publishes(of: "\($0).00.1") }.sorted()
    #expect(times.count == ids.count)
    for time in times {
      let inSecond = times.filter { $0 >= time && $0 < time + 1_000_000_000 }.count
      #expect(inSecond <= 12)
    }
    #expect(world.violations.isEmpty)
  }

  @Test func `A delivery queue that stops confirming holds no other, and is probed`() throws {
    let world = try world()
    world.stall("email")
    let sms = #","channel":"sms""# + Self.phone
    for number in 0..<10 {
      world.send(.realtime, SimulatedLoad.event("e-\(number)"), ids: ["e-\(number)"])
    }
    world.pass(seconds: 31)
    // Past the deadline: acknowledged, and waiting durably.
    #expect(world.unacknowledgedMessages == 0)
    for number in 0..<10 {
      world.send(.realtime, SimulatedLoad.event("s-\(number)", extra: sms), ids: ["s-\(number)"])
    }
    world.pass(seconds: 1)
    for number in 0..<10 {
      #expect(world.publishes(of: "s-\(number).00.1").count == 1)
      #expect(world.statuses(of: "s-\(number)").contains(.pendingDelivery))
    }
    world.pass(seconds: 60)
    // The ten first ones, and one probe for each deadline that has passed.
    #expect(world.unconfirmedPublishes <= 13)
    world.stall(nil)
    world.comeToRest()
    for number in 0..<10 {
      #expect(world.statuses(of: "e-\(number)").contains(.pendingDelivery))
    }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A delivery queue at which the broker stands still holds the others up for a bounded time`()
    throws
  {
    let world = try world()
    world.stall("email", standsStill: true)
    let sms = #","channel":"sms""# + Self.phone
    func send(_ first: Int) {
      for number in first..<first + 10 {
        world.send(.realtime, SimulatedLoad.event("e-\(number)"), ids: ["e-\(number)"])
        world.send(
          .realtime, SimulatedLoad.event("s-\(number)", extra: sms), ids: ["s-\(number)"])
      }
    }
    send(0)
    world.pass(seconds: 33)
    // The first of them met the deadline; what was behind them goes on without them.
    send(10)
    world.pass(seconds: 35)
    for number in 0..<20 {
      #expect(world.statuses(of: "s-\(number)").contains(.pendingDelivery), "s-\(number)")
    }
    // From now on it is probed, less and less often.
    world.pass(seconds: 600)
    let probes = (0..<20).reduce(0) { $0 + world.publishes(of: "e-\($1).00.1").count }
    #expect(probes < 10 + 25, "\(probes) publishes")
    world.stall(nil)
    world.comeToRest(isWaiting: true)
    for number in 0..<20 {
      #expect(world.statuses(of: "e-\(number)").contains(.pendingDelivery))
    }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `What waits behind a stalled queue costs nothing meanwhile, ends in time, and goes at once`()
    throws
  {
    let world = try world()
    world.stall("email")
    let soon = Timestamp(nanoseconds: world.time + 300_000_000_000).text
    for number in 0..<200 {
      let extra = number < 10 ? #","expiration":"\#(soon)""# : ""
      world.send(
        .realtime, SimulatedLoad.event("w-\(number)", extra: extra), ids: ["w-\(number)"])
    }
    // Past the deadline, and long after it.
    world.pass(seconds: 45)
    let before = (0..<200).map { world.statuses(of: "w-\($0)").count }
    world.pass(seconds: 240)
    let after = (0..<200).map { world.statuses(of: "w-\($0)").count }
    // Probes go on record, the others do not.
    #expect(after.reduce(0, +) - before.reduce(0, +) < 20)
    #expect(world.unacknowledgedMessages == 0)
    world.pass(seconds: 60)
    for number in 0..<10 { #expect(world.statuses(of: "w-\(number)").last == .expired) }
    world.stall(nil)
    // A probe comes once a minute, and is answered.
    world.pass(seconds: 100)
    for number in 10..<200 {
      #expect(world.statuses(of: "w-\(number)").contains(.pendingDelivery), "w-\(number)")
    }
    #expect(world.violations.isEmpty)
  }

  @Test func `A pause of the process is not taken for a broker that does not answer`() throws {
    let world = try world()
    world.stall("email")
    for number in 0..<5 {
      world.send(.realtime, SimulatedLoad.event("p-\(number)"), ids: ["p-\(number)"])
    }
    world.pass(seconds: 1)
    world.sleep(seconds: 120)
    world.stall(nil)
    world.pass(seconds: 2)
    #expect(world.counters.deliveriesUnconfirmedInTime == 0 && world.counters.retries == 0)
    for number in 0..<5 {
      #expect(world.statuses(of: "p-\(number)").last == .pendingDelivery)
    }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `While the broker blocks for long, what is durable is acknowledged, and goes on afterwards`()
    throws
  {
    let world = try world()
    world.block(true)
    for number in 0..<20 {
      let lane: Inlet = number % 2 == 0 ? .realtime : .batch
      world.send(lane, SimulatedLoad.event("b-\(number)"), ids: ["b-\(number)"])
    }
    world.pass(seconds: 240)
    #expect(world.unacknowledgedMessages == 20)
    world.pass(seconds: 120)
    #expect(world.unacknowledgedMessages == 0)
    world.block(false)
    world.comeToRest(isWaiting: true)
    for number in 0..<20 {
      #expect(world.statuses(of: "b-\(number)").contains(.pendingDelivery))
      #expect(!world.reasons(of: "b-\(number)").contains("expired"))
    }
    #expect(world.violations.isEmpty)
  }

  @Test func `The totals of a lane come to the same after a restart`() throws {
    let world = try world()
    for number in 0..<20 {
      let type = number % 4 == 0 ? "unheard-of" : "order"
      world.send(.batch, SimulatedLoad.event("t-\(number)", type: type), ids: ["t-\(number)"])
    }
    world.pass(seconds: 3)
    let before = world.totals
    #expect(before.batch.accepted == 20)
    #expect(before.batch[.notCovered] == 5)
    #expect(before.batch[.pendingDelivery] == 15)
    #expect(before.batch.open == 15)
    #expect(before.batch.final == 5)
    world.restart()
    world.pass(seconds: 0.5)
    #expect(world.totals == before)
    #expect(world.violations.isEmpty)
  }
}
