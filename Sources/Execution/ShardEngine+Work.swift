import DequeModule
import Messages

// What a turn may do, and for whom there is room.
extension ShardEngine {
  /// Whether a table may take another element from an inlet: batch leaves room for real-time, and
  /// both for delivery logs.
  func hasRoom(for inlet: Inlet) -> Bool {
    let limit =
      switch inlet {
      case .batch: EngineLimits.activeBatch
      case .realtime: EngineLimits.activeRealtime
      case .deliveryLogs: EngineLimits.activeEvents
      }
    return events.count < limit && parking.count < limit && held.mayTake(inlet)
      && reads.hasRoom(WorkBudget.Share(inlet))
  }

  /// Whom the inputs of an event are worked on for.
  func share(of event: Int32) -> WorkBudget.Share {
    if events[event].isBackground { return .background }
    switch events[event].inputs.first {
    case .log: return .logs
    case .event(let message, _), .cancel(let message, _):
      return WorkBudget.Share(messages[message].message.inlet)
    case .cancelOrder: return .background
    case .due, .retry, .carry, .carryFinal, .logTimeout, .paced, .redrive, nil:
      return events[event].state.lane == .batch ? .batch : .realtime
    }
  }

  /// The turn's work is used up: the next turns go on with the event's inputs.
  func postpone(_ event: Int32, _ share: WorkBudget.Share) {
    guard !events[event].isPostponed else { return }
    events[event].isPostponed = true
    postponed.add(events.reference(event), share)
  }

  func resumePostponed(_ share: WorkBudget.Share) {
    while !work.isSpent(share), let event = postponed.next(share) {
      guard events.contains(event) else { continue }
      events[event.slot].isPostponed = false
      drainInputs(event.slot)
    }
  }

  /// Counts bytes that only this event keeps in memory, until it leaves the working set.
  func hold(_ bytes: Int, for event: Int32) {
    held.hold(bytes)
    events[event].heldBytes += bytes
  }

  /// The same for what an open message grows by.
  func hold(_ bytes: Int, forMessage message: Int32) {
    held.hold(bytes)
    messages[message].heldBytes += bytes
  }
}

extension WorkBudget.Share {
  init(_ inlet: Inlet) {
    switch inlet {
    case .deliveryLogs: self = .logs
    case .realtime: self = .realtime
    case .batch: self = .batch
    }
  }
}
