import Messages

/// What becomes of a cancel.
enum CancelAction: Equatable {
  /// It had been cancelled before, and has this status since.
  case repeated(Status)
  /// Nothing of it has gone out: it is ignored.
  case conclude
  /// It stays failed: no fallback channel is tried.
  case stayFailed
  /// Its delivery is out, or it is final.
  case tooLate(Status)
}

extension ActiveEvent {
  /// A producer or a person wants nothing more of it to go out.
  ///
  /// A delivery whose publish was never answered may be out all the same, when its connection was
  /// lost or the process died. As everywhere, it then counts as not published: the event is
  /// `ignored`, and a delivery log of that attempt still applies.
  mutating func cancel() -> CancelAction {
    if state.isCancelled, state.status == .ignored || state.status == .deliveryFailed {
      return .repeated(state.status)
    }
    switch state.status {
    case .pending where !isPublishing: return .conclude
    case .deliveryFailed where !state.dueAt.isNone:
      state.isCancelled = true
      state.dueAt = .none
      return .stayFailed
    case .pending, .pendingDelivery, .sent, .ignored, .deliveryFailed, .notCovered, .expired:
      return .tooLate(state.status)
    }
  }

  /// A person wants another attempt. Why that cannot be; nil when it can.
  ///
  /// - Parameters:
  ///   - sequence: only if this is still its newest transition; 0: in any case.
  ///   - isResend: the same delivery once more, whatever came of the last.
  func refusal(ofRedrive sequence: UInt32, isResend: Bool, at now: Timestamp) -> RedriveOutcome? {
    if sequence != 0, sequence != state.sequence { return .movedOn }
    guard state.isFinal else { return .alreadyOpen }
    guard isResend || state.status.isRedrivable, state.attempt < .max else {
      return .illegalStatus(state.status)
    }
    return state.hasExpired(at: now) ? .pastExpiration : nil
  }
}
