/// A moment of the monotonic clock, which nobody sets. It means something in the process only that
/// read the clock; what is durable is a `Timestamp`.
package struct MonotonicTime: Comparable, Hashable, Sendable {
  /// Since some start, which is in the past.
  package let nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Before every moment that a process sees.
  package static let start = MonotonicTime(nanoseconds: 0)

  package static func < (a: MonotonicTime, b: MonotonicTime) -> Bool {
    a.nanoseconds < b.nanoseconds
  }

  package static func + (time: MonotonicTime, amount: TimeSpan) -> MonotonicTime {
    MonotonicTime(nanoseconds: time.nanoseconds &+ amount.nanoseconds)
  }

  package static func += (time: inout MonotonicTime, amount: TimeSpan) { time = time + amount }

  /// How long it is from an earlier moment to a later one; nothing when they are the other way
  /// round.
  package static func - (later: MonotonicTime, earlier: MonotonicTime) -> TimeSpan {
    later < earlier ? .none : TimeSpan(nanoseconds: later.nanoseconds &- earlier.nanoseconds)
  }

  /// A while before; the start when there was no such moment.
  package static func - (time: MonotonicTime, amount: TimeSpan) -> MonotonicTime {
    let passed = time - .start
    return passed < amount ? .start : .start + (passed - amount)
  }
}

/// How long something takes or waits, up to 584 years.
package struct TimeSpan: Comparable, Hashable, Sendable {
  package let nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  package static let none = TimeSpan(nanoseconds: 0)

  package static func milliseconds(_ count: UInt64) -> TimeSpan {
    TimeSpan(nanoseconds: count * 1_000_000)
  }

  package static func seconds(_ count: UInt64) -> TimeSpan {
    TimeSpan(nanoseconds: count * 1_000_000_000)
  }

  package static func minutes(_ count: UInt64) -> TimeSpan { seconds(count * 60) }

  package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }

  package static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
    TimeSpan(nanoseconds: a.nanoseconds + b.nanoseconds)
  }

  package static func += (a: inout TimeSpan, b: TimeSpan) { a = a + b }

  /// Nothing when `b` is more.
  package static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan {
    a < b ? .none : TimeSpan(nanoseconds: a.nanoseconds &- b.nanoseconds)
  }

  package static func -= (a: inout TimeSpan, b: TimeSpan) { a = a - b }

  package static func * (amount: TimeSpan, count: UInt64) -> TimeSpan {
    TimeSpan(nanoseconds: amount.nanoseconds * count)
  }

  package static func / (amount: TimeSpan, count: UInt64) -> TimeSpan {
    TimeSpan(nanoseconds: amount.nanoseconds / count)
  }

  /// Twice as long, so many times.
  package static func << (amount: TimeSpan, doublings: UInt64) -> TimeSpan {
    TimeSpan(nanoseconds: amount.nanoseconds << doublings)
  }
}
