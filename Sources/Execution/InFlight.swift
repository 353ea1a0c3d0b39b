import DequeModule

/// The publishes of one connection that wait for their confirm, oldest first.
///
/// Confirms come in any order. An entry that was answered stays until it is the oldest; whether
/// it was is asked of its owner, so a confirm costs no search.
struct InFlight {
  struct Entry {
    var token: PublishToken
    /// Monotonic, in nanoseconds.
    var publishedAt: UInt64
  }

  private(set) var entries: Deque<Entry> = []
  /// How many are not answered yet.
  private(set) var count = 0

  mutating func add(_ token: PublishToken, at time: UInt64) {
    entries.append(Entry(token: token, publishedAt: time))
    count += 1
  }

  mutating func answered() {
    precondition(count > 0, "each publish is answered once")
    count -= 1
  }

  /// Drops the answered entries at the front.
  mutating func trim(isWaiting: (PublishToken) -> Bool) {
    while let first = entries.first, !isWaiting(first.token) { entries.removeFirst() }
  }

  /// Drops the answered entries at the front and returns the oldest that waits.
  mutating func oldest(isWaiting: (PublishToken) -> Bool) -> Entry? {
    trim(isWaiting: isWaiting)
    return entries.first
  }

  /// Forgets all, and returns those that were not answered, oldest first.
  mutating func removeAll(isWaiting: (PublishToken) -> Bool) -> [PublishToken] {
    let waiting = entries.lazy.map(\.token).filter(isWaiting)
    let result = Array(waiting)
    entries.removeAll(keepingCapacity: true)
    count = 0
    return result
  }
}
