import HeapModule
import LogSequence

/// When which event's next try is due, on the monotonic clock: a wait is a duration, and nobody
/// who sets the wall clock makes it longer or shorter. Schedules and expirations are moments, and
/// stand in `TimerQueue`.
struct RetryQueue {
  struct Retry: Comparable {
    var at: MonotonicTime
    var key: EventKey
    /// The event's record that ordered the try.
    var lsn: LSN

    static func < (a: Retry, b: Retry) -> Bool { (a.at, a.lsn) < (b.at, b.lsn) }
  }

  private var heap = Heap<Retry>()

  var count: Int { heap.count }
  var next: MonotonicTime? { heap.min?.at }

  mutating func add(_ retry: Retry) {
    heap.insert(retry)
  }

  mutating func popDue(at now: MonotonicTime) -> Retry? {
    guard let first = heap.min, first.at <= now else { return nil }
    return heap.removeMin()
  }
}
