import DequeModule
import LogSequence
import Messages

/// The cursor over the log that finds deliveries nobody has answered: the log has their order in
/// time already, so none of them takes a timer.
///
/// It reads a stretch of the log, keeps which `pending-delivery` records in it are still their
/// events' newest, and waits at the first of them until that is due. It does not read on before
/// what follows can be due, so it stays one log timeout behind the end of the log, whatever
/// happens there.
///
/// Its times are on the present wall clock: whoever hands one over has put right what was recorded
/// before the clock was set (`WallClock`), and `clockWasSet` puts right those that are here.
struct LogWatch {
  struct Entry {
    /// Of the record since which no log has come.
    var lsn: LSN
    var key: EventKey
    var recordedAt: Timestamp
  }

  /// Found, not due yet, in the order of the log.
  private(set) var entries: Deque<Entry> = []
  /// Handed out: each of these events gets another record soon.
  private(set) var underWay: Deque<Entry> = []
  /// The first record that was not read.
  private var nextLSN: LSN = 1
  /// When the last record before it was made; what follows is not older.
  private var readUntil: Timestamp?
  private var isReading = false

  mutating func start(after position: LSN) {
    nextLSN = position.next
  }

  /// When to look next; nil when there is nothing to look at.
  func next(durable: LSN, timeout: Int64) -> Timestamp? {
    if let first = entries.first { return first.recordedAt.adding(timeout) }
    guard nextLSN <= durable else { return nil }
    return readUntil?.adding(timeout) ?? .earliest
  }

  /// The next record that is due, whoever its event belongs to by now.
  mutating func popDue(at now: Timestamp, timeout: Int64) -> Entry? {
    guard underWay.count < EngineLimits.logTimeoutsAtOnce, let first = entries.first,
      first.recordedAt.adding(timeout) <= now
    else { return nil }
    return entries.removeFirst()
  }

  mutating func handOut(_ entry: Entry) {
    underWay.append(entry)
  }

  /// The event of this record is driven on by something else.
  mutating func forget(_ lsn: LSN) {
    underWay.removeAll { $0.lsn == lsn }
  }

  /// Where to read on, if it is time to and no read is under way; it is then.
  mutating func wantsRead(durable: LSN, now: Timestamp, timeout: Int64) -> LSN? {
    guard !isReading, entries.isEmpty, nextLSN <= durable else { return nil }
    if let readUntil, readUntil.adding(timeout) > now { return nil }
    isReading = true
    assert(nextLSN > 0, "LSNs begin with 1")
    return nextLSN
  }

  /// Takes a record that a read has brought. A time that is still to come was recorded while the
  /// clock was wrong, in an earlier life: its wait begins now.
  mutating func add(_ entry: Entry, at now: Timestamp) {
    assert((entries.last?.lsn ?? 0) < entry.lsn, "a read brings records in LSN order")
    assert(entry.lsn >= nextLSN, "nothing is read twice")
    var entry = entry
    entry.recordedAt = min(entry.recordedAt, now)
    entries.append(entry)
  }

  /// A read has brought all records below `next`, the last of them made at `time`.
  mutating func didRead(below next: LSN, until time: Timestamp?, at now: Timestamp) {
    assert(isReading, "what comes was asked for")
    isReading = false
    nextLSN = max(nextLSN, next)
    if let time { readUntil = min(time, now) }
  }

  /// The wall clock was put forward by so many nanoseconds, or back: each wait stays as long as it
  /// was.
  mutating func clockWasSet(by nanoseconds: Int64) {
    for index in entries.indices {
      entries[index].recordedAt = entries[index].recordedAt.adding(nanoseconds)
    }
    readUntil = readUntil?.adding(nanoseconds)
  }

  /// Everything up to this LSN is answered or has a newer record.
  mutating func position(isNewest: (LSN, EventKey) -> Bool) -> LSN {
    while let first = underWay.first, !isNewest(first.lsn, first.key) { underWay.removeFirst() }
    // A record that is no longer its event's newest must not keep retention from going on.
    while let first = entries.first, !isNewest(first.lsn, first.key) { entries.removeFirst() }
    var lowest = nextLSN
    if let first = entries.first { lowest = min(lowest, first.lsn) }
    if let first = underWay.first { lowest = min(lowest, first.lsn) }
    assert(lowest > 0, "LSNs begin with 1")
    return lowest.previous
  }
}

extension Timestamp {
  /// - Parameter nanoseconds: bounded by what settings take, a year: nothing overflows.
  func adding(_ nanoseconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: self.nanoseconds &+ nanoseconds)
  }
}
