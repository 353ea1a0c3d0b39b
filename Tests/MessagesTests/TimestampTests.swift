import Foundation
import Messages
import TestSupport
import Testing

@Suite("Times are RFC 3339 with a zone")
struct TimestampTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"),
      ("1969-12-31T23:59:59.999Z", -1_000_000, "1969-12-31T23:59:59.999Z"),
      ("1969-12-31T23:59:59.9999Z", -100_000, "1969-12-31T23:59:59.999Z"),
      ("2026-12-24T06:00:00Z", 1_798_092_000_000_000_000, "2026-12-24T06:00:00.000Z"),
      ("2026-12-24T07:00:00.25+01:00", 1_798_092_000_250_000_000, "2026-12-24T06:00:00.250Z"),
      ("2026-12-24T00:30:00-05:30", 1_798_092_000_000_000_000, "2026-12-24T06:00:00.000Z"),
      ("2026-12-24t06:00:00z", 1_798_092_000_000_000_000, "2026-12-24T06:00:00.000Z"),
      ("2026-12-24T06:00:00-00:00", 1_798_092_000_000_000_000, "2026-12-24T06:00:00.000Z"),
      ("2000-02-29T12:00:00Z", 951_825_600_000_000_000, "2000-02-29T12:00:00.000Z"),
      ("2024-02-29T23:59:59Z", 1_709_251_199_000_000_000, "2024-02-29T23:59:59.000Z"),
      ("2024-03-01T00:00:00+00:01", 1_709_251_140_000_000_000, "2024-02-29T23:59:00.000Z"),
      ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000, "2017-01-01T00:00:00.000Z"),
      ("2001-09-09T01:46:40.123456789Z", 1_000_000_000_123_456_789, "2001-09-09T01:46:40.123Z"),
      ("2001-09-09T01:46:40.1234567899999Z", 1_000_000_000_123_456_789, "2001-09-09T01:46:40.123Z"),
      ("2001-09-09T01:46:40.0Z", 1_000_000_000_000_000_000, "2001-09-09T01:46:40.000Z"),
      ("1700-01-01T00:00:00Z", -8_520_336_000_000_000_000, "1700-01-01T00:00:00.000Z"),
      ("1900-03-01T00:00:00Z", -2_203_891_200_000_000_000, "1900-03-01T00:00:00.000Z"),
      ("2199-12-31T23:59:59.999999999Z", 7_258_118_399_999_999_999, "2199-12-31T23:59:59.999Z"),
    ] as [(String, Int64, String)])
  func `Known moments are read and written`(text: String, nanoseconds: Int64, written: String)
    throws
  {
    let moment = try time(text)
    #expect(moment.nanoseconds == nanoseconds)
    #expect(moment.text == written)
  }

  @Test(arguments: [
    ("9999-12-31T23:59:59Z", Timestamp.latest), ("2200-01-01T00:00:00.5Z", .latest),
    ("2262-04-12T00:00:00Z", .latest), ("2199-12-31T23:59:59-00:01", .latest),
    ("0001-01-01T00:00:00Z", .earliest), ("0000-01-01T00:00:00+23:59", .earliest),
    ("1699-12-31T23:59:59.9Z", .earliest), ("1700-01-01T00:00:00+00:01", .earliest),
  ])
  func `What lies too far away is taken as the last moment, or the first`(
    text: String, expected: Timestamp
  ) throws {
    #expect(try time(text) == expected)
    #expect(Timestamp.earliest.text == "1700-01-01T00:00:00.000Z")
    #expect(Timestamp.latest.text == "2200-01-01T00:00:00.000Z")
  }

  @Test(arguments: [
    "", "2026", "2026-12-24", "2026-12-24T06:00:00", "2026-12-24 06:00:00Z", "20261224T060000Z",
    "2026-12-24T06:00Z", "2026-12-24T06:00:00.Z", "2026-12-24T06:00:00,5Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+01",
    "2026-01-01T00:00:00CET",
    "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
    "-2026-01-01T00:00:00Z",
    "12026-01-01T00:00:00Z", "2026-1-01T00:00:00Z", "2026-01-01T00:00:00Z\n",
    "２026-01-01T00:00:00Z", "1798092000",
  ])
  func `Anything else is no time`(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func `Every moment of a type's range is written without a trap`() {
    #expect(Timestamp(nanoseconds: .min).text == "1677-09-21T00:12:43.145Z")
    #expect(Timestamp(nanoseconds: .max).text == "2262-04-11T23:47:16.854Z")
  }

  @Test func `Every day from 1700 to 2199 is read and written as itself`() throws {
    let isLeap = { (year: Int) in year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    var expected = Timestamp.earliest.nanoseconds
    for year in 1700..<2200 {
      let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      for (month, length) in lengths.enumerated() {
        for day in [1, length] {
          let at = expected + Int64(day - 1) * 86_400_000_000_000
          let text = "\(year)-\(two(month + 1))-\(two(day))T00:00:00.000Z"
          if Timestamp(nanoseconds: at).text != text || Timestamp(rfc3339: text)?.nanoseconds != at
          {
            Issue.record("\(text) is not \(at)")
          }
        }
        expected += Int64(length) * 86_400_000_000_000
      }
    }
    #expect(expected == Timestamp.latest.nanoseconds)
  }

  @Test func `A moment that is written is read back, whatever its zone`() throws {
    let given = ProcessInfo.processInfo.environment["MEDDELA_TEST_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("roundTrip(): MEDDELA_TEST_SEED=\(seed)")
    var random = SeededRandom(seed)
    let years =
      Timestamp.earliest.nanoseconds / 1_000_000..<Timestamp.latest.nanoseconds / 1_000_000
    for _ in 0..<5_000 {
      let milliseconds = Int64.random(in: years, using: &random)
      let moment = Timestamp(nanoseconds: milliseconds * 1_000_000)
      #expect(Timestamp(rfc3339: moment.text) == moment, "MEDDELA_TEST_SEED=\(seed)")
      // The same clock reading in another zone is that much earlier or later.
      let minutes = Int64.random(in: -1_439...1_439, using: &random)
      let zone = "\(minutes < 0 ? "-" : "+")\(two(abs(minutes) / 60)):\(two(abs(minutes) % 60))"
      let shifted = Timestamp(rfc3339: moment.text.replacing("Z", with: zone))
      let expected = moment.nanoseconds - minutes * 60_000_000_000
      let range = Timestamp.earliest.nanoseconds...Timestamp.latest.nanoseconds
      if range.contains(expected) { #expect(shifted?.nanoseconds == expected) }
    }
  }

  @Test func `Times are ordered as moments, not as texts`() throws {
    #expect(try time("2026-01-01T00:00:00+01:00") < time("2025-12-31T23:00:00.001Z"))
    #expect(try time("2026-01-01T00:00:00+01:00") == time("2025-12-31T23:00:00Z"))
  }

  private func two(_ number: some BinaryInteger) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
}
