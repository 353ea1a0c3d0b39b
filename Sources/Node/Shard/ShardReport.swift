package import Messages
internal import Synchronization

/// The newest status of a shard, for readers on any thread.
package final class ShardReport: Sendable {
  package let shard: ShardNumber
  private let status: Mutex<ShardStatus>
  private let damage = Mutex<String?>(nil)

  package init(shard: ShardNumber) {
    self.shard = shard
    var status = ShardStatus()
    status.ownership = "asks for the lease of shard \(shard)"
    self.status = Mutex(status)
  }

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
