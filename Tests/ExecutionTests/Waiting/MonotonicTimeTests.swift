import Testing

@testable import Execution

struct MonotonicTimeTests {
  @Test func `A later moment less an earlier one is the time between them, and never negative`() {
    #expect(MonotonicTime.seconds(5) - .seconds(3) == TimeSpan.seconds(2))
    #expect(MonotonicTime.seconds(3) - .seconds(5) == TimeSpan.none)
    #expect(MonotonicTime.seconds(3) - TimeSpan.seconds(1) == .seconds(2))
    #expect(MonotonicTime.seconds(3) - TimeSpan.seconds(5) == .start)
    #expect(MonotonicTime.start + .minutes(2) == .seconds(120))
  }

  @Test func `Amounts add, repeat and divide, and never become negative`() {
    #expect(TimeSpan.milliseconds(1_500) + .milliseconds(500) == .seconds(2))
    #expect(TimeSpan.seconds(1) - .seconds(2) == .none)
    #expect(TimeSpan.seconds(3) * 2 == .seconds(6) && TimeSpan.seconds(3) / 2 == 1_500_000_000)
    #expect(TimeSpan.seconds(60) << 6 == .minutes(64))
    #expect(TimeSpan.seconds(59) < .minutes(1))
  }
}
