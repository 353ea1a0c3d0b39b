package import Messages

/// Which shards there are, and which of them this process runs.
package struct ShardSet: Equatable, Sendable {
  /// 1 to 100.
  package let count: Int
  /// In the order of their numbers; at least one.
  package let own: [ShardNumber]

  /// One shard, which the process runs.
  package static let one = ShardSet(count: 1, own: [.first])

  /// In the order of their numbers.
  package var all: [ShardNumber] { Self.numbers(0..<count) }

  static let mostShards = 100

  private init(count: Int, own: [ShardNumber]) {
    precondition((1...Self.mostShards).contains(count), "a shard's number has two digits")
    self.count = count
    self.own = own
  }

  /// All of them.
  package init(count: Int) {
    self.init(count: count, own: Self.numbers(0..<count))
  }

  /// Numbers and ranges.
  ///
  /// - Parameter text: `0-3,6`.
  /// - Throws: what is wrong with it, for people.
  init(count: Int, own text: String) throws(ShardSetError) {
    var own: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { end in
        end.allSatisfy(\.isASCII) ? Int(end.filter { $0 != " " }) : nil
      }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first <= last
      else { throw ShardSetError("expected numbers and ranges, such as 0-3,6") }
      guard first >= 0, last < count else {
        throw ShardSetError("there is no shard \(last): shards.count is \(count)")
      }
      for number in first...last where !own.insert(number).inserted {
        throw ShardSetError("shard \(number) is there twice")
      }
    }
    self.init(count: count, own: own.sorted().map { ShardNumber(UInt8($0)) })
  }

  /// Those of one process of several that are alike but for the number at the end of their names.
  ///
  /// - Parameters:
  ///   - perOrdinal: shards of each process.
  ///   - hostName: `meddela-2`, perhaps with a domain behind it.
  /// - Throws: what is wrong with it, for people.
  init(count: Int, perOrdinal: Int, hostName: String) throws(ShardSetError) {
    let name = hostName.prefix { $0 != "." }
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.reversed()
    guard let ordinal = Int(String(digits)), ordinal <= Self.mostShards else {
      throw ShardSetError(
        "expected a host name with a number at its end, such as meddela-2; it is \(hostName)")
    }
    let (first, end) = (ordinal * perOrdinal, (ordinal + 1) * perOrdinal)
    guard end <= count else {
      throw ShardSetError(
        "the host \(hostName) would have the shards \(first) to \(end - 1): shards.count is "
          + "\(count)")
    }
    self.init(count: count, own: Self.numbers(first..<end))
  }

  private static func numbers(_ range: Range<Int>) -> [ShardNumber] {
    range.map { ShardNumber(UInt8($0)) }
  }
}

/// Why a process cannot have the shards that it is to have.
struct ShardSetError: Error, Equatable {
  let message: String

  init(_ message: String) {
    self.message = message
  }
}
