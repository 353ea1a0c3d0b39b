import Messages
import Testing

@testable import Commands

@Suite("Times on the command line")
struct TimeArgumentTests {
  private let now = Timestamp(nanoseconds: 1_800_000_000_000_000_000)

  @Test(arguments: [("0s", 0), ("90s", 90), ("30m", 1_800), ("1h", 3_600), ("7d", 604_800)])
  func `So many seconds, minutes, hours or days ago`(text: String, seconds: Int64) {
    let time = TimeArgument.parse(text, now: now)
    #expect(time?.nanoseconds == now.nanoseconds - seconds * 1_000_000_000)
  }

  @Test func `A time with its zone, and a day, which is its begin in UTC`() {
    #expect(
      TimeArgument.parse("2026-12-24T07:00:00+01:00", now: now)
        == Timestamp(rfc3339: "2026-12-24T06:00:00Z"))
    #expect(
      TimeArgument.parse("2026-12-24", now: now) == Timestamp(rfc3339: "2026-12-24T00:00:00Z"))
  }

  @Test(arguments: ["36501d", "9223372036854775807s", "9223372036854775807d"])
  func `Longer ago than anything is counts as the earliest time, and nothing overflows`(
    text: String
  ) {
    #expect(TimeArgument.parse(text, now: now) == .earliest)
  }

  @Test(arguments: [
    "", "1", "h", "-1h", "1w", "1.5h", "2026-13-01", "2026-12-24T06:00:00", "yesterday",
    "9223372036854775808s", "1h ", "2026-2-30",
  ])
  func `Anything else is no time`(text: String) {
    #expect(TimeArgument.parse(text, now: now) == nil)
  }
}
