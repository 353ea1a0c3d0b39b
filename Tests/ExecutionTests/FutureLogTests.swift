import LogSequence
import Messages
import Simulation
import Testing

@testable import Execution

/// A log's own time orders it, unless that lies in the future: then it counts from its first
/// arrival and a minute, so that an engine whose clock is wrong is not right for ever.
@Suite("Delivery logs from the future")
struct FutureLogTests {
  static let never = "2099-12-31T23:59:59Z"

  /// A shard with one delivery of which nothing is known yet.
  private static func world(_ ids: [String] = ["f"]) throws -> Simulation {
    let world = try LogOrderTests.world()
    for id in ids { world.send(.realtime, SimulatedLoad.event(id), ids: [id]) }
    world.comeToRest(isWaiting: false)
    return world
  }

  private static func text(_ outcome: Status, _ time: String, _ id: String = "f") -> String {
    let word = outcome == .deliveryFailed ? "failed" : "\(outcome.wireName)"
    return """
      {"deliveryId":"\(id).00.1","eventId":"\(id)","outcome":"\(word)","occurredAt":"\(time)"}
      """
  }

  private static func say(
    _ world: Simulation, _ outcome: Status, _ time: String? = nil, id: String = "f"
  ) {
    world.send(
      .deliveryLogs, text(outcome, time ?? world.wallTime.text, id), ids: [id])
    world.comeToRest(isWaiting: false)
  }

  @Test func `It gives way to what occurs two minutes later, and its own time is kept`() throws {
    let world = try Self.world()
    let before = world.wallTime
    Self.say(world, .sent, Self.never)
    #expect(world.state(of: "f")?.status == .sent)
    #expect(world.occurrences(of: "f").last == Timestamp(rfc3339: Self.never))
    let counted = try #require(world.state(of: "f")?.logOccurredAt)
    #expect(counted > before.adding(60_000_000_000) && counted < before.adding(62_000_000_000))
    world.pass(seconds: 120)
    Self.say(world, .deliveryFailed)
    #expect(world.state(of: "f")?.status == .deliveryFailed)
    #expect(world.violations.isEmpty)
  }

  @Test func `Up to a minute ahead is the engine's clock, and counts as it says`() throws {
    let world = try Self.world()
    let ahead = world.wallTime.adding(50_000_000_000)
    Self.say(world, .sent, ahead.text)
    #expect(world.state(of: "f")?.logOccurredAt == Timestamp(rfc3339: ahead.text))
    #expect(world.state(of: "f")?.futureLogs == FutureLogs())
  }

