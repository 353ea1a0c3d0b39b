internal import Messages

/// A time on the command line: `2026-12-24T06:00:00Z`, a day like `2026-12-24` (its begin, UTC), or
/// how long ago: `90s`, `30m`, `1h`, `7d`.
enum TimeArgument {
  static let expected =
    "a time like 2026-12-24T06:00:00Z, a day like 2026-12-24, or 30m, 1h, 7d ago"

  /// Nil for anything else.
  static func parse(_ text: String, now: Timestamp = WallClock.now()) -> Timestamp? {
    if let time = Timestamp(rfc3339: text) { return time }
    if text.utf8.count == 10, let day = Timestamp(rfc3339: text + "T00:00:00Z") { return day }
    guard let unit = text.last, let count = Int64(text.dropLast()), count >= 0 else { return nil }
    let seconds: Int64
    switch unit {
    case "s": seconds = 1
    case "m": seconds = 60
    case "h": seconds = 3_600
    case "d": seconds = 86_400
    default: return nil
    }
    // Longer ago than anything is.
    guard count <= 36_500 * 86_400 / seconds else { return .earliest }
    return Timestamp(nanoseconds: now.nanoseconds - count * seconds * 1_000_000_000)
  }
}
