import Messages
import Templates
import Testing

@testable import Execution

/// Work is counted in units that stand for time: the same on every machine.
@Suite("The work of a turn")
struct WorkTests {
  private static func body(_ notation: String, _ count: Int) -> OneShard.Sent {
    switch notation {
    case "lines":
      return OneShard.Sent(
        (0..<count).map { "{\"id\":\"b\($0)\",nope" }.joined(separator: "\n"),
        "application/x-ndjson")
    case "array":
      return OneShard.Sent(
        "[\((0..<count).map { "{\"id\":\"b\($0)\",nope}" }.joined(separator: ",\n"))]")
    case "cloudEvents":
      return OneShard.Sent(
        "[\((0..<count).map { "{\"id\":\"b\($0)\",nope}" }.joined(separator: ",\n"))]",
        "application/cloudevents-batch+json")
    default:
      let events = (0..<count).map { NotationTests.xml("b\($0)", email: "nobody") }
      return OneShard.Sent(
        "<PushEvents>\(events.joined(separator: "\n"))</PushEvents>", "application/xml")
    }
  }

  @Test(arguments: ["lines", "array", "cloudEvents", "xml"])
  func `Faulty elements cost what their bytes do`(notation: String) throws {
    var works: [Double] = []
    for count in [500, 1_000, 2_000] {
      let shard = try OneShard()
      shard.take(Self.body(notation, count))
      #expect(shard.parked.count == count && shard.settled == 1)
      works.append(Double(shard.engine.work.total))
    }
    #expect(works[1] / works[0] < 2.2 && works[2] / works[1] < 2.2, "\(works)")
  }

  /// With batch events waiting, of which each renders a loop in a loop.
  private static func shard(withHeavyBatchEvents count: Int) throws -> OneShard {
    let shard = try OneShard(
      TemplateCatalog([
        TestTemplate.make(
          "order.email",
          text: "x{{#ctx.a}}{{#ctx.a}}{{#ctx.no}}{{.}}{{/ctx.no}}{{/ctx.a}}{{/ctx.a}}")
      ]))
    let list = Array(repeating: "1", count: 200).joined(separator: ",")
    for number in 0..<count {
      var sent = OneShard.Sent(OneBadElementTests.event("b\(number)", ",\"a\":[\(list)]"))
      sent.inlet = .batch
      shard.receive(sent)
    }
    return shard
  }

  @Test
  func `A slice of batch events that render much is short, and goes on in the next turns`() throws {
    let shard = try Self.shard(withHeavyBatchEvents: 64)
    var turns = 0
    while shard.stored.count < 64 {
      let before = shard.stored.count
      let isLeft = shard.turn()
      turns += 1
      #expect(shard.stored.count - before <= 6 && shard.stored.count > before)
      #expect(isLeft || shard.stored.count == 64)
    }
    #expect(turns > 10)
    // Real-time has a slice of its own, beside whatever the batch lane does.
    shard.receive(OneShard.Sent(OneBadElementTests.event("now")))
    shard.turn()
    #expect(shard.stored.count == 65)
    shard.run()
    #expect(shard.deliveries.count == 65)
  }

  @Test
  func `Beside real-time events, batch events get half of the time, whatever they render`() throws {
    let shard = try Self.shard(withHeavyBatchEvents: 200)
    var waited = 0
    let (start, before) = (shard.now.monotonic, shard.engine.work.total)
    for number in 0..<100 {
      let isCalm = number % 20 == 0
      if isCalm { shard.receive(OneShard.Sent(OneBadElementTests.event("now\(number)"))) }
      let stored = shard.stored.count
      #expect(shard.turn())
      // It comes in the next turn, however much the batch lane has to pay back.
      if isCalm { #expect(shard.stored[stored...].contains { $0.contains("now\(number)") }) }
      if shard.engine.waitsForTime { waited += 1 }
    }
    let share =
      Double(shard.engine.work.total - before) / Double((shard.now.monotonic - start).nanoseconds)
    #expect((0.4...0.6).contains(share), "\(share)")
    #expect(waited > 25)
    shard.run()
    #expect(shard.deliveries.count == 205)
    #expect(!shard.engine.waitsForTime)
  }

  @Test func `A slice of large batch events is short`() throws {
    let shard = try OneShard()
    let filler = String(repeating: "x", count: 900_000)
    for number in 0..<10 {
      var sent = OneShard.Sent(OneBadElementTests.event("b\(number)", ",\"f\":\"\(filler)\""))
      sent.inlet = .batch
      shard.receive(sent)
    }
    #expect(shard.turn())
    #expect((1...3).contains(shard.stored.count), "\(shard.stored.count)")
    shard.run()
    #expect(shard.deliveries.count == 10)
  }

  @Test func `A body of more elements than events can be parks whole`() throws {
    let shard = try OneShard()
    let body = "[" + String(repeating: "1,", count: EngineLimits.elements) + "1]"
    shard.take(OneShard.Sent(body))
    #expect(shard.parked.map(\.routingKey) == ["too-large"])
    #expect(shard.engine.held.total == 0)
  }
}
