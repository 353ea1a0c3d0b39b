internal import CDispatch
package import Execution
internal import Glibc
internal import Messages

/// The two clocks of the machine.
package enum NodeClock {
  /// Now, on both.
  package static func now() -> Instant {
    Instant(
      wall: Timestamp(nanoseconds: nanoseconds(CLOCK_REALTIME)),
      monotonic: MonotonicTime(nanoseconds: UInt64(nanoseconds(CLOCK_MONOTONIC))))
  }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
