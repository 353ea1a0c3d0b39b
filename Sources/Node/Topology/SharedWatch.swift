internal import Execution
internal import Messages
internal import Synchronization

/// What one shard of a process does for all of them: it looks over the topology, and whether
/// somebody runs the shards that this process does not.
final class SharedWatch: Sendable {
  /// The shards of other processes, in the order of their numbers.
  let others: [ShardNumber]
  private let state = Mutex(State())

  private struct State {
    var lastPassAt = MonotonicTime.start
    var suspects: Set<ShardNumber> = []
    var unowned: Set<ShardNumber> = []
  }

  init(_ shards: ShardSet) {
    let own = Set(shards.own)
    others = shards.all.filter { !own.contains($0) }
  }

  /// Whether a look is due: then the caller looks. What one shard has just looked at, the others
  /// need not ask the broker for.
  func claim(at now: MonotonicTime, every interval: TimeSpan) -> Bool {
    state.withLock { state in
      guard state.lastPassAt == .start || now - state.lastPassAt >= interval else { return false }
      state.lastPassAt = now
      return true
    }
  }

  /// So many consume from the real-time queue of a shard. One look at a process that starts again
  /// says nothing: it takes two.
  ///
  /// - Returns: whether that is news: its owner has gone, or there is one again.
  func saw(consumers: Int, of shard: ShardNumber) -> Bool {
    state.withLock { state in
      guard consumers == 0 else {
        state.suspects.remove(shard)
        return state.unowned.remove(shard) != nil
      }
      if state.suspects.insert(shard).inserted { return false }
      return state.unowned.insert(shard).inserted
    }
  }

  /// Those of the others that nobody consumes for, as far as is known.
  var unowned: Set<ShardNumber> { state.withLock { $0.unowned } }
}