  @Test(arguments: [false, true])
  func `One that comes again counts from when it first came, also in another life`(restarts: Bool)
    throws
  {
    let world = try Self.world()
    Self.say(world, .sent, Self.never)
    Self.say(world, .sent, Self.never)
    #expect(world.counters.logsRepeated == 1)
    world.pass(seconds: 120)
    Self.say(world, .deliveryFailed)
    for _ in 0..<3 {
      if restarts { world.restart() }
      world.pass(seconds: 120)
      Self.say(world, .sent, Self.never)
    }
    #expect(
      world.statuses(of: "f") == [.pending, .pendingDelivery, .sent, .deliveryFailed])
    // Another one from the same future is news.
    Self.say(world, .ignored, Self.never)
    #expect(world.state(of: "f")?.status == .ignored)
    #expect(world.violations.isEmpty)
  }

  @Test
  func `One that is in the future no longer when it comes again counts as it did at first`() throws
  {
    let world = try Self.world()
    let ahead = world.wallTime.adding(600_000_000_000).text
    Self.say(world, .sent, ahead)
    world.pass(seconds: 300)
    Self.say(world, .deliveryFailed)
    world.pass(seconds: 400)
    Self.say(world, .sent, ahead)
    #expect(world.state(of: "f")?.status == .deliveryFailed)
  }

  @Test
  func `Several from the future are in the order in which they came, whatever they say`() throws {
    let world = try Self.world()
    let times = [
      Self.never, "2098-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2097-05-05T05:05:05Z",
    ]
    let outcomes: [Status] = [.sent, .deliveryFailed, .ignored, .sent]
    for (time, outcome) in zip(times, outcomes) {
      Self.say(world, outcome, time)
      #expect(world.state(of: "f")?.status == outcome)
      world.pass(seconds: 1)
    }
    // All of them are known.
    for (time, outcome) in zip(times, outcomes) { Self.say(world, outcome, time) }
    #expect(world.state(of: "f")?.status == .sent)
    #expect(world.statuses(of: "f").count == 6)
  }

  @Test(arguments: [false, true])
  func `Those of one message count in the order in which they stand`(isReversed: Bool) throws {
    let world = try Self.world()
    let outcomes = [Status.sent, .ignored, .deliveryFailed]
    let order = isReversed ? outcomes.reversed() : outcomes
    let array = order.map { Self.text($0, Self.never) }.joined(separator: ",")
    world.send(.deliveryLogs, "[\(array)]", ids: ["f"])
    world.comeToRest(isWaiting: false)
    #expect(world.state(of: "f")?.status == order.last)
  }

  @Test
  func `In any order with others of the same minute it wins, and loses to a later one for good`()
    throws
  {
    let orders = LogOrderTests.permutations(LogOrderTests.six.suffix(4))
    let stories = orders.flatMap { logs in
      (0...logs.count).map { (logs: logs, place: $0) }
    }
    #expect(stories.count == 120)
    let ids = stories.indices.map { "a-\($0)" }
    let world = try Self.world(ids)
    func array(_ id: String, _ story: (logs: [LogOrderTests.Log], place: Int)) -> String {
      var texts = story.logs.map { $0.text(id) }
      texts.insert(Self.text(.sent, Self.never, id), at: story.place)
      return "[\(texts.joined(separator: ","))]"
    }
    for (id, story) in zip(ids, stories) {
      world.send(.deliveryLogs, array(id, story), ids: [id])
    }
    world.comeToRest(isWaiting: false)
    for id in ids { #expect(world.state(of: id)?.status == .sent) }
    world.pass(seconds: 120)
    let late = world.wallTime.text
    for id in ids {
      world.send(.deliveryLogs, Self.text(.ignored, late, id), ids: [id])
    }
    world.comeToRest(isWaiting: false)
    // And all of it once more.
    for (id, story) in zip(ids, stories) {
      world.send(.deliveryLogs, array(id, story), ids: [id])
    }
    world.comeToRest(isWaiting: false)
    for id in ids { #expect(world.state(of: id)?.status == .ignored) }
    #expect(world.violations.isEmpty)
  }

  @Test
  func `While our own clock is behind, because it was put back, the order is as ever`() throws {
    let orders = LogOrderTests.permutations(LogOrderTests.six.suffix(5))
    let ids = orders.indices.map { "b-\($0)" }
    let world = try Self.world(ids)
    world.pass(seconds: 5)
    world.setClock(forward: -3_600)
    world.pass(seconds: 1)
    for (id, logs) in zip(ids, orders) {
      let texts = logs.map { $0.text(id) }
      world.send(.deliveryLogs, "[\(texts.joined(separator: ","))]", ids: [id])
    }
    world.comeToRest(isWaiting: false)
    for id in ids {
      #expect(world.state(of: id)?.status == .deliveryFailed)
      #expect(world.state(of: id)?.futureLogs == FutureLogs())
    }
  }

  @Test
  func `A clock that was put back between two lives does not make the first log win for good`()
    throws
  {
    let world = try Self.world()
    let present = Timestamp(nanoseconds: world.time)
    Self.say(world, .sent, present.text)
    world.setClock(forward: -3_600)
    world.restart()
    world.pass(seconds: 5)
    Self.say(world, .ignored, present.adding(-1_000_000_000).text)
    #expect(world.state(of: "f")?.status == .sent, "it occurred before")
    Self.say(world, .deliveryFailed, present.adding(5_000_000_000).text)
    #expect(world.state(of: "f")?.status == .deliveryFailed)
    Self.say(world, .sent, present.adding(4_000_000_000).text)
    #expect(world.state(of: "f")?.status == .deliveryFailed, "it occurred before, too")
  }

  @Test func `An arrival that our own clock saw a day ahead beats nothing when the clock is right`()
    throws
  {
    let world = try Self.world()
    world.setClock(forward: 86_400)
    world.pass(seconds: 1)
    Self.say(world, .sent, Self.never)
    world.setClock(forward: -86_400)
    world.restart()
    world.pass(seconds: 120)
    Self.say(world, .deliveryFailed)
    #expect(world.state(of: "f")?.status == .deliveryFailed)
    Self.say(world, .sent, Self.never)
    #expect(world.state(of: "f")?.status == .deliveryFailed, "it came before")
  }

  @Test func `The next attempt knows nothing of the logs of the one before`() throws {
    let world = try Self.world()
    Self.say(world, .deliveryFailed, Self.never)
    #expect(world.redrive("f") == .done(attempt: 2))
    #expect(world.state(of: "f")?.futureLogs == FutureLogs())
    #expect(world.state(of: "f")?.logOccurredAt.isNone == true)
  }

  @Test func `A record holds the last four of them, and takes no more bytes without any`() throws {
    var state = EventState(lane: .realtime, acceptedAt: .none, bodyLSN: 7)
    state.status = .sent
    let times = (0..<5).map { Timestamp(nanoseconds: 4_000_000_000_000_000_000 + $0 * 1_000) }
    let without = payload(state)
    for time in times { state.futureLogs.add(time, .sent) }
    state.futureLogs.decides = true
    let bytes = payload(state)
    #expect(bytes.count == without.count + 4 * 8)
    let read = try #require(bytes.withUnsafeBytes { RecordPayload($0)?.state })
    #expect(read == state)
    #expect(times.map { read.futureLogs.contains($0, .sent) } == [false, true, true, true, true])
    #expect(!read.futureLogs.contains(times[4], .ignored))
    #expect(without.withUnsafeBytes { RecordPayload($0)?.state.futureLogs } == FutureLogs())

    var five = bytes
    five[82] = 5
    five += [UInt8](repeating: 1, count: 8)
    #expect(five.withUnsafeBytes { RecordPayload($0) == nil }, "a newer program's")
    five[82] = 255
    #expect(five.withUnsafeBytes { RecordPayload($0) == nil })
    #expect(bytes.dropLast(9).withUnsafeBytes { RecordPayload($0) == nil })
  }

  private func payload(_ state: EventState) -> [UInt8] {
    var bytes: [UInt8] = []
    RecordPayload.write(
      state, facts: EventFacts(), occurredAt: .none, reason: .none,
      body: UnsafeRawBufferPointer(start: nil, count: 0), to: &bytes)
    return bytes
  }
}
