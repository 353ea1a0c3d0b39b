import Testing

@testable import Execution

@Suite("How long a message may stay unacknowledged")
struct UnacknowledgedTimesTests {
  @Test func `The times follow each other, and end within ten minutes`() {
    #expect(UnacknowledgedTimes.fit())
    #expect(UnacknowledgedTimes.most == .minutes(10))
  }

  @Test func `Times in another order do not pass`() {
    #expect(!UnacknowledgedTimes.fit(consumingStops: .seconds(30)), "as long as a confirm takes")
    #expect(!UnacknowledgedTimes.fit(consumingStops: .seconds(300)))
    #expect(!UnacknowledgedTimes.fit(eventsWait: .seconds(60)))
    #expect(!UnacknowledgedTimes.fit(eventsWait: .seconds(539)), "and is processed alone then")
    #expect(!UnacknowledgedTimes.fit(givenBack: .seconds(301)))
    #expect(!UnacknowledgedTimes.fit(givenBack: .seconds(600)))
    #expect(!UnacknowledgedTimes.fit(most: .seconds(540)))
  }
}
