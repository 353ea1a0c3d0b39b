import Testing

@testable import AMQP

@Suite struct WindowTests {
  @Test(arguments: 0..<20)
  func `Every publish is confirmed once, in whatever order and grouping`(round: Int) {
    let seed = UInt64(round) &* 104_729 &+ 1
    var random = Seeded(seed)
    var window = ConfirmWindow(capacity: 16)
    var outstanding: Set<UInt64> = []
    var settled: [UInt64] = []
    var expected = 0
    for _ in 0..<2_000 {
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        let tag = window.published(window.next &+ 1_000_000)
        outstanding.insert(tag)
      }
      guard let tag = outstanding.randomElement(using: &random) else { continue }
      let multiple = Bool.random(using: &random) && Bool.random(using: &random)
      let taken = multiple ? outstanding.filter { $0 <= tag } : [tag]
      let before = settled.count
      expect(window.settle(tag, isMultiple: multiple, into: &settled))
      #expect(Set(settled[before...]) == Set(taken.map { $0 + 1_000_000 }), "seed \(seed)")
      outstanding.subtract(taken)
      expected += taken.count
      #expect(window.count == outstanding.count)
    }
    #expect(settled.count == expected)
    expect(window.removeAll(), outstanding.sorted().map { $0 + 1_000_000 })
    #expect(window.count == 0)
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
    var random = Seeded(seed)
    var acks = AckCoalescer(capacity: 16)
    var broker = BrokerChannel()
    var open: Set<UInt64> = []
    var settled: Set<UInt64> = []
    var rejected: Set<UInt64> = []
    var next: UInt64 = 1
    var now: UInt64 = 0
    func flush() {
      var out: [AckCoalescer.Ack] = []
      acks.flush(now: now, holeNanoseconds: 50, into: &out)
      for ack in out {
        let isKnown = broker.take(ack)
        #expect(isKnown, "seed \(seed): \(ack) is unknown to the broker")
      }
      #expect(broker.acknowledged.isSubset(of: settled), "seed \(seed)")
    }
    for _ in 0..<3_000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        guard open.count < 200 else { break }
        expect(acks.delivered(next))
        open.insert(next)
        broker.outstanding.insert(next)
        next += 1
      case 4..<8:
        guard let tag = open.randomElement(using: &random) else { break }
        expect(acks.settle(tag))
        expect(!acks.settle(tag))
        open.remove(tag)
        settled.insert(tag)
      case 8:
        guard let tag = open.randomElement(using: &random), tag % 7 == 0 else { break }
        expect(acks.reject(tag))
        open.remove(tag)
        rejected.insert(tag)
        broker.outstanding.remove(tag)
      default:
        now += UInt64.random(in: 0...30, using: &random)
        flush()
      }
      #expect(acks.openCount == open.count)
    }
    flush()
    now += 1_000
    flush()
    now += 1_000
    flush()
    #expect(broker.acknowledged == settled, "seed \(seed)")
    #expect(broker.outstanding == open, "seed \(seed)")
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
