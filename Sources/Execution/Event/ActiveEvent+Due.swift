import LogSequence
import Messages

/// What becomes of an event whose time has come.
enum DueAction: Equatable {
  /// What came before has made it pointless.
  case nothing
  /// It was cancelled before it came.
  case ignore
  case expire
  /// It is not due yet after all: it is woken again.
  case wait
  /// It goes on. `needsTurn`: as soon as its lane's rate lets it.
  case goOn(needsTurn: Bool)
  /// Its failed delivery goes on to another channel, or stays failed.
  case recycle
}

/// How an event that is due goes on.
enum Drive: Equatable {
  /// Its delivery is rendered and published.
  case deliver
  /// The same delivery is published once more.
  case republish
  /// Another channel is tried.
  case recycle
}

extension ActiveEvent {
  /// Its time has come.
  ///
  /// - Parameters:
  ///   - isTimeUp: whether its wait is over.
  ///   - isPaced: whether it has had its turn in the rate of its lane.
  mutating func due(at now: Timestamp, isTimeUp: Bool, isPaced: Bool) -> DueAction {
    guard isAtRest, state.isDriven else { return .nothing }
    if state.isCancelled, state.status == .pending { return .ignore }
    if state.hasExpired(at: now) {
      return state.status == .deliveryFailed ? .recycle : .expire
    }
    guard isTimeUp else { return .wait }
    if state.dueAt > now { state.dueAt = now }
    return .goOn(needsTurn: !isPaced && !state.dueAt.isNone)
  }

  var drive: Drive {
    switch state.status {
    case .pendingDelivery: .republish
    case .deliveryFailed: .recycle
    case .pending, .sent, .ignored, .notCovered, .expired: .deliver
    }
  }
}

/// What becomes of a delivery that nobody has answered.
enum LogTimeoutAction: Equatable {
  /// The event has moved on, or is about to.
  case nothing
  /// It is being published again already, when its own time comes.
  case forget
  case republish
  /// It was published as often as may be.
  case expire
}

extension ActiveEvent {
  /// No log has come in time since the record with this LSN.
  ///
  /// - Parameter retries: how often a delivery is published again.
  func logTimeout(lsn: LSN, retries: Int) -> LogTimeoutAction {
    guard state.status == .pendingDelivery, lastLSN == lsn, isAtRest else { return .nothing }
    guard state.dueAt.isNone else { return .forget }
    return Int(state.logTimeouts) < retries ? .republish : .expire
  }
}

/// What follows from a confirm.
enum ConfirmAction: Equatable {
  /// The delivery was returned before: it has reached nobody.
  case retry(TransitionReason)
  /// The event is `pending-delivery` from now on.
  case deliver
  /// It was so already: the time for a log begins again.
  case republish
}

extension ActiveEvent {
  /// The broker has confirmed its delivery.
  func confirmed() -> ConfirmAction {
    if let reason = published?.returnReason { return .retry(reason) }
    return state.status == .pendingDelivery ? .republish : .deliver
  }
}

/// What becomes of an event that has no input to handle.
enum IdleAction: Equatable {
  /// Something of it is under way.
  case keep
  /// It was open at the last stop, and recovery has not come to it.
  case driveOn
  /// It leaves the working set.
  case leave
}

extension ActiveEvent {
  var idleAction: IdleAction {
    guard isAtRest, inputs.isEmpty else { return .keep }
    return state.isToBeDelivered ? .driveOn : .leave
  }
}

/// What the next try of a delivery waits for.
enum RetryWait {
  /// The pause that its failures make.
  case pause
  /// That its queue answers.
  case answer
  /// That those over which the broker closes its queue's connection are found.
  case search
}
