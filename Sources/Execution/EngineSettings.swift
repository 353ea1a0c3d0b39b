package import Messages

/// What a shard engine is told at its start.
package struct EngineSettings: Sendable {
  package var shard: ShardNumber
  /// Of exchanges and queues; a `reply_to` below it is refused.
  package var prefix: String
  /// Of the program, for parked messages.
  package var version: String
  /// An event's body may have so many bytes.
  package var maxEventBytes = 1 << 20
  package var giveUpSeconds: Int64 = 86_400
  package var retryMinSeconds: Int64 = 1
  package var retryMaxSeconds: Int64 = 300
  /// The statuses that are published; a passing `pending` is not, unless `publishesAll`.
  package var publishedStatuses: Set<Status> = Set(Status.allCases)
  package var publishesPassingPending = false
  /// Of the backoff's jitter.
  package var seed: UInt64 = 0

  package init(shard: ShardNumber, prefix: String, version: String) {
    self.shard = shard
    self.prefix = prefix
    self.version = version
  }
}

/// One moment on both clocks. The engine reads none itself.
package struct Instant: Sendable {
  package var wall: Timestamp
  /// Nanoseconds since some start; never goes back.
  package var monotonic: UInt64

  package init(wall: Timestamp, monotonic: UInt64) {
    self.wall = wall
    self.monotonic = monotonic
  }
}

/// The engine's bounds.
enum EngineLimits {
  /// Events that are being worked on at one time.
  static let activeEvents = 16_384
  /// Batch events taken in one turn, and batch deliveries unconfirmed beside real-time work.
  static let batchSlice = 64
  /// Real-time events and delivery logs taken in one turn.
  static let turnSlice = 512
  /// Bytes of a body in another notation that count as one of those: it is translated bit by bit.
  static let translatedBytes = 1 << 10
  static let unconfirmedDeliveries = 2_000
  static let unconfirmedStatus = 2_000
  /// Status updates kept in memory; those beyond are read back from the log.
  static let outboxEntries = 16_384
  static let outboxBytes = 16 << 20
  /// Confirmed status updates between two outbox positions in the log.
  static let positionEvery = 4_096
  static let positionAfterNanoseconds: UInt64 = 1_000_000_000
  /// Reads of events that were open at the last stop, at one time.
  static let resumedAtOnce = 512
  static let confirmDeadline: UInt64 = 30_000_000_000
  /// Nothing is kept from the broker longer: see DESIGN "Who consumes".
  static let unacknowledged: UInt64 = 300_000_000_000
  /// Real-time counts as active for so long after its last event.
  static let realtimeActive: UInt64 = 100_000_000
  static let jobRetryMin: UInt64 = 1_000_000_000
  static let jobRetryMax: UInt64 = 30_000_000_000
}
