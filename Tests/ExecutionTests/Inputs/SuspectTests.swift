import Testing

@testable import Execution

@Suite("Messages that were delivered often")
struct SuspectTests {
  private static func sent(_ id: String, redelivered: Bool) -> OneShard.Sent {
    var sent = OneShard.Sent(OneBadElementTests.event(id))
    sent.redelivered = redelivered
    sent.deliveryCount = 9
    return sent
  }

  @Test
  func `Only what the broker says of a redelivery makes a suspect, not a producer's header`() throws
  {
    let shard = try OneShard()
    for number in 0..<50 { shard.receive(Self.sent("e\(number)", redelivered: false)) }
    #expect(!shard.engine.isIsolating)
    shard.turn()
    #expect(shard.engine.activeEvents == 50)
    shard.run()
    #expect(shard.engine.counters.isolated == 0 && shard.settled == 50)
    shard.receive(Self.sent("again", redelivered: true))
    #expect(shard.engine.isIsolating)
    shard.run()
    #expect(shard.engine.counters.isolated == 1 && shard.settled == 51)
    #expect(!shard.engine.isIsolating)
  }
}
