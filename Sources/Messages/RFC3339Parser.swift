/// Reads one date and time of RFC 3339, section 5.6.
struct RFC3339Parser {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Nanoseconds since 1970, from `Timestamp.earliest` to `.latest`; nil when the bytes are no
  /// such text.
  mutating func parse() -> Int64? {
    guard let year = digits(4), take("-"), let month = digits(2), take("-"),
      let day = digits(2), take("T") || take("t"),
      let hour = digits(2), take(":"), let minute = digits(2), take(":"),
      let second = digits(2), hour < 24, minute < 60, second <= 60,
      let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    guard let fraction = fraction(), let offset = zone(), position == bytes.count else {
      return nil
    }
    let secondOfDay = Int64(hour * 3_600 + minute * 60 + second)
    let seconds = date.daysSince1970 * 86_400 + secondOfDay - Int64(offset * 60)
    // Compared as seconds, since the year 9999 has too many nanoseconds.
    if seconds < Timestamp.earliest.nanoseconds / 1_000_000_000 {
      return Timestamp.earliest.nanoseconds
    }
    if seconds >= Timestamp.latest.nanoseconds / 1_000_000_000 {
      return Timestamp.latest.nanoseconds
    }
    return seconds * 1_000_000_000 + fraction
  }

  /// Nanoseconds; zero when there is no fraction, nil when it has no digit.
  private mutating func fraction() -> Int64? {
    guard take(".") else { return 0 }
    var value: Int64 = 0
    var count = 0
    while let digit = nextDigit() {
      if count < 9 { value = value * 10 + Int64(digit) }
      count += 1
    }
    guard count > 0 else { return nil }
    for _ in min(count, 9)..<9 { value *= 10 }
    return value
  }

  /// Minutes east of UTC; nil when there is no zone.
  private mutating func zone() -> Int? {
    if take("Z") || take("z") { return 0 }
    let isWest = take("-")
    guard isWest || take("+"), let hours = digits(2), take(":"), let minutes = digits(2),
      hours < 24, minutes < 60
    else { return nil }
    return (hours * 60 + minutes) * (isWest ? -1 : 1)
  }

  private mutating func digits(_ count: Int) -> Int? {
    var value = 0
    for _ in 0..<count {
      guard let digit = nextDigit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  private mutating func nextDigit() -> Int? {
    guard position < bytes.count else { return nil }
    let digit = bytes[position] &- UInt8(ascii: "0")
    guard digit < 10 else { return nil }
    position += 1
    return Int(digit)
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }
}
