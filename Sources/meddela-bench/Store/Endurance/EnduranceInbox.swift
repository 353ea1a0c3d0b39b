internal import EventLog
internal import LogSequence
internal import Synchronization

/// What the log says on its own threads, until the owner's thread takes it.
final class EnduranceInbox: Sendable {
  private struct State {
    var carries: [CarryRequest] = []
    /// Answers that are still to come.
    var asked = 0
    /// Where the outbox goes on, once its read was answered.
    var outbox = LSN.first
    var isOutboxAsked = false
    var answers = 0
    var fault: String?
  }

  private let state = Mutex(State())

  /// Of the range that the outbox reads; points have other tokens.
  static let outboxToken: UInt64 = 1
  /// Of a record by its number, which retention may have removed meanwhile.
  static let recordToken: UInt64 = 2
  /// Of an event that has to be there.
  static let eventToken: UInt64 = 3

  /// `signal`'s, with what this one takes.
  func callbacks(beside signal: DurableSignal) -> EventLogCallbacks {
    var callbacks = signal.callbacks
    let others = callbacks.onRead
    callbacks.onRead = { [self] answers in
      take(answers)
      others(answers)
    }
    callbacks.onCarry = { [self] requests in
      state.withLock { state in
        // Asked again and again until it is done: what there is no room for comes later.
        if state.carries.count < 1 << 14 { state.carries += requests }
      }
    }
    callbacks.onDamage = { [self] damage in note("the log met damage: \(damage)") }
    return callbacks
  }

  private func take(_ answers: [ReadAnswer]) {
    state.withLock { state in
      for answer in answers {
        let isOutbox = answer.token == Self.outboxToken
        if isOutbox { state.isOutboxAsked = false } else { state.asked -= 1 }
        state.answers += 1
        switch answer.outcome {
        case .records(let block):
          if isOutbox { state.outbox = state.outbox.advanced(by: block.count) }
        case .absent where answer.token == Self.eventToken:
          state.fault = state.fault ?? "an event is gone that is open, or younger than retention"
        case .absent: break
        case .failed(let error):
          state.fault = state.fault ?? "a read failed: \(error)"
        }
      }
    }
  }

  func note(_ fault: String) { state.withLock { $0.fault = $0.fault ?? fault } }

  func takeCarries() -> [CarryRequest] {
    state.withLock { state in
      defer { state.carries.removeAll(keepingCapacity: true) }
      return state.carries
    }
  }

  /// Counts `count` more questions; false when too many wait for their answer.
  func mayAsk(_ count: Int) -> Bool {
    state.withLock { state in
      guard state.asked < 1024 else { return false }
      state.asked += count
      return true
    }
  }

  /// From where the outbox is to read now; nil while it waits for an answer.
  func nextOutboxRead() -> LSN? {
    state.withLock { state in
      guard !state.isOutboxAsked else { return nil }
      state.isOutboxAsked = true
      return state.outbox
    }
  }

  /// The outbox has passed every record before this.
  var outbox: LSN { state.withLock { $0.outbox } }

  var answers: Int { state.withLock { $0.answers } }

  /// What must not happen, if it did.
  var fault: String? { state.withLock { $0.fault } }
}
