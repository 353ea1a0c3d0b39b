/// Gathers settled deliveries of one channel into few acknowledgements.
///
/// Everything below the lowest unsettled delivery is acknowledged by one `multiple`. What is
/// settled above it waits a moment for the hole to close; when it does not, it is acknowledged
/// singly, so that one slow message does not use up the prefetch.
struct AckCoalescer {
  /// One acknowledgement to send.
  struct Ack: Equatable {
    let deliveryTag: UInt64
    let isMultiple: Bool
  }

  private enum Mark: UInt8 {
    case open
    case settled
    /// The broker has been told: acknowledged singly, or rejected.
    case told
  }

  /// Marks by tag, modulo the (power of two) size, from `low` to `highest`.
  private var marks: [Mark]
  private(set) var low: UInt64 = 1
  private(set) var highest: UInt64 = 0
  /// Settled, and the broker does not know.
  private(set) var pending = 0
  /// When settled deliveries were first seen above the hole at `low`.
  private(set) var holeSince: UInt64?

  init(capacity: Int = 1024) {
    var size = 16
    while size < capacity { size *= 2 }
    marks = Array(repeating: .open, count: size)
  }

  /// Deliveries that are not settled.
  var openCount: Int { Int(highest + 1 - low) - (toldOrSettled) }
  private var toldOrSettled = 0

  /// Notes a delivery. Tags count up by one; anything else is a protocol error (false).
  mutating func delivered(_ tag: UInt64) -> Bool {
    guard tag == highest + 1 else { return false }
    if tag - low >= UInt64(marks.count) { grow() }
    highest = tag
    marks[slot(tag)] = .open
    return true
  }

  /// Marks a delivery as settled. False when it is unknown or was settled before.
  @discardableResult
  mutating func settle(_ tag: UInt64) -> Bool {
    guard mark(tag, .settled) else { return false }
    pending += 1
    return true
  }

  /// Marks a delivery that is rejected at once. False when it is unknown or was settled before.
  mutating func reject(_ tag: UInt64) -> Bool {
    mark(tag, .told)
  }

  /// What to acknowledge now. At `now` (nanoseconds) a hole older than `holeNanoseconds` is no
  /// longer waited for; with 0 none is.
  mutating func flush(now: UInt64, holeNanoseconds: UInt64, into acks: inout [Ack]) {
    guard pending > 0 else {
      advance()
      return
    }
    let start = low
    var last: UInt64 = 0
    var newlyTold = 0
    while low <= highest, marks[slot(low)] != .open {
      // A `multiple` must name a tag that the broker still holds: never one told before.
      if marks[slot(low)] == .settled {
        last = low
        newlyTold += 1
      }
      toldOrSettled -= 1
      low += 1
    }
    if low != start { holeSince = nil }
    if last != 0 {
      acks.append(Ack(deliveryTag: last, isMultiple: newlyTold > 1))
      pending -= newlyTold
    }
    guard pending > 0 else {
      holeSince = nil
      return
    }
    let since = holeSince ?? now
    holeSince = since
    if now &- since >= holeNanoseconds { tellSingly(into: &acks) }
  }

  private mutating func tellSingly(into acks: inout [Ack]) {
    var tag = low + 1
    while pending > 0, tag <= highest {
      if marks[slot(tag)] == .settled {
        acks.append(Ack(deliveryTag: tag, isMultiple: false))
        marks[slot(tag)] = .told
        pending -= 1
      }
      tag += 1
    }
  }

  private mutating func advance() {
    while low <= highest, marks[slot(low)] == .told {
      toldOrSettled -= 1
      low += 1
      holeSince = nil
    }
  }

  private mutating func mark(_ tag: UInt64, _ mark: Mark) -> Bool {
    guard tag >= low, tag <= highest, marks[slot(tag)] == .open else { return false }
    marks[slot(tag)] = mark
    toldOrSettled += 1
    return true
  }

  private func slot(_ tag: UInt64) -> Int {
    Int(truncatingIfNeeded: tag) & (marks.count - 1)
  }

  private mutating func grow() {
    var bigger: [Mark] = Array(repeating: .open, count: marks.count * 2)
    for tag in low...highest {
      bigger[Int(truncatingIfNeeded: tag) & (bigger.count - 1)] = marks[slot(tag)]
    }
    marks = bigger
  }
}
