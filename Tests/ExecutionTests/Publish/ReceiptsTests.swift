import Messages
import Testing

@testable import Execution

/// Receipts are best effort: few wait, none for long, and nothing else waits for one.
@Suite("Receipts")
struct ReceiptsTests {
  private func instant(_ seconds: UInt64) -> Instant {
    Instant(
      wall: Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000),
      monotonic: .seconds(seconds))
  }

  private func entry(_ replyTo: String) -> Receipts.Entry {
    Receipts.Entry(replyTo: Array(replyTo.utf8), messageID: [], correlationID: [], body: [1])
  }

  /// Receipts with their connection and what was ordered.
  private struct World {
    var receipts = Receipts()
    var window = PublishWindow()
    var output = TurnOutput()

    /// The tokens of what is published now.
    mutating func pump(at now: Instant) -> [PublishToken] {
      output.removeAll()
      receipts.pump(&window, &output, at: now)
      return output.publishes.map(\.token)
    }
  }

  /// With an open connection and receipts for these queues, taken at second 1.
  private func world(_ queues: [String]) -> World {
    var world = World()
    world.window.opened(.receipts, at: .seconds(1))
    for queue in queues {
      _ = world.receipts.add(entry(queue), world.window, &world.output, at: .seconds(1))
    }
    return world
  }

  @Test func `The connection is ordered with the first receipt`() {
    let world = world(["a", "b"])
    #expect(world.output.openLinks == [LinkOrder(link: .receipts, name: "publish receipts")])
  }

  @Test func `A receipt is published and confirmed, and is gone`() {
    var world = world(["a"])
    let tokens = world.pump(at: instant(1))
    #expect(tokens.count == 1)
    world.receipts.confirmed(tokens[0], &world.window, at: .seconds(1))
    #expect(world.receipts.isEmpty && world.window.unanswered(.receipts) == 0)
  }

  @Test func `A receipt that is refused is tried three times`() {
    var world = world(["a"])
    for (second, isLast) in [(UInt64(1), false), (3, false), (5, true)] {
      _ = world.receipts.expire(&world.window, at: .seconds(second))
      let tokens = world.pump(at: instant(second))
      #expect(tokens.count == 1)
      let loss = world.receipts.refused(tokens[0], &world.window, at: .seconds(second))
      #expect((loss?.count == 1) == isLast)
    }
    #expect(world.receipts.isEmpty)
  }

  @Test func `What has waited too long is given up, and its confirm says nothing any more`() {
    var world = world(["a", "b"])
    let tokens = world.pump(at: instant(1))
    #expect(world.receipts.expire(&world.window, at: .seconds(11))?.count == 0)
    #expect(world.receipts.expire(&world.window, at: .seconds(11) + 1)?.count == 2)
    #expect(world.window.unanswered(.receipts) == 0)
    world.receipts.confirmed(tokens[0], &world.window, at: .seconds(12))
    #expect(world.receipts.isEmpty)
  }

  @Test func `What was lost with the connection is published again in its order`() {
    var world = world(["a", "b"])
    let tokens = world.pump(at: instant(1))
    _ = world.window.closed(.receipts, .connection, at: .seconds(2))
    #expect(
      world.receipts.lost(tokens.map { Receipts.Slot($0.slot) }, .connection, at: .seconds(2))
        == nil)
    world.window.opened(.receipts, at: .seconds(2))
    #expect(world.pump(at: instant(2)).map(\.slot) == tokens.map(\.slot))
  }

  @Test func `A queue over whose receipt the broker closes the connection gets none for a while`() {
    var world = world(["bad"])
    let tokens = world.pump(at: instant(1))
    let loss = LinkLoss.refusesMessage(mostBytes: nil)
    _ = world.window.closed(.receipts, loss, at: .seconds(2))
    #expect(
      world.receipts.lost(tokens.map { Receipts.Slot($0.slot) }, loss, at: .seconds(2))?.count
        == 1)
    for (queue, second, isTaken) in [
      ("bad", UInt64(3), false), ("good", 3, true), ("bad", 62, true),
    ] {
      let refused = world.receipts.add(
        entry(queue), world.window, &world.output, at: .seconds(second))
      #expect((refused == nil) == isTaken, "\(queue) at \(second)")
    }
  }

  @Test func `Without permission all of them are given up`() {
    var world = world(["a", "b"])
    _ = world.pump(at: instant(1))
    #expect(world.receipts.lost([], .refusesAll, at: .seconds(2))?.count == 2)
    #expect(world.receipts.isEmpty)
  }

  @Test func `Of a connection that does not answer few wait`() {
    var world = World()
    for _ in 0..<256 {
      #expect(world.receipts.add(entry("a"), world.window, &world.output, at: 1) == nil)
    }
    #expect(world.receipts.add(entry("a"), world.window, &world.output, at: 1)?.count == 1)
  }
}
