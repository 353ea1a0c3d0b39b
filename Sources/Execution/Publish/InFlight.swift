import DequeModule

/// The publishes of one connection that wait for their confirm, oldest first.
///
/// Confirms come in any order. Serials only grow, so an entry is found by its token; one that is
/// answered stays until it is the oldest.
struct InFlight {
  struct Entry: Equatable {
    var token: PublishToken
    var publishedAt: MonotonicTime
  }

  /// What was found when a publish was answered.
  struct Answered: Equatable {
    var publishedAt: MonotonicTime
    /// Whether nothing older was waiting.
    var wasOldest: Bool
  }

  private var entries: Deque<(entry: Entry, isAnswered: Bool)> = []
  /// How many are not answered yet.
  private(set) var count = 0

  /// The oldest that waits.
  var oldest: Entry? { entries.first?.entry }

  mutating func add(_ token: PublishToken, at time: MonotonicTime) {
    assert(entries.last.map { $0.entry.publishedAt <= time } ?? true, "times only grow")
    assert(isBehindAll(token), "serials only grow, and no two are the same")
    entries.append((Entry(token: token, publishedAt: time), false))
    count += 1
  }

  func contains(_ token: PublishToken) -> Bool {
    index(of: token).map { !entries[$0].isAnswered } ?? false
  }

  /// Takes an answer. Nil when no such publish waits: it is of an earlier connection, or it was
  /// answered before.
  mutating func answer(_ token: PublishToken) -> Answered? {
    guard let index = index(of: token), !entries[index].isAnswered else { return nil }
    let answered = Answered(publishedAt: entries[index].entry.publishedAt, wasOldest: index == 0)
    entries[index].isAnswered = true
    count -= 1
    assert(count >= 0, "each is answered once")
    while let first = entries.first, first.isAnswered { entries.removeFirst() }
    return answered
  }

  /// Forgets all, and returns those that were not answered, oldest first.
  mutating func removeAll() -> [PublishToken] {
    let waiting = entries.filter { !$0.isAnswered }.map(\.entry.token)
    assert(waiting.count == count, "what is counted is what waits")
    entries.removeAll(keepingCapacity: true)
    count = 0
    return waiting
  }

  private func isBehindAll(_ token: PublishToken) -> Bool {
    guard let first = entries.first?.entry.token, let last = entries.last?.entry.token
    else { return true }
    return Self.distance(from: first, to: token) > Self.distance(from: first, to: last)
  }

  /// Serials go round, but never so far that two of the entries meet: distances from the oldest
  /// are in order.
  private func index(of token: PublishToken) -> Int? {
    guard let first = entries.first?.entry.token else { return nil }
    if first == token { return 0 }
    let wanted = Self.distance(from: first, to: token)
    var low = 1
    var high = Int(min(UInt64(entries.count), UInt64(wanted) + 1))
    while low < high {
      let middle = (low + high) / 2
      if Self.distance(from: first, to: entries[middle].entry.token) < wanted {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < entries.count && entries[low].entry.token == token ? low : nil
  }

  private static func distance(from first: PublishToken, to token: PublishToken) -> UInt32 {
    (token.serial &- first.serial) & PublishToken.serialMask
  }
}
