package import EventLog
package import Execution
package import LogSequence
internal import Messages

/// What a shard says of itself, for health, metrics and logs.
package struct ShardStatus: Sendable {
  package enum Phase: String, Sendable {
    case standby, starting, recovering, running, draining, stopped
  }

  package var phase = Phase.starting
  /// Why the queues are not ours at present; nil while they are.
  package var ownership: String? = "has not asked for its lease yet"
  package var counters = EngineCounters()
  package var activeEvents = 0
  package var waitingTimers = 0
  /// Events of a limited batch lane that wait for their turn.
  package var pacedEvents = 0
  package var totals = ShardTotals()
  /// What does not add up; see the log.
  package var mismatches = 0
  package var outboxBacklog = 0
  /// Copies for the parked queue that the broker has not taken: they wait in the log.
  package var parkedCopiesWaiting = 0
  package var eventsToRecover = 0
  package var bufferedLogBytes = 0
  package var indexedEvents = 0
  package var indexBytes = 0
  package var nextLSN: LSN = 1
  package var durableLSN: LSN = 0
  /// No further segment can be prepared: nothing new is taken.
  package var isShortOfSpace = false
  package var segmentsToIndex = 0
  /// Too many segments wait to be indexed: nothing new is taken.
  package var isBehind = false
  /// How long the store's disk takes.
  package var syncTimes = SyncTimes()
  /// What is wrong with stored data, and where; nil as far as is known.
  package var damage: String?
  /// Links by name: whether each is ready.
  package var links: [LinkStatus] = []
  /// The channels whose deliveries no queue took, and when last (monotonic nanoseconds).
  package var lastUnroutableAt: MonotonicTime = .start
  /// What is seen of the queues from outside.
  package var broker = BrokerWatch()
  /// When the shard's loop last finished a turn, monotonic nanoseconds.
  package var lastTurnAt: MonotonicTime = .start

  /// The disk has not confirmed a write for so long that something is wrong with it.
  package var isDiskStalled: Bool { syncTimes.waitingSeconds > 5 }

  /// Whether the store is open.
  package var isOpen: Bool { phase != .standby && phase != .starting }

  package var isReady: Bool {
    phase == .running && ownership == nil && !isShortOfSpace && !isDiskStalled
      && links.allSatisfy { $0.isReady || $0.isOptional }
  }
}

/// One connection to the broker.
package struct LinkStatus: Sendable {
  package var name: String
  package var isReady: Bool
  package var isBlocked: Bool
  /// Whether the service is ready without it: a producer's reply queue must not make it seem ill.
  package var isOptional = false
}
