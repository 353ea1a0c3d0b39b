/// The wall clock, held back where it runs ahead: while a process lives its clock may gain an hour
/// on the monotonic one, and what it gains beyond removes nothing early.
struct RetentionClock {
  private static let tolerance: Int64 = 3_600_000_000_000

  private let startWall: Int64
  private let startMonotonic: UInt64

  init(wall: Int64, monotonic: UInt64) {
    startWall = wall
    startMonotonic = monotonic
  }

  /// Unix nanoseconds that retention may count on.
  func now(wall: Int64, monotonic: UInt64) -> Int64 {
    let passed = Int64(clamping: monotonic &- startMonotonic)
    return min(wall, startWall + passed + Self.tolerance)
  }
}
