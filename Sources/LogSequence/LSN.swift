public import Synchronization

/// Log sequence number: the place of a record in a shard's event log. Records are numbered 1, 2,
/// 3 ... for the life of the store, without gaps.
///
/// 0 is no record: "none before this one", or a log that is still empty. A number read from a file
/// may be anything that fits 64 bits; who decodes it checks it against the log's bounds before it
/// counts on from it. Numbers are not added to each other, so the type has no such operators: what
/// lies between two of them is a count of records (`distance(to:)`).
///
/// What it does is `public` and inlinable, alone in this program: the compiler inlines nothing into
/// another module that is `package`, and an LSN must cost no more than its 64 bits.
public struct LSN: RawRepresentable, Hashable, Comparable, Sendable {
  public let rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// The number of a record, counted from 1; traps for a negative one.
  @inlinable
  public init(_ number: Int) { self.init(UInt64(number)) }

  /// Of the first record of a store.
  @inlinable
  public static var first: LSN { LSN(1) }
  /// Behind every record there can be.
  @inlinable
  public static var max: LSN { LSN(UInt64.max) }

  /// Of the record after this one; traps at the end of the 64 bits.
  @inlinable
  public var next: LSN { LSN(rawValue + 1) }

  /// Of the record before this one, 0 for the first; traps for 0.
  @inlinable
  public var previous: LSN { LSN(rawValue - 1) }

  @inlinable
  public static func == (left: LSN, right: LSN) -> Bool { left.rawValue == right.rawValue }

  @inlinable
  public static func < (left: LSN, right: LSN) -> Bool { left.rawValue < right.rawValue }
}

extension LSN: Strideable {
  /// Of the record so many after this one; traps outside the 64 bits.
  @inlinable
  public func advanced(by records: Int) -> LSN { LSN(rawValue.advanced(by: records)) }

  /// How many records `other` is after this one; negative where it is before it.
  @inlinable
  public func distance(to other: LSN) -> Int { rawValue.distance(to: other.rawValue) }
}

extension LSN: ExpressibleByIntegerLiteral {
  /// A number written in the source: 0, 1, or a test's record.
  @inlinable
  public init(integerLiteral value: UInt64) { self.init(value) }
}

extension LSN: CustomStringConvertible {
  /// The number in decimal digits.
  public var description: String { String(rawValue) }
}

/// One word that threads may share.
extension LSN: AtomicRepresentable {}
