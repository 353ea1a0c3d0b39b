package import Messages

/// What a shard engine is told at its start.
package struct EngineSettings: Sendable {
  package var shard: ShardNumber
  /// Of exchanges and queues; a `reply_to` below it is refused.
  package var prefix: String
  /// Of the program, for parked messages.
  package var version: String
  /// With more than one the broker chooses an event's shard by its `message_id`, which must then be
  /// the event's id.
  package var shardCount = 1
  /// An event's body may have so many bytes.
  package var maxEventBytes = 1 << 20
  /// The payload of one record of the log may have so many.
  package var maxPayloadBytes = (2 << 20) - 2_048
  /// Messages of each lane that may be unacknowledged at one time.
  package var realtimePrefetch = 1_000
  package var batchPrefetch = 1_000
  package var giveUpSeconds: Int64 = 86_400
  package var retryMinSeconds: Int64 = 1
  package var retryMaxSeconds: Int64 = 300
  /// A delivery without any log for so long is published again, or given up.
  package var logTimeoutSeconds: Int64 = 86_400
  /// How often it is published again.
  package var logTimeoutRetries = 1
  /// Deliveries of the batch lane in a second, after acceptance. Zero: as fast as it goes.
  package var batchMaxPerSecond = 0
  /// Bytes of messages, bodies and deliveries that are held in memory: see `HeldBytes`.
  package var heldBytes = mostHeldBytes
  /// For tests that expect to see the engine fail.
  package var breaks: DeliberateBreaks = []
  /// The statuses that are published; a passing `pending` is not, unless `publishesAll`.
  package var publishedStatuses: Set<Status> = Set(Status.allCases)
  package var publishesPassingPending = false
  /// Of the backoff's jitter.
  package var seed: UInt64 = 0

  package static let mostHeldBytes = 192 << 20

  package init(shard: ShardNumber, prefix: String, version: String) {
    self.shard = shard
    self.prefix = prefix
    self.version = version
  }
}

/// One moment on both clocks. The engine reads none itself.
package struct Instant: Sendable, Equatable {
  package var wall: Timestamp
  package var monotonic: MonotonicTime

  package init(wall: Timestamp, monotonic: MonotonicTime) {
    self.wall = wall
    self.monotonic = monotonic
  }
}

