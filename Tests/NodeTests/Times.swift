@testable import Execution

// Times of tests: literals are nanoseconds.
extension MonotonicTime: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt64) { self.init(nanoseconds: value) }

  static func seconds(_ count: UInt64) -> MonotonicTime { .start + .seconds(count) }

  static func milliseconds(_ count: UInt64) -> MonotonicTime { .start + .milliseconds(count) }
}

extension TimeSpan: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: UInt64) { self.init(nanoseconds: value) }
}
