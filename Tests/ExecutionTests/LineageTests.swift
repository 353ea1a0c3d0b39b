import JSON
import LogSequence
import Messages
import Testing

@testable import Execution

/// Where a store was restored or adopted its status updates say so.
@Suite struct LineageTests {
  /// The ids and bodies of the updates that one event leads to.
  private func updates(lineage: UInt64) throws -> [(id: String, body: String)] {
    let engine = ShardEngine(
      settings: EngineSettings(shard: ShardNumber(0), prefix: "meddela", version: "test"),
      lookup: KnownNothing(), catalog: try TestTemplate.catalog())
    let start: Int64 = 1_800_000_000_000_000_000
    func now(_ step: Int64) -> Instant {
      let time = start + step * 1_000_000
      return Instant(
        wall: Timestamp(nanoseconds: time), monotonic: MonotonicTime(nanoseconds: UInt64(time)))
    }
    engine.startRecovered(nextLSN: 1, lineage: lineage, at: now(0))
    let body = Array(#"{"id":"o-1","type":"unknown","email":"a@b.se","ctx":{}}"#.utf8)
    engine.receive(
      InboundMessage(
        inlet: .realtime, channelEpoch: 1, deliveryTag: 1, redelivered: false,
        storage: body + [UInt8](repeating: 0x20, count: jsonPadding), bodyCount: body.count))
    var found: [(String, String)] = []
    var output = TurnOutput()
    for step in Int64(1)..<20 {
      _ = engine.turn(at: now(step))
      engine.swapOutput(&output)
      for order in output.openLinks { engine.linkOpened(order.link, at: now(step)) }
      var tokens: [PublishToken] = []
      for order in output.publishes {
        tokens.append(order.token)
        guard order.exchange == .status else { continue }
        let id = String(decoding: output.bytes[order.messageID.range], as: UTF8.self)
        found.append((id, String(decoding: order.body[order.bodyRange], as: UTF8.self)))
      }
      output.removeAll()
      if engine.nextLSN > engine.durableLSN.next {
        engine.durable(upTo: engine.nextLSN.previous, at: now(step))
      }
      for token in tokens { engine.confirmed(token, at: now(step)) }
    }
    return found
  }

  @Test func `A store that was never restored has lineage 0 and the ids of before`() throws {
    let found = try updates(lineage: 0)
    #expect(found.map(\.id) == ["o-1.00.2"])
    #expect(found.allSatisfy { $0.body.contains(#""lineage":0,"#) })
  }

  @Test func `A restored store's updates carry its lineage, in the body and the id`() throws {
    let found = try updates(lineage: 2)
    #expect(found.map(\.id) == ["o-1.00.2.2"])
    #expect(found.allSatisfy { $0.body.contains(#""lineage":2,"#) })
  }
}