/// The engine's bounds.
enum EngineLimits {
  /// Events that are being worked on at one time. Delivery logs, which end what is under way, may
  /// fill all of it; the lanes and the background leave room for what is more urgent.
  static let activeEvents = 16_384
  static let activeRealtime = activeEvents - 1_024
  static let activeBatch = activeEvents * 3 / 4
  static let activeInBackground = activeBatch + 1_024
  /// Events that are driven on in the background at one time, whatever drives them.
  static let backgroundEvents = 512
  /// Redrives that were asked for and have not begun.
  static let waitingRedrives = 4_096
  /// Cancels that a person has asked for and that have not begun.
  static let waitingCancels = 4_096
  /// Elements of one message. So many of them that are events or logs fit no message: each has more
  /// than 32 bytes.
  static let elements = MessageLimits.messageBytes / 32
  /// Reads of records under way at one time: see `ReadsUnderWay`.
  static let readsForLogs = 512
  static let readsForRealtime = 128
  static let readsForOthers = 64
  /// The slices of a turn, in units of `WorkBudget`: nanoseconds, about.
  static let urgentWork = 4_000_000
  static let batchWork = 2_000_000
  static let backgroundWork = 2_000_000
  /// Beside real-time events, batch and background get this part of the time each, and in a turn
  /// at least so much work.
  static let bulkPart: UInt64 = 2
  static let leastWork = 30_000
  /// Batch events taken in one turn, and batch deliveries unconfirmed beside real-time work.
  static let batchSlice = 64
  /// Bytes of batch deliveries of one queue that are unconfirmed beside real-time work, about.
  static let batchBytes = 512 << 10
  /// Real-time events and delivery logs taken in one turn.
  static let turnSlice = 512
  /// Bytes of a body in another notation that count as one of those: it is translated bit by bit.
  static let translatedBytes = 1 << 10
  /// Bytes of a compressed body, in or out, that count as one of those.
  static let unpackedBytes = 16 << 10
  static let unconfirmedDeliveries = 2_000
  /// Batch deliveries unconfirmed while real-time is idle: the first real-time event behind them
  /// waits until the broker has worked them off.
  static let unconfirmedBatch = 512
  static let unconfirmedStatus = 2_000
  /// Status updates kept in memory; those beyond are read back from the log.
  static let outboxEntries = 16_384
  static let outboxBytes = 16 << 20
  /// Updates that are published or wait for another one of their event.
  static let outboxLooked = 16_384
  /// Confirmed status updates between two outbox positions in the log.
  static let positionEvery = 4_096
  static let positionAfter: TimeSpan = .seconds(1)
  /// Deliveries without a log that are looked after at one time.
  static let logTimeoutsAtOnce = 512
  /// Log timeouts wait for an empty queue of delivery logs, but no longer than so much consuming.
  static let logTimeoutsHeld: TimeSpan = .minutes(10)
  /// A delivery log counts as having occurred no later than so long after it came.
  static let logAhead: Int64 = 60_000_000_000
  static let confirmDeadline: TimeSpan = .seconds(30)
  /// A refusal after so long means that the broker stood still meanwhile.
  static let slowAnswer: TimeSpan = .seconds(5)
  /// A turn that comes later than this after the one before was held up.
  static let longTurn: TimeSpan = .seconds(2)
  /// Between probes of a queue that does not confirm.
  static let probePauseMin: TimeSpan = .seconds(1)
  static let probePauseMax: TimeSpan = .minutes(1)
  /// Real-time counts as active for so long after its last event.
  static let realtimeActive: TimeSpan = .milliseconds(100)
  /// A message that the broker has delivered so often before is processed alone.
  static let suspectDeliveries: UInt32 = 5
  /// No message is processed alone for longer, and what is at hand when it is to be gets as much to
  /// be finished: what keeps it then is not the process dying.
  static let suspectAlone: TimeSpan = .seconds(1)
  /// So long an answer of the broker's is waited for when all of a suspect's records are durable.
  static let suspectAnswer: TimeSpan = .milliseconds(100)
  /// How long only suspects are taken at one time; other messages flow for as long in between.
  static let isolation: TimeSpan = .seconds(2)
  /// A turn counts as no longer than this: what held it up took nothing of those times.
  static let suspectTurn: TimeSpan = .milliseconds(100)
  /// Deliveries of a limited batch lane may catch up so much time.
  static let paceBurst: TimeSpan = .milliseconds(100)
  /// Receipts that may wait for a connection that does not answer, for how long, and how often
  /// each is published.
  static let receiptsWaiting = 256
  static let receiptDeadline: TimeSpan = .seconds(10)
  static let receiptTries = 3
  /// Receipts that may wait while it answers: an array of events asks for many at once.
  static let receiptBurst = 16_384
  /// A connection answers if it has within so much time.
  static let answering: TimeSpan = .seconds(1)
  /// Queues that get no receipts since one of them ended the connection, and for how long.
  static let barredQueues = 64
  static let barredFor: TimeSpan = .minutes(1)
  /// A message waits for its copy to be parked so long; then the copy goes to the log.
  static let parkingDeadline: TimeSpan = .seconds(3)
  /// The same for a while after the broker has not taken one in time: a parked queue that takes one
  /// now and then holds a lane up no longer than one that takes none.
  static let parkingDeadlineInTrouble: TimeSpan = .milliseconds(250)
  static let parkingTrouble: TimeSpan = .seconds(30)
  /// The same while the broker confirms one copy after the other.
  static let parkingFlood: TimeSpan = .seconds(30)
  /// Parked copies read back from the log at one time, and bytes of them.
  static let parkedReads = 64
  static let parkedReadBytes = 8 << 20
  /// Between two tries of a copy over which the broker closes the connection.
  static let blamedRetryMin: TimeSpan = .minutes(1)
  static let blamedRetryMax: TimeSpan = .minutes(60)
  /// Deliveries that are known to end the connection, of one queue.
  static let rememberedCulprits = 1_024
  /// The broker's largest body is not tried again for so long.
  static let limitKnown: TimeSpan = .minutes(1)
  /// A delivery queue that has confirmed nothing for so long, beside others of its lane, keeps no
  /// more than its share of what the lane may have unacknowledged.
  static let quiet: TimeSpan = .milliseconds(250)
  /// How long a drain waits for status updates and receipts.
  static let drainPatience: TimeSpan = .seconds(5)
  static let jobRetryMin: TimeSpan = .seconds(1)
  static let jobRetryMax: TimeSpan = .seconds(30)
}
