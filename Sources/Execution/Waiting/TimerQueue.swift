import HeapModule
import LogSequence
import Messages

/// When which pending event is to be looked at, on the wall clock: schedules and expirations are
/// given in it. A timer that is overtaken by another transition of its event stays until it is
/// due, and then finds that there is nothing to do.
struct TimerQueue {
  struct Timer: Comparable {
    var due: Timestamp
    var key: EventKey
    /// The event's record that set the timer: where to read the event's id and state.
    var lsn: LSN

    static func < (a: Timer, b: Timer) -> Bool {
      (a.due, a.lsn) < (b.due, b.lsn)
    }
  }

  private var heap = Heap<Timer>()

  var count: Int { heap.count }
  var isEmpty: Bool { heap.isEmpty }
  var next: Timestamp? { heap.min?.due }

  mutating func add(_ timer: Timer) {
    heap.insert(timer)
  }

  mutating func popFirst() -> Timer? { heap.popMin() }

  mutating func popDue(at now: Timestamp) -> Timer? {
    guard let first = heap.min, first.due <= now else { return nil }
    return heap.removeMin()
  }
}
