import AMQP
import Testing

@testable import Node

@Suite struct ConsumerWatchTests {
  @Test func `A queue that keeps its messages for half a minute has another active consumer`() {
    var watch = ForeignConsumerWatch()
    var changes: [UInt64] = []
    for time in stride(from: UInt64(0), through: 60, by: 10) {
      if watch.observe(readyMessages: 5, mayReceive: true, received: 7, at: .seconds(time)) {
        changes.append(time)
      }
    }
    #expect(changes == [30])
    #expect(watch.isSuspected)
    let changed = watch.observe(readyMessages: 5, mayReceive: true, received: 8, at: .seconds(70))
    #expect(changed)
    #expect(!watch.isSuspected)
  }

  @Test(arguments: [(0, true, UInt64(0)), (5, false, 0), (5, true, 1)])
  func `A queue that is empty, that we do not take from, or that delivers, is never suspected`(
    ready: Int, mayReceive: Bool, perLook: UInt64
  ) {
    var watch = ForeignConsumerWatch()
    for look in UInt64(0)..<20 {
      let changed = watch.observe(
        readyMessages: ready, mayReceive: mayReceive, received: look * perLook,
        at: .seconds(look * 10))
      #expect(!changed)
    }
    #expect(!watch.isSuspected)
  }

  @Test func `A queue is empty once, a second after it was seen so, for each life of a consumer`() {
    var watch = EmptyQueueWatch()
    var told: [UInt64] = []
    func look(_ ready: Int, _ time: UInt64) {
      guard watch.wantsLook(isReading: true) else { return }
      if watch.looked(readyMessages: ready, at: .seconds(time)) { told.append(time) }
    }
    look(9, 1)
    look(0, 2)
    // More has come since: what was there at 2 has reached us all the same.
    look(4, 3)
    look(0, 4)
    #expect(told == [3])
    watch.consumerLost()
    look(0, 5)
    #expect(told == [3])
    // Nothing was read for a while, or another consumer had it: begins again.
    let wants = watch.wantsLook(isReading: false)
    #expect(!wants)
    look(3, 6)
    look(0, 7)
    look(0, 8)
    #expect(told == [3, 8])
  }

  @Test func `A consumer that fails at what is delivered comes back at once, then more slowly`() {
    var failures = DeliveryFailures()
    for _ in 0..<DeliveryFailures.immediateRetries { #expect(failures.next() == 0) }
    for _ in 0..<1_000 { #expect(failures.next() == 0.25) }
    #expect(failures.next() == nil)
    failures.messageSettled()
    #expect(failures.next() == 0)
  }

  @Test func `Only an error that a message can cause counts as one`() {
    for code in AMQPError.Code.allCases {
      let explains: Set<AMQPError.Code> = [
        .brokerError, .malformedFrame, .unexpectedFrame, .contentTooLarge,
      ]
      #expect(DeliveryFailures.mayExplain(AMQPError(code, "")) == explains.contains(code))
    }
  }
}
