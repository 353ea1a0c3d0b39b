import LogSequence
import Messages

/// How the wall clock was set while this process lives.
///
/// Records carry wall time. A time in a record that was made before the clock was set is put right
/// by `shift`, so that what lies between it and now is a true duration again.
struct WallClock {
  private struct Jump {
    /// The newest record before it.
    var lsn: LSN
    /// By how much the clock was put forward; back, if negative.
    var nanoseconds: Int64
  }

  /// Wall minus monotonic time, as last seen.
  private var offset: Int64?
  /// The largest that it has been.
  private var highest: Int64?
  private var jumps: [Jump] = []

  /// A clock that is slewed goes on by less between two inputs.
  private static let least: Int64 = 1_000_000_000
  /// A clock that is set more often than this has its first jumps added up.
  private static let mostJumps = 64

  /// Takes the time of the next inputs; by how much the clock was put forward since the last
  /// ones, or 0.
  mutating func advance(to instant: Instant, newest lsn: LSN) -> Int64 {
    let present = instant.wall.nanoseconds &- Int64(bitPattern: instant.monotonic.nanoseconds)
    defer { offset = present }
    highest = max(highest ?? present, present)
    guard let offset else { return 0 }
    let jump = present &- offset
    guard jump.magnitude > UInt64(Self.least) else { return 0 }
    if jumps.count == Self.mostJumps {
      jumps[1].nanoseconds &+= jumps[0].nanoseconds
      jumps.removeFirst()
    }
    jumps.append(Jump(lsn: lsn, nanoseconds: jump))
    return jump
  }

  /// What the clock would show had nobody put it back while this process lives.
  func latest(at instant: Instant) -> Timestamp {
    guard let highest else { return instant.wall }
    return Timestamp(nanoseconds: highest &+ Int64(bitPattern: instant.monotonic.nanoseconds))
  }

  /// By how many nanoseconds the clock was put forward since the record with this LSN was made.
  func shift(since lsn: LSN) -> Int64 {
    jumps.reduce(0) { lsn <= $1.lsn ? $0 &+ $1.nanoseconds : $0 }
  }
}
