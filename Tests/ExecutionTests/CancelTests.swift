import Execution
import LogSequence
import Messages
import Testing

@testable import Simulation

/// One story each, of an event that a producer or a person cancels.
@Suite("A cancelled event")
struct CancelTests {
  private static let phone = #","mobilePhone":"+46701234567""#

  private func world(_ change: (inout SimulationPlan) -> Void = { _ in }) throws -> Simulation {
    var plan = SimulationPlan()
    plan.answersLogs = false
    change(&plan)
    return try Simulation(seed: 9, plan: plan)
  }

  private func log(_ id: String, attempt: Int, _ outcome: String, second: Int = 1) -> String {
    """
    {"deliveryId":"\(id).00.\(attempt)","eventId":"\(id)","outcome":"\(outcome)",\
    "occurredAt":"2027-01-15T08:00:0\(second)Z"}
    """
  }

  private func scheduled(_ world: Simulation, seconds: Int64) -> String {
    let time = Timestamp(nanoseconds: world.time + seconds * 1_000_000_000)
    return #","scheduled":"\#(time.text)""#
  }

  /// Nothing of it went out, and its history says why.
  private func expectCancelled(_ id: String, in world: Simulation, attempt: UInt16 = 1) {
    #expect(world.state(of: id)?.status == .ignored)
    #expect(world.state(of: id)?.isCancelled == true)
    #expect(world.state(of: id)?.attempt == attempt)
    #expect(world.reasons(of: id).last == "cancelled")
    #expect(world.publishes(of: "\(id).00.\(attempt)").isEmpty)
  }

