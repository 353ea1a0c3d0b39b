import Testing

@testable import AMQP

@Suite struct WindowTests {
  @Test(arguments: 0..<20)
  func `Every publish is confirmed once, in whatever order and grouping`(round: Int) {
    let seed = UInt64(round) &* 104_729 &+ 1
    let problem = confirmProblem(ConfirmWindow(capacity: 16), seed: seed)
    #expect(problem == nil, "seed \(seed)")
  }

  /// The deliberate break: what goes wrong when confirms are counted instead of tracked.
  @Test func `A window that counts confirms is caught`() {
    #expect((0..<20).contains { confirmProblem(CountingWindow(), seed: $0) != nil })
  }

  @Test func `A confirm that comes twice is passed over, and zero with multiple means all`() {
    var window = ConfirmWindow()
    for token in UInt64(1)...4 { window.published(token) }
    var settled: [UInt64] = []
    expect(window.settle(2, isMultiple: false, into: &settled))
    expect(window.settle(2, isMultiple: false, into: &settled))
    #expect(settled == [2])
    expect(window.settle(0, isMultiple: true, into: &settled))
    #expect(settled == [2, 1, 3, 4])
    expect(!window.settle(5, isMultiple: false, into: &settled))
  }
}

/// What the broker knows of one channel: as RabbitMQ's `collect_acks` does it, an acknowledgement
/// must name a tag that is outstanding.
struct BrokerChannel {
  var outstanding: Set<UInt64> = []
  var acknowledged: Set<UInt64> = []

  mutating func take(_ ack: AckCoalescer.Ack) -> Bool {
    guard outstanding.contains(ack.deliveryTag) else { return false }
    let taken =
      ack.isMultiple ? outstanding.filter { $0 <= ack.deliveryTag } : [ack.deliveryTag]
    outstanding.subtract(taken)
    acknowledged.formUnion(taken)
    return true
  }
}

@Suite struct AckCoalescerTests {
  @Test(arguments: 0..<30)
  func `What is acknowledged was settled, and all that is settled is acknowledged`(round: Int) {
    let seed = UInt64(round) &* 65_537 &+ 3
    let problem = ackProblem(AckCoalescer(capacity: 16), seed: seed)
    #expect(problem == nil, "seed \(seed)")
  }

  /// The deliberate break: acknowledging over what is still open loses messages in a crash.
  @Test func `Acknowledging up to the highest settled message is caught`() {
    #expect((0..<20).contains { ackProblem(HighestAcks(), seed: $0) != nil })
  }

  @Test func `In order, many become one`() {
    var acks = AckCoalescer()
    for tag in UInt64(1)...100 { _ = acks.delivered(tag) }
    for tag in (UInt64(1)...100).reversed() { acks.settle(tag) }
    var out: [AckCoalescer.Ack] = []
    acks.flush(now: 0, holeNanoseconds: 50, into: &out)
    #expect(out == [AckCoalescer.Ack(deliveryTag: 100, isMultiple: true)])
  }

  @Test func `Above a hole they wait, then go singly, and the hole closes by itself`() {
    var acks = AckCoalescer()
    for tag in UInt64(1)...5 { _ = acks.delivered(tag) }
    for tag: UInt64 in [1, 3, 4] { acks.settle(tag) }
    var out: [AckCoalescer.Ack] = []
    acks.flush(now: 0, holeNanoseconds: 50, into: &out)
    #expect(out == [AckCoalescer.Ack(deliveryTag: 1, isMultiple: false)])
    acks.flush(now: 49, holeNanoseconds: 50, into: &out)
    #expect(out.count == 1)
    acks.flush(now: 50, holeNanoseconds: 50, into: &out)
    #expect(
      out.dropFirst() == [
        AckCoalescer.Ack(deliveryTag: 3, isMultiple: false),
        AckCoalescer.Ack(deliveryTag: 4, isMultiple: false),
      ])
    acks.settle(2)
    acks.flush(now: 60, holeNanoseconds: 50, into: &out)
    #expect(out.last == AckCoalescer.Ack(deliveryTag: 2, isMultiple: false))
    #expect(acks.pending == 0)
    #expect(acks.openCount == 1)
  }
}
