internal import Execution
internal import Synchronization

/// When a shard of this process last began to look over the topology, which is one for all: what
/// one of them has just looked at, the others need not ask the broker for.
final class TopologyPasses: Sendable {
  private let lastAt = Mutex(MonotonicTime.start)

  /// Whether the topology is due: then the caller looks over it.
  func claim(at now: MonotonicTime, every interval: TimeSpan) -> Bool {
    lastAt.withLock { lastAt in
      guard lastAt == .start || now - lastAt >= interval else { return false }
      lastAt = now
      return true
    }
  }
}
