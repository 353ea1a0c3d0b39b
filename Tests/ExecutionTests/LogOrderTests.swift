import Execution
import Messages
import Simulation
import Testing

/// Of several logs for one attempt the later one wins, ties by failed, ignored,
/// sent; whatever the order in which they come, and however often.
@Suite("Delivery logs in any order")
struct LogOrderTests {
  struct Log: Sendable {
    var outcome: Status
    var second: Int
    var attempt = 1

    var rank: (Int, Int) {
      (second, outcome == .deliveryFailed ? 3 : outcome == .ignored ? 2 : 1)
    }

    func text(_ id: String) -> String {
      let word = outcome == .deliveryFailed ? "failed" : "\(outcome.wireName)"
      return """
        {"deliveryId":"\(id).00.\(attempt)","eventId":"\(id)","outcome":"\(word)",\
        "occurredAt":"2027-01-15T08:00:0\(second)Z"}
        """
    }
  }

  static let six: [Log] = [1, 2].flatMap { second in
    [Status.sent, .ignored, .deliveryFailed].map { Log(outcome: $0, second: second) }
  }

  static func permutations(_ items: [Log]) -> [[Log]] {
    guard !items.isEmpty else { return [[]] }
    return items.indices.flatMap { index -> [[Log]] in
      var rest = items
      let first = rest.remove(at: index)
      return permutations(rest).map { [first] + $0 }
    }
  }

  /// A shard without faults whose delivery engines say nothing by themselves.
  static func world() throws -> Simulation {
    var plan = SimulationPlan()
    plan.answersLogs = false
    return try Simulation(seed: 7, plan: plan)
  }

  @Test
  func `All permutations of all sets of up to six logs, with duplicates, end in one status`() throws
  {
    let world = try Self.world()
    var random = SeededRandom(seed: 11)
    var stories: [(id: String, logs: [Log])] = []
    for subset in 1..<(1 << Self.six.count) {
      let set = Self.six.indices.filter { subset >> $0 & 1 == 1 }.map { Self.six[$0] }
      for var logs in Self.permutations(set) {
        for _ in 0..<random.below(3) {
          logs.insert(logs[random.below(logs.count)], at: random.below(logs.count + 1))
        }
        stories.append(("p-\(stories.count)", logs))
      }
    }
    #expect(stories.count == 1_956)
    for start in stride(from: 0, to: stories.count, by: 100) {
      let part = stories[start..<min(start + 100, stories.count)]
      for story in part {
        world.send(.realtime, SimulatedLoad.event(story.id), ids: [story.id])
      }
      world.comeToRest(isWaiting: false)
      for story in part {
        let texts = story.logs.map { $0.text(story.id) }
        world.send(.deliveryLogs, "[\(texts.joined(separator: ","))]", ids: [story.id])
      }
      world.comeToRest(isWaiting: false)
    }
    for story in stories {
      let winner = story.logs.max { $0.rank < $1.rank }?.outcome
      #expect(world.state(of: story.id)?.status == winner, "\(story.logs)")
    }
    #expect(world.violations.isEmpty)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var logs: [Log]
    var status: Status
    var attempt: UInt16
    var parked = 0
  }

  static let first = Log(outcome: .deliveryFailed, second: 1)

  /// An event with an email template that falls back on sms.
  static let cases: [Case] = [
    Case(
      testDescription: "a failure starts the next attempt", logs: [first],
      status: .pendingDelivery, attempt: 2),
    Case(
      testDescription: "a later log of the first attempt, behind its failure, is evidence",
      logs: [first, Log(outcome: .sent, second: 2)], status: .pendingDelivery, attempt: 2),
    Case(
      testDescription: "an earlier failure behind a later success starts nothing",
      logs: [Log(outcome: .sent, second: 2), first], status: .sent, attempt: 1),
    Case(
      testDescription: "a later failure behind a success starts the next attempt",
      logs: [Log(outcome: .sent, second: 0), first], status: .pendingDelivery, attempt: 2),
    Case(
      testDescription: "a repeated failure starts nothing more", logs: [first, first, first],
      status: .pendingDelivery, attempt: 2),
    Case(
      testDescription: "the second attempt's log decides",
      logs: [first, Log(outcome: .sent, second: 0, attempt: 2)], status: .sent, attempt: 2),
    Case(
      testDescription: "the first attempt's logs never overrule the second's",
      logs: [
        first, Log(outcome: .ignored, second: 3, attempt: 2),
        Log(outcome: .sent, second: 9, attempt: 1),
        Log(outcome: .deliveryFailed, second: 9, attempt: 1),
      ], status: .ignored, attempt: 2),
    Case(
      testDescription: "a failure without a channel left is final",
      logs: [first, Log(outcome: .deliveryFailed, second: 2, attempt: 2)],
      status: .deliveryFailed, attempt: 2),
    Case(
      testDescription: "a log of an attempt that has not been is parked",
      logs: [Log(outcome: .sent, second: 1, attempt: 2)], status: .pendingDelivery, attempt: 1,
      parked: 1),
  ]

  @Test(arguments: cases)
  func `Of two attempts, case by case`(_ story: Case) throws {
    let world = try Self.world()
    let event = SimulatedLoad.event(
      "t", type: "ship", extra: #","mobilePhone":"+46701234567""#)
    world.send(.realtime, event, ids: ["t"])
    world.comeToRest(isWaiting: false)
    for log in story.logs {
      world.send(
        .deliveryLogs, log.text("t"), ids: ["t"],
        parksAs: story.parked > 0 ? "unknown-delivery" : nil)
      world.comeToRest(isWaiting: false)
    }
    let state = try #require(world.state(of: "t"))
    #expect(state.status == story.status)
    #expect(state.attempt == story.attempt)
    #expect(world.parkedReasons.count == story.parked)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `All orders of both attempts' logs, once the second has begun, end in its best log`() throws
  {
    let world = try Self.world()
    let logs = [
      Log(outcome: .sent, second: 2, attempt: 1),
      Log(outcome: .deliveryFailed, second: 3, attempt: 1),
      Log(outcome: .sent, second: 1, attempt: 2),
      Log(outcome: .ignored, second: 2, attempt: 2),
      Log(outcome: .sent, second: 2, attempt: 2),
    ]
    for (number, order) in Self.permutations(logs).enumerated() {
      let id = "b-\(number)"
      let event = SimulatedLoad.event(
        id, type: "ship", extra: #","mobilePhone":"+46701234567""#)
      world.send(.realtime, event, ids: [id])
      world.comeToRest(isWaiting: false)
      world.send(.deliveryLogs, Self.first.text(id), ids: [id])
      world.comeToRest(isWaiting: false)
      let texts = order.map { $0.text(id) }
      world.send(.deliveryLogs, "[\(texts.joined(separator: ","))]", ids: [id])
      world.comeToRest(isWaiting: false)
      #expect(world.state(of: id)?.status == .ignored)
      #expect(world.state(of: id)?.attempt == 2)
    }
    #expect(world.violations.isEmpty)
  }
}
