internal import Synchronization

/// The newest status of a shard, for readers on any thread.
package final class ShardReport: Sendable {
  private let status = Mutex(ShardStatus())

  package init() {}

  package var current: ShardStatus { status.withLock { $0 } }

  func update(_ next: ShardStatus) {
    status.withLock { $0 = next }
  }
}
