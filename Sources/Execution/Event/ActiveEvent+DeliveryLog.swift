import Messages

/// What becomes of a delivery log that has come for an event.
enum LogAction: Equatable {
  /// There has been no such attempt: the log is parked.
  case park
  /// It can be about no delivery of ours: acknowledged and counted.
  case refuse
  /// It says what is known: acknowledged.
  case acknowledge
  /// It changes no status, and is kept as a record.
  case keep
  /// Its outcome is the event's status from now on. `isOvertaking`: its confirm is still to come.
  case move
}

extension ActiveEvent {
  /// Of several logs for the current attempt the later one wins, ties by failed > ignored > sent;
  /// those of older attempts change nothing.
  mutating func apply(_ log: LogClaim, by clock: LogClock) -> LogAction {
    guard log.attempt <= state.attempt else { return .park }
    guard log.attempt == state.attempt else { return .keep }
    let hasTemplate = !facts.range(of: .templateVersion).isEmpty
    switch state.status {
    case .notCovered: return .refuse
    // Nothing was ever published.
    case .pending where !hasTemplate: return .refuse
    case .ignored where state.isCancelled && !hasTemplate: return .refuse
    case .pending, .pendingDelivery, .expired:
      return move(by: log, at: clock.moment(of: log, after: state))
    case .sent, .ignored, .deliveryFailed:
      return applyAnother(log, by: clock)
    }
  }

  /// The status is from a log of the same attempt already.
  private mutating func applyAnother(_ log: LogClaim, by clock: LogClock) -> LogAction {
    if clock.isKnown(log, state) {
      // It counts from when it first came: the status is its own, or of one that beats it.
      return log.outcome == state.status ? .acknowledge : .keep
    }
    let moment = clock.moment(of: log, after: state)
    let known = (clock.knownMoment(state), state.status.logRank)
    let came = (moment.time, log.outcome.logRank)
    if clock.breaks.contains(.appliesLogsAsTheyCome), log.outcome != state.status {
      return move(by: log, at: moment)
    }
    if came == known, !moment.isArrival { return .acknowledge }
    if came <= known {
      if moment.isArrival { state.futureLogs.add(log.occurredAt, log.outcome) }
      return .keep
    }
    guard log.outcome == state.status else { return move(by: log, at: moment) }
    state.note(log, at: moment)
    return .keep
  }

  private mutating func move(by log: LogClaim, at moment: LogMoment) -> LogAction {
    precondition(state.status.canMove(to: log.outcome), "checked by the caller")
    state.note(log, at: moment)
    state.move(to: log.outcome)
    return .move
  }
}
