import Testing

@testable import Execution

@Suite("How long a message may stay unacknowledged")
struct UnacknowledgedTimesTests {
  @Test func `The times follow each other, and end within ten minutes`() {
    #expect(UnacknowledgedTimes.fit())
    #expect(UnacknowledgedTimes.most == 600_000_000_000)
  }

  @Test func `Times in another order do not pass`() {
    let second: UInt64 = 1_000_000_000
    #expect(!UnacknowledgedTimes.fit(consumingStops: 30 * second), "as long as a confirm takes")
    #expect(!UnacknowledgedTimes.fit(consumingStops: 300 * second))
    #expect(!UnacknowledgedTimes.fit(eventsWait: 60 * second))
    #expect(!UnacknowledgedTimes.fit(eventsWait: 539 * second), "and is processed alone then")
    #expect(!UnacknowledgedTimes.fit(givenBack: 301 * second))
    #expect(!UnacknowledgedTimes.fit(givenBack: 600 * second))
    #expect(!UnacknowledgedTimes.fit(most: 540 * second))
  }
}
