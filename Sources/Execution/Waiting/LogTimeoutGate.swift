/// Whether log timeouts may fire. What nobody has answered while we were away may be answered in
/// the queue of delivery logs: after a start, and after its consumer was lost, no delivery counts
/// as unanswered until that queue has been empty once and all that was taken from it is applied.
/// A stream of logs that never ends puts it off for ten minutes of consuming at most.
struct LogTimeoutGate {
  private enum State {
    /// For how long logs have been consumed since it was closed.
    case closed(consumed: TimeSpan)
    /// The queue was empty: what was taken before is still to be applied.
    case closing
    case open
  }

  private var state = State.closed(consumed: .none)
  private var seenAt: MonotonicTime = .start

  var isOpen: Bool {
    if case .open = state { return true }
    return false
  }

  mutating func close() {
    state = .closed(consumed: .none)
  }

  mutating func queueIsEmpty() {
    if case .closed = state { state = .closing }
  }

  /// A turn comes.
  ///
  /// - Parameters:
  ///   - isConsuming: whether logs come if there are any.
  ///   - isIdle: whether none of those that have come is left to be taken.
  mutating func advance(to now: MonotonicTime, isConsuming: Bool, isIdle: Bool) {
    // A pause of the process is no time in which anything was consumed.
    let passed = min(now - seenAt, EngineLimits.longTurn)
    seenAt = now
    switch state {
    case .open: return
    case .closing: if isIdle { state = .open }
    case .closed(let consumed):
      guard isConsuming else { return }
      let sum = consumed + passed
      state = sum >= EngineLimits.logTimeoutsHeld ? .open : .closed(consumed: sum)
    }
  }
}
