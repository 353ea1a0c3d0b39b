import DequeModule
import LogSequence
import Messages

/// The events that a start finds open, and how far it has come with them.
struct Recovery {
  /// An open event, as its newest record says.
  struct Found: Equatable {
    var lsn: LSN
    var dueAt: Timestamp
    var expiration: Timestamp
    var wait: EventState.Wait
    /// Waits for its turn in a limited lane once it is due.
    var isPaced: Bool
  }

  /// The first record of this life.
  private(set) var firstLSN: LSN = 1
  private var found: [EventKey: Found] = [:]
  /// Those to be driven on as soon as there is room, and those that are under way.
  private var waiting: Deque<(key: EventKey, lsn: LSN)> = []
  private var underWay: Set<EventKey> = []

  /// Every delivery that was unconfirmed at the last stop is confirmed, or waits durably.
  var isDone: Bool { waiting.isEmpty && underWay.isEmpty }

  /// Events that are still to be driven on.
  var count: Int { waiting.count + underWay.count }

  /// A newer record of an event has been read. `event`: nil when nothing is to be done for it.
  mutating func found(_ key: EventKey, _ event: Found?) { found[key] = event }

  /// All records have been read. The open events, in the order of their records.
  mutating func start(at firstLSN: LSN) -> [(key: EventKey, event: Found)] {
    assert(isDone, "a start comes once")
    self.firstLSN = firstLSN
    // The order is that of the log, whatever the dictionary's.
    let open = found.sorted { $0.value.lsn < $1.value.lsn }
    found = [:]
    return open.map { ($0.key, $0.value) }
  }

  /// The event goes on as soon as there is room.
  mutating func resumeLater(_ key: EventKey, lsn: LSN) { waiting.append((key, lsn)) }

  mutating func next() -> (key: EventKey, lsn: LSN)? { waiting.popFirst() }

  /// The event is in the working set.
  mutating func began(_ key: EventKey) { underWay.insert(key) }

  /// An event has left the working set, whatever had brought it there.
  mutating func ended(_ key: EventKey) {
    if !underWay.isEmpty { underWay.remove(key) }
  }
}
