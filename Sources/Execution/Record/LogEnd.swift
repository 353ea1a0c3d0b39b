import DequeModule
import LogSequence

/// The end of the event log as the engine sees it: what it has appended, what of that is durable,
/// and which events wait for that.
struct LogEnd {
  typealias Event = WorkingSet.Reference

  /// Of the next record.
  private(set) var nextLSN: LSN = 1
  private(set) var durableLSN: LSN = 0
  /// Events whose newest record is not durable yet, in LSN order.
  private var waiting: Deque<(lsn: LSN, event: Event)> = []

  /// Events whose newest record is not durable yet, in the order of those.
  var waitingEvents: [Event] { waiting.map(\.event) }

  /// Whether nobody waits.
  var isIdle: Bool { waiting.isEmpty }

  /// The LSN of a record that is appended now.
  mutating func advance() -> LSN {
    assert(nextLSN > durableLSN, "what is durable was appended")
    defer { nextLSN = nextLSN.next }
    return nextLSN
  }

  /// An event waits until its newest record, the one with this LSN, is durable.
  mutating func wait(_ event: Event, for lsn: LSN) {
    assert(lsn > 0 && lsn < nextLSN, "only what is appended is waited for")
    assert((waiting.last?.lsn ?? 0) <= lsn, "events wait in LSN order")
    waiting.append((lsn, event))
  }

  /// All records up to this LSN are durable.
  mutating func isDurable(upTo lsn: LSN) {
    precondition(lsn >= durableLSN && lsn < nextLSN, "durability only grows, up to what exists")
    durableLSN = lsn
  }

  /// The next event whose record is durable by now.
  mutating func popDurable() -> Event? {
    guard let first = waiting.first, first.lsn <= durableLSN else { return nil }
    waiting.removeFirst()
    return first.event
  }

  /// Recovery has come to this record.
  mutating func recovered(_ lsn: LSN) {
    assert(lsn >= nextLSN, "recovery reads in LSN order")
    assert(waiting.isEmpty, "recovery comes before everything else")
    nextLSN = lsn.next
    durableLSN = lsn
  }

  /// Recovery is done: the next record gets this LSN.
  mutating func start(at next: LSN) {
    precondition(next >= nextLSN, "the log's next LSN is behind all its records")
    nextLSN = next
    durableLSN = next.previous
  }
}
