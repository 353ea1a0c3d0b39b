import DequeModule
import LogSequence

/// The events of one delivery queue over whose delivery the broker has closed the connection. Each
/// try may close it again, and what the queue has beside it waits for another one. So they wait
/// durably and take turns: one goes alone, the less often the longer none gets through.
struct Culprits {
  private var known: Set<EventKey> = []
  /// Those that wait for their turn, with their newest records.
  private var waiting: Deque<(key: EventKey, lsn: LSN)> = []
  /// When the next one may go, and how long after it the one behind it.
  private var nextTryAt: MonotonicTime = .start
  private var pause = EngineLimits.probePauseMin

  var waitingEvents: Int { waiting.count }

  /// When `popDue` next has something.
  var next: MonotonicTime? { waiting.isEmpty ? nil : nextTryAt }

  func contains(_ key: EventKey) -> Bool { !known.isEmpty && known.contains(key) }

  /// The broker has closed the connection over this one.
  mutating func blame(_ key: EventKey, at now: MonotonicTime) {
    if known.contains(key) {
      pause = min(pause * 2, EngineLimits.probePauseMax)
      nextTryAt = now + pause
      return
    }
    // A start forgets them too: then they are found once more.
    if known.count >= EngineLimits.rememberedCulprits { known.removeAll() }
    known.insert(key)
    if waiting.isEmpty { nextTryAt = now + pause }
  }

  /// The broker has taken it after all: it may take the others, too.
  mutating func acquit(_ key: EventKey) {
    guard !known.isEmpty, known.remove(key) != nil else { return }
    pause = EngineLimits.probePauseMin
    nextTryAt = .start
  }

  /// Keeps one until its turn comes.
  mutating func wait(_ key: EventKey, lsn: LSN) {
    waiting.append((key, lsn))
  }

  /// The next one, if it is time for one: none of which something else has come since.
  mutating func popDue(
    at now: MonotonicTime, isNewest: (LSN, EventKey) -> Bool
  ) -> (key: EventKey, lsn: LSN)? {
    guard !waiting.isEmpty, nextTryAt <= now else { return nil }
    while let first = waiting.popFirst() {
      guard isNewest(first.lsn, first.key) else { continue }
      nextTryAt = now + pause
      return first
    }
    return nil
  }
}
