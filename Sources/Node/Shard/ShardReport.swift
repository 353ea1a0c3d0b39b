internal import Synchronization

/// The newest status of a shard, for readers on any thread.
package final class ShardReport: Sendable {
  private let status = Mutex(ShardStatus())
  private let damage = Mutex<String?>(nil)

  package init() {}

  package var current: ShardStatus {
    var result = status.withLock { $0 }
    result.damage = damage.withLock { $0 }
    return result
  }

  /// The first damage that the scrubber found; nil when a whole pass found none.
  func scrubbed(damage found: String?) {
    damage.withLock { $0 = found }
  }

  func update(_ next: ShardStatus) {
    status.withLock { $0 = next }
  }
}
