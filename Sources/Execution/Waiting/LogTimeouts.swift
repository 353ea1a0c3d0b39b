import LogSequence
import Messages

/// Finds the deliveries that nobody has answered in time: `LogWatch` goes through the log for them,
/// and `LogTimeoutGate` says whether they count.
struct LogTimeouts {
  private var watch = LogWatch()
  private var gate = LogTimeoutGate()
  /// In nanoseconds.
  private let timeout: Int64
  /// Whether delivery logs come if there are any.
  var isConsuming = true

  init(timeoutSeconds: Int64) {
    precondition(timeoutSeconds > 0, "nobody answers at once")
    timeout = timeoutSeconds * 1_000_000_000
  }

  /// Whether deliveries without a log may be found, or the queue of logs is still to be emptied.
  var isOpen: Bool { gate.isOpen }

  /// Recovery is done.
  mutating func start(after position: LSN) { watch.start(after: position) }

  /// The consumer of delivery logs was lost: what has been answered may wait in their queue.
  mutating func consumerLost() { gate.close() }

  /// The queue of delivery logs was seen with nothing in it.
  mutating func queueIsEmpty() { gate.queueIsEmpty() }

  /// A turn comes. Where to read the log on, if that is due.
  ///
  /// - Parameters:
  ///   - isIdle: whether no delivery log that has come is left to be taken.
  ///   - isNewest: whether a record is still its event's newest.
  mutating func advance(
    to now: Instant, durable: LSN, isIdle: Bool, isNewest: (LSN, EventKey) -> Bool
  ) -> LSN? {
    gate.advance(to: now.monotonic, isConsuming: isConsuming, isIdle: isIdle)
    if watch.underWay.count >= EngineLimits.logTimeoutsAtOnce {
      _ = watch.position(isNewest: isNewest)
    }
    return watch.wantsRead(durable: durable, now: now.wall, timeout: timeout)
  }

  /// Takes a record that a read has brought. Its time is on the present wall clock.
  mutating func add(_ entry: LogWatch.Entry, at now: Timestamp) { watch.add(entry, at: now) }

  /// A read has brought all records below `next`, the last of them made at `time`.
  mutating func didRead(below next: LSN, until time: Timestamp?, at now: Timestamp) {
    watch.didRead(below: next, until: time, at: now)
  }

  /// When a delivery without a log is next looked for.
  func next(durable: LSN) -> Timestamp? { watch.next(durable: durable, timeout: timeout) }

  /// The next delivery that is due, whoever its event belongs to by now.
  mutating func popDue(at now: Timestamp) -> LogWatch.Entry? {
    gate.isOpen ? watch.popDue(at: now, timeout: timeout) : nil
  }

  /// The event of this record is asked now.
  mutating func handOut(_ entry: LogWatch.Entry) { watch.handOut(entry) }

  /// The event of this record is driven on by something else.
  mutating func forget(_ lsn: LSN) { watch.forget(lsn) }

  /// Everything up to this LSN is answered or has a newer record.
  mutating func position(isNewest: (LSN, EventKey) -> Bool) -> LSN {
    watch.position(isNewest: isNewest)
  }

  /// The wall clock was put forward by so many nanoseconds, or back.
  mutating func clockWasSet(by nanoseconds: Int64) { watch.clockWasSet(by: nanoseconds) }
}
