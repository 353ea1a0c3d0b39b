import Execution
import Testing

@testable import Node

@Suite struct PrefetchRampTests {
  /// A queue that delivers in order, to a process that needs a millisecond for each message and
  /// acknowledges them in order; a change of prefetch takes three more.
  private struct Queue {
    var counts: [Int]
    var parked: [Int] = []
    var waiting: [Int]
    let limit = 20

    init(_ count: Int) {
      counts = Array(repeating: 0, count: count)
      waiting = Array(0..<count)
    }

    /// One life of a process: until it has lived this long, or takes the message that kills it.
    mutating func live(milliseconds: Int, killer: Int? = nil, full: UInt16 = 1000) -> UInt16 {
      var ramp = PrefetchRamp(full: full)
      var out: [Int] = []
      var most: UInt16 = 1
      var now: MonotonicTime = 1
      ramp.advance(at: now, isConsuming: true)
      var pause = 0
      for _ in 0..<milliseconds {
        while out.count < Int(ramp.prefetch), !waiting.isEmpty, pause == 0 {
          let message = waiting.removeFirst()
          ramp.received(earlierDeliveries: UInt32(counts[message]))
          out.append(message)
        }
        now += .milliseconds(1)
        pause = max(0, pause - 1)
        if let next = out.first {
          if next == killer { break }
          out.removeFirst()
          ramp.settled()
        }
        let before = ramp.prefetch
        ramp.advance(at: now, isConsuming: true)
        if ramp.prefetch != before { pause = 3 }
        most = max(most, ramp.prefetch)
      }
      for message in out { counts[message] += 1 }
      waiting = out.filter { counts[$0] <= limit } + waiting
      parked += out.filter { counts[$0] > limit }
      return most
    }
  }

  @Test func `Under load a new life reaches its full prefetch within a second`() {
    var queue = Queue(5_000)
    #expect(queue.live(milliseconds: 1_000) == 1_000)
  }

  @Test(arguments: [5, 10, 30, 100, 300])
  func `Lives that are cut short park no healthy message`(milliseconds: Int) {
    var queue = Queue(20_000)
    for _ in 0..<200 { _ = queue.live(milliseconds: milliseconds) }
    #expect(queue.parked.isEmpty)
    #expect(queue.counts.max() ?? 0 <= 8)
  }

  @Test(arguments: [0, 1, 7, 40, 700, 999, 1_500])
  func `A message that kills is parked, and no other`(killer: Int) {
    var queue = Queue(3_000)
    var lives = 0
    while queue.parked.isEmpty, lives < 100 {
      _ = queue.live(milliseconds: 10_000, killer: killer)
      lives += 1
    }
    #expect(queue.parked == [killer])
    // It was delivered 21 times, and its neighbours few of them.
    #expect(lives <= 26)
    let neighbours = queue.counts.enumerated().filter { $0.offset != killer }.map(\.element)
    #expect(neighbours.max() ?? 0 <= 4)
  }

  @Test func `One message that waits for somebody else does not hold the prefetch at one`() {
    var ramp = PrefetchRamp(full: 1_000)
    ramp.advance(at: 0, isConsuming: true)
    ramp.received(earlierDeliveries: 0)
    ramp.advance(at: .milliseconds(249), isConsuming: true)
    #expect(ramp.prefetch == 1)
    for time in [250, 500, 750, 1_000] {
      ramp.advance(at: .milliseconds(UInt64(time)), isConsuming: true)
    }
    #expect(ramp.prefetch == 1_000)
  }

  @Test func `Time in which nothing can come proves nothing`() {
    var ramp = PrefetchRamp(full: 1_000)
    for second in UInt64(0)..<100 {
      ramp.advance(at: .seconds(second), isConsuming: false)
    }
    #expect(ramp.prefetch == 1)
    ramp.advance(at: .milliseconds(100_000), isConsuming: true)
    ramp.advance(at: .milliseconds(100_001), isConsuming: true)
    #expect(ramp.prefetch == 1)
  }

  @Test func `After a failed delivery what comes again is taken singly, and the rest as ever`() {
    var ramp = PrefetchRamp(full: 1_000)
    ramp.advance(at: 0, isConsuming: true)
    ramp.startAgain()
    var now: MonotonicTime = 1
    ramp.advance(at: now, isConsuming: true)
    for _ in 0..<50 {
      ramp.received(earlierDeliveries: 2)
      ramp.settled()
      now += .milliseconds(1)
      ramp.advance(at: now, isConsuming: true)
      #expect(ramp.prefetch == 1)
    }
    ramp.received(earlierDeliveries: 0)
    ramp.settled()
    ramp.advance(at: now + 1, isConsuming: true)
    #expect(ramp.prefetch == 8)
  }

  @Test func `A suspect that comes in one breath with the start is taken alone as well`() {
    var ramp = PrefetchRamp(full: 1_000)
    ramp.startAgain()
    ramp.advance(at: 0, isConsuming: false)
    ramp.received(earlierDeliveries: 2)
    ramp.advance(at: 1, isConsuming: true)
    ramp.settled()
    ramp.advance(at: 2, isConsuming: true)
    #expect(ramp.prefetch == 1)
  }

  @Test func `A suspect among many takes the prefetch back, but not for ever`() {
    var ramp = PrefetchRamp(full: 64)
    ramp.advance(at: 0, isConsuming: true)
    ramp.settled()
    ramp.advance(at: 1, isConsuming: true)
    #expect(ramp.prefetch == 8)
    ramp.received(earlierDeliveries: 3)
    ramp.advance(at: 2, isConsuming: true)
    #expect(ramp.prefetch == 1)
    ramp.received(earlierDeliveries: 3)
    ramp.advance(at: .milliseconds(5_000), isConsuming: true)
    #expect(ramp.prefetch == 1)
    ramp.advance(at: .milliseconds(10_000), isConsuming: true)
    #expect(ramp.prefetch == 64)
  }

  @Test(arguments: [1, 2, 7, 8, 9, 63, 64, 65, 512, 2_000])
  func `Any prefetch is reached and never exceeded`(full: UInt16) {
    var ramp = PrefetchRamp(full: full)
    for step in UInt64(0)..<10 {
      ramp.advance(at: .milliseconds(step * 250), isConsuming: true)
      #expect(ramp.prefetch <= full)
    }
    #expect(ramp.prefetch == full)
  }
}
