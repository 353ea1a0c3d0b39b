package import JSON

/// A moment in UTC, in nanoseconds since 1970-01-01; from the year 1678 to 2262.
package struct Timestamp: Comparable, Hashable, Sendable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  package static func < (a: Timestamp, b: Timestamp) -> Bool {
    a.nanoseconds < b.nanoseconds
  }

  /// An RFC 3339 date and time with its zone: `2026-12-24T06:00:00Z`, `...T07:00:00.5+01:00`.
  /// Up to nine digits of a second count. A leap second is taken as the second after it. Nil for
  /// anything else, dates that are none among it, and years this type does not reach.
  package init?(rfc3339 bytes: UnsafeRawBufferPointer) {
    var parser = RFC3339Parser(bytes)
    guard let value = parser.parse() else { return nil }
    nanoseconds = value
  }

  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    guard let value = bytes.withUnsafeBytes({ Timestamp(rfc3339: $0) }) else { return nil }
    self = value
  }

  /// Appends `2026-12-24T06:00:00.000Z`: UTC, milliseconds, without quotes.
  package func write(to writer: inout ByteWriter) {
    let milliseconds = Int64.divideFloor(nanoseconds, by: 1_000_000)
    let seconds = Int64.divideFloor(milliseconds, by: 1_000)
    let days = Int64.divideFloor(seconds, by: 86_400)
    let date = CivilDate(daysSince1970: days)
    let second = Int(seconds - days * 86_400)
    func digits(_ value: Int, _ count: Int) {
      var divisor = 1
      for _ in 1..<count { divisor *= 10 }
      while divisor > 0 {
        writer.write(byte: UInt8(ascii: "0") + UInt8(value / divisor % 10))
        divisor /= 10
      }
    }
    digits(date.year, 4)
    writer.write(byte: UInt8(ascii: "-"))
    digits(date.month, 2)
    writer.write(byte: UInt8(ascii: "-"))
    digits(date.day, 2)
    writer.write(byte: UInt8(ascii: "T"))
    digits(second / 3_600, 2)
    writer.write(byte: UInt8(ascii: ":"))
    digits(second / 60 % 60, 2)
    writer.write(byte: UInt8(ascii: ":"))
    digits(second % 60, 2)
    writer.write(byte: UInt8(ascii: "."))
    digits(Int(milliseconds - seconds * 1_000), 3)
    writer.write(byte: UInt8(ascii: "Z"))
  }

  /// As `write` has it.
  package var text: String {
    var writer = ByteWriter(capacity: 32)
    write(to: &writer)
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension Int64 {
  static func divideFloor(_ value: Int64, by divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
  }
}

/// A day of the Gregorian calendar, by Howard Hinnant's `days_from_civil` algorithms.
struct CivilDate {
  var year: Int
  var month: Int
  var day: Int

  init?(year: Int, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1 else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[month - 1] else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
  }

  init(daysSince1970 days: Int64) {
    let z = days + 719_468
    let era = Int64.divideFloor(z, by: 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shifted + 2) / 5 + 1)
    month = Int(shifted < 10 ? shifted + 3 : shifted - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
  }

  var daysSince1970: Int64 {
    let y = Int64(month <= 2 ? year - 1 : year)
    let era = Int64.divideFloor(y, by: 400)
    let yearOfEra = y - era * 400
    let shifted = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * shifted + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
