import Execution
import Messages
import Testing

@testable import Simulation

/// The model's own memory of how its clock was set: verdicts on logs from the future rest on it.
@Suite struct SimulatedClockTests {
  private static let day: Int64 = 86_400_000_000_000
  private static let hour: Int64 = 3_600_000_000_000

  @Test(arguments: [0, 1, 37, -200])
  func `What is read as the clock is set was read under the new setting`(drift: Int64) {
    var clock = SimulatedClock(seed: 1, jumps: 0, drift: drift)
    for _ in 0..<200 {
      clock.pass(49_159_731_337)
      let birth = clock.nanoseconds - 1
      clock.set(forward: Self.day)
      let ahead = clock.now.wall
      #expect(clock.moment(of: ahead, since: birth).latest == ahead)
      clock.pass(1_500_000_000)
      clock.set(forward: -Self.day)
      let back = clock.now.wall
      #expect(clock.moment(of: back, since: birth).latest == back.adding(Self.day))
      #expect(clock.moment(of: back, since: clock.nanoseconds).latest == back)
    }
  }

  @Test func `What was put back before a process was born is not known to it`() {
    var clock = SimulatedClock(seed: 1, jumps: 0, drift: 0)
    clock.pass(5_000_000_000)
    clock.set(forward: -Self.hour)
    clock.pass(1_000_000_000)
    let birth = clock.nanoseconds
    clock.pass(1_000_000_000)
    #expect(clock.moment(of: clock.now.wall, since: birth).latest == clock.now.wall)
    #expect(
      clock.moment(of: clock.now.wall, since: 0).latest == clock.now.wall.adding(Self.hour))
  }
}

extension Timestamp {
  fileprivate func adding(_ nanoseconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: self.nanoseconds + nanoseconds)
  }
}