  @Test func `A scheduled one is ignored, and its time passes without a delivery`() throws {
    let world = try world()
    world.send(
      .batch, SimulatedLoad.event("a", extra: scheduled(world, seconds: 30)), ids: ["a"])
    world.comeToRest(isWaiting: false)
    world.sendCancel(["a"])
    world.comeToRest()
    #expect(world.statuses(of: "a") == [.pending, .ignored])
    expectCancelled("a", in: world)
    #expect(world.counters.cancelled == 1 && world.totals.batch[.ignored] == 1)
    // It is final: nothing wakes it after a restart either.
    world.restart()
    world.comeToRest()
    expectCancelled("a", in: world)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `One that waits for its retry, or for its lane's turn, is ignored; the others go on`() throws
  {
    let world = try world { $0.batchMaxPerSecond = 2 }
    world.refuse(queue: "email", forSeconds: 4)
    world.send(.realtime, SimulatedLoad.event("r"), ids: ["r"])
    for number in 0..<6 {
      world.send(
        .batch, SimulatedLoad.event("b-\(number)", extra: #","channel":"sms""# + Self.phone),
        ids: ["b-\(number)"])
    }
    world.pass(seconds: 0.5)
    #expect(world.state(of: "r")?.errorCount ?? 0 > 0)
    let before = world.publishes(of: "r.00.1").count
    world.sendCancel(["r", "b-4"], .batch)
    world.pass(seconds: 20)
    #expect(world.state(of: "r")?.status == .ignored)
    #expect(world.publishes(of: "r.00.1").count == before)
    expectCancelled("b-4", in: world)
    for number in [0, 1, 2, 3, 5] {
      #expect(world.publishes(of: "b-\(number).00.1").count >= 1, "b-\(number)")
    }
    #expect(world.unacknowledgedMessages == 0 && world.violations.isEmpty)
  }

  @Test func `One whose delivery waits for the broker is ignored, and acknowledged`() throws {
    let world = try world()
    world.block(true)
    world.send(.realtime, SimulatedLoad.event("a"), ids: ["a"])
    world.send(.realtime, SimulatedLoad.event("b"), ids: ["b"])
    world.pass(seconds: 1)
    #expect(world.unacknowledgedMessages == 2)
    world.sendCancel(["a"])
    let order = world.orderCancel("b")
    world.pass(seconds: 1)
    #expect(world.unacknowledgedMessages == 0)
    #expect(world.outcome(ofCancel: order) == .cancelled(.ignored, isRepeated: false))
    world.block(false)
    world.comeToRest()
    for id in ["a", "b"] { expectCancelled(id, in: world) }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A cancel in the same turn as its event is in time; behind the publish it is too late`()
    throws
  {
    let world = try world()
    world.send(.realtime, SimulatedLoad.event("near"), ids: ["near"])
    world.sendCancel(["near"])
    world.pass(seconds: 1)
    expectCancelled("near", in: world)
    world.stall("email")
    world.send(.realtime, SimulatedLoad.event("out"), ids: ["out"])
    world.pass(seconds: 0.5)
    #expect(world.publishes(of: "out.00.1").count == 1)
    let order = world.orderCancel("out")
    world.pass(seconds: 0.5)
    #expect(world.outcome(ofCancel: order) == .tooLate(.pending))
    world.stall(nil)
    world.comeToRest(isWaiting: false)
    #expect(world.state(of: "out")?.status == .pendingDelivery)
    #expect(world.cancel("out") == .tooLate(.pendingDelivery))
    world.send(.deliveryLogs, log("out", attempt: 1, "sent"), ids: ["out"])
    world.comeToRest(isWaiting: false)
    #expect(world.cancel("out") == .tooLate(.sent))
    #expect(world.counters.cancelsTooLate == 3 && world.state(of: "out")?.isCancelled == false)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `After a publish without an answer it is ignored, and a log of that delivery still counts`()
    throws
  {
    let world = try world()
    world.mute(connection: "publish realtime email", forSeconds: 60)
    for id in ["a", "b"] {
      world.send(.realtime, SimulatedLoad.event(id, type: "ship", extra: Self.phone), ids: [id])
    }
    world.pass(seconds: 0.5)
    world.restart()
    world.block(true)
    let orders = [world.orderCancel("a"), world.orderCancel("b")]
    world.pass(seconds: 0.5)
    for order in orders {
      #expect(world.outcome(ofCancel: order) == .cancelled(.ignored, isRepeated: false))
    }
    world.block(false)
    world.comeToRest()
    for id in ["a", "b"] {
      #expect(world.publishes(of: "\(id).00.1").count == 1)
      #expect(world.state(of: id)?.status == .ignored)
    }
    world.send(.deliveryLogs, log("a", attempt: 1, "sent"), ids: ["a"])
    // No fallback follows on what was cancelled, whatever the logs say one after the other.
    world.send(.deliveryLogs, log("b", attempt: 1, "sent"), ids: ["b"])
    world.send(.deliveryLogs, log("b", attempt: 1, "failed", second: 2), ids: ["b"])
    world.comeToRest()
    #expect(world.statuses(of: "a").last == .sent)
    #expect(world.state(of: "b")?.status == .deliveryFailed && world.state(of: "b")?.attempt == 1)
    #expect(world.counters.recycled == 0)
    #expect(world.cancel("a") == .tooLate(.sent))
    #expect(world.cancel("b") == .cancelled(.deliveryFailed, isRepeated: true))
    #expect(world.violations.isEmpty)
  }

  @Test
  func `Of a failed one the fallback is given up, while it waits and when it is on its way`() throws
  {
    let world = try world { $0.batchMaxPerSecond = 1 }
    for number in 0..<3 {
      world.send(
        .batch, SimulatedLoad.event("f-\(number)", type: "ship", extra: Self.phone),
        ids: ["f-\(number)"])
    }
    world.pass(seconds: 4)
    for number in 0..<3 {
      world.send(
        .deliveryLogs, log("f-\(number)", attempt: 1, "failed"), ids: ["f-\(number)"])
    }
    world.pass(steps: 3)
    let waiting = try #require(
      (0..<3).map { "f-\($0)" }.last { world.state(of: $0)?.status == .deliveryFailed })
    #expect(world.state(of: waiting)?.isFinal == false)
    let order = world.orderCancel(waiting)
    world.pass(seconds: 5)
    #expect(world.outcome(ofCancel: order) == .cancelled(.deliveryFailed, isRepeated: false))
    #expect(world.state(of: waiting)?.status == .deliveryFailed)
    #expect(world.state(of: waiting)?.isFinal == true)
    #expect(world.publishes(of: "\(waiting).00.2").isEmpty)
    #expect(world.reasons(of: waiting).last == "cancelled")
    #expect(world.counters.recycled == 2)
    // On its way: the second attempt is pending.
    let second = try self.world()
    second.send(.realtime, SimulatedLoad.event("g", type: "ship", extra: Self.phone), ids: ["g"])
    second.comeToRest(isWaiting: false)
    second.block(true)
    second.send(.deliveryLogs, log("g", attempt: 1, "failed"), ids: ["g"])
    second.pass(seconds: 0.5)
    #expect(second.state(of: "g")?.attempt == 2)
    let other = second.orderCancel("g")
    second.pass(seconds: 0.5)
    #expect(second.outcome(ofCancel: other) == .cancelled(.ignored, isRepeated: false))
    second.block(false)
    second.comeToRest()
    expectCancelled("g", in: second, attempt: 2)
    #expect(world.violations.isEmpty && second.violations.isEmpty)
  }

  @Test
  func `A second cancel is a repeat, the same event again a duplicate, another body a conflict`()
    throws
  {
    let world = try world()
    let body = SimulatedLoad.event("a", extra: scheduled(world, seconds: 30))
    world.send(.realtime, body, ids: ["a"])
    world.comeToRest(isWaiting: false)
    #expect(world.cancel("a") == .cancelled(.ignored, isRepeated: false))
    #expect(world.cancel("a") == .cancelled(.ignored, isRepeated: true))
    world.restart()
    world.sendCancel(["a", "a"])
    world.send(.realtime, body, ids: ["a"])
    world.send(
      .realtime, SimulatedLoad.event("a", name: "Olle"), ids: ["a"], parksAs: "id-conflict")
    world.comeToRest()
    #expect(world.counters.cancelsRepeated == 2 && world.counters.duplicates == 1)
    #expect(world.parkedReasons == ["id-conflict"])
    #expect(world.statuses(of: "a") == [.pending, .ignored])
    expectCancelled("a", in: world)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `A cancel that comes first is remembered over a restart, and its event is ignored at once`()
    throws
  {
    let world = try world()
    world.sendCancel(["a", "b", "c"], .batch)
    world.comeToRest()
    #expect(world.cancel("a") == .remembered(isRepeated: true))
    #expect(world.cancel("d") == .remembered(isRepeated: false))
    world.restart()
    #expect(world.cancel("d") == .remembered(isRepeated: true))
    #expect(world.state(of: "a") == nil && world.redrive("a") == .notFound)
    #expect(world.redrive("a", resends: true) == .notFound)
    world.send(
      .deliveryLogs, log("a", attempt: 1, "sent"), ids: ["a"], parksAs: "unknown-delivery")
    world.comeToRest()
    #expect(world.parkedReasons == ["unknown-delivery"])
    let expired = #","expiration":"2027-01-15T07:00:00Z""#
    let elements = [
      SimulatedLoad.event("a"), SimulatedLoad.event("a"),
      SimulatedLoad.event("b", type: "unheard-of"), SimulatedLoad.event("c", extra: expired),
    ]
    world.send(.realtime, "[\(elements.joined(separator: ","))]", ids: ["a", "b", "c"])
    world.send(
      .batch, SimulatedLoad.event("d", extra: scheduled(world, seconds: 30)), ids: ["d"])
    world.comeToRest()
    for id in ["a", "b", "c", "d"] {
      expectCancelled(id, in: world)
      #expect(world.statuses(of: id) == [.pending, .ignored], "\(id)")
    }
    #expect(world.counters.duplicates == 1 && world.counters.accepted == 4)
    #expect(world.totals.realtime[.ignored] == 3 && world.totals.batch[.ignored] == 1)
    world.restart()
    world.send(.realtime, SimulatedLoad.event("a"), ids: ["a"])
    world.comeToRest()
    #expect(world.counters.duplicates == 1 && world.counters.accepted == 0)
    #expect(world.cancel("a") == .cancelled(.ignored, isRepeated: true))
    #expect(world.violations.isEmpty)
  }

  @Test func `A crash between its acceptance and its end lets nothing of it go out`() throws {
    let world = try world()
    #expect(world.cancel("a") == .remembered(isRepeated: false))
    let before = world.log.durableLSN
    world.send(.realtime, SimulatedLoad.event("a"), ids: ["a"])
    while world.log.nextLSN == before.next {
      world.deliverMessages()
      world.carryOutTurn()
      world.answerReads()
    }
    #expect(world.statuses(of: "a") == [.pending, .ignored])
    world.log.makeDurable(1) { _ in }
    world.log.crash(keeping: 0)
    #expect(world.statuses(of: "a") == [.pending])
    world.restart()
    world.comeToRest()
    #expect(world.statuses(of: "a") == [.pending, .ignored])
    expectCancelled("a", in: world)
    #expect(world.violations.isEmpty)
  }

  @Test func `A cancelled one can be sent after all, on purpose, and cancelled again`() throws {
    let world = try world()
    let body = SimulatedLoad.event("a", extra: scheduled(world, seconds: 30))
    world.send(.realtime, body, ids: ["a"])
    world.comeToRest(isWaiting: false)
    #expect(world.cancel("a") == .cancelled(.ignored, isRepeated: false))
    #expect(world.redrive("a") == .illegalStatus(.ignored))
    // What could only be said of a delivery that there never was is refused.
    world.send(.deliveryLogs, log("a", attempt: 1, "sent"), ids: ["a"])
    world.comeToRest(isWaiting: false)
    #expect(world.counters.logsRefused == 1 && world.state(of: "a")?.status == .ignored)
    #expect(world.redrive("a", resends: true) == .done(attempt: 2))
    #expect(world.publishes(of: "a.00.2").count == 1)
    #expect(world.state(of: "a")?.isCancelled == false)
    #expect(world.cancel("a") == .tooLate(.pendingDelivery))
    #expect(world.violations.isEmpty)
  }

  @Test
  func `Cancels find room although all that is due at once has filled the background`() throws {
    let world = try world()
    let extra = scheduled(world, seconds: 20)
    for start in stride(from: 0, to: 1_500, by: 100) {
      let ids = (start..<start + 100).map { "s-\($0)" }
      let elements = ids.map { SimulatedLoad.event($0, extra: extra) }
      world.send(.realtime, "[\(elements.joined(separator: ","))]", ids: ids)
    }
    world.pass(seconds: 19)
    world.block(true)
    world.pass(seconds: 2)
    let orders = (0..<1_500).map { world.orderCancel("s-\($0)") }
    world.pass(seconds: 5)
    for order in orders {
      #expect(world.outcome(ofCancel: order) == .cancelled(.ignored, isRepeated: false))
    }
    world.block(false)
    world.comeToRest()
    for number in 0..<1_500 { #expect(world.publishes(of: "s-\(number).00.1").isEmpty) }
    #expect(world.heldBytes == 0 && world.violations.isEmpty)
  }

  @Test func `Cancels of ids that never come keep nothing in memory`() throws {
    let world = try world()
    for start in stride(from: 0, to: 20_000, by: 500) {
      world.sendCancel((start..<start + 500).map { "never-\($0)" })
    }
    world.pass(seconds: 0.1)
    #expect(world.activeEvents <= 16_384)
    world.send(.realtime, SimulatedLoad.event("now"), ids: ["now"])
    world.comeToRest()
    #expect(world.counters.cancelsRemembered == 20_000)
    #expect(world.activeEvents == 0 && world.heldBytes == 0)
    #expect(world.publishes(of: "now.00.1").count >= 1)
    #expect(world.totals.realtime.accepted == 1)
    world.restart()
    world.comeToRest()
    #expect(world.cancel("never-7") == .remembered(isRepeated: true))
    #expect(world.violations.isEmpty)
  }

  @Test func `A person's cancels beyond the bound are refused`() throws {
    let world = try world()
    let orders = (0..<4_097).map { world.orderCancel("x-\($0)") }
    world.pass(seconds: 2)
    #expect(world.outcome(ofCancel: orders[4_095]) == .remembered(isRepeated: false))
    #expect(world.outcome(ofCancel: orders[4_096]) == .unavailable)
    #expect(world.violations.isEmpty)
  }
}
