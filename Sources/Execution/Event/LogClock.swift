import Messages

/// When a delivery log counts as having occurred.
struct LogMoment: Equatable {
  var time: Timestamp
  /// Its own time lay in the future: this one is that of its arrival, and a minute.
  var isArrival: Bool
}

/// What a delivery log says that decides about its event.
struct LogClaim: Equatable {
  var attempt: UInt16
  var outcome: Status
  var occurredAt: Timestamp
}

/// Judges the times that delivery logs claim.
///
/// A log's own time orders the logs of an attempt, as long as it can be true. One from the future
/// counts from its arrival: otherwise an engine whose clock is wrong would be right for ever.
struct LogClock {
  var now: Timestamp
  /// What the clock would show had nobody put it back while this process lives.
  var latest: Timestamp
  /// For tests that expect to see the engine fail.
  var breaks: DeliberateBreaks = []

  /// When a log that has not come before counts as having occurred, by the state it finds.
  func moment(of log: LogClaim, after state: EventState) -> LogMoment {
    let ahead = EngineLimits.logAhead
    // While our own clock is behind, for it was put back, what engines say is no future.
    var latest = latest.adding(ahead)
    if !state.futureLogs.decides, state.logOccurredAt > latest {
      // It was put back between two lives: what was believed then is not in the future.
      latest = state.logOccurredAt.adding(ahead)
    }
    guard log.occurredAt > latest, !breaks.contains(.trustsFutureLogs) else {
      return LogMoment(time: log.occurredAt, isArrival: false)
    }
    // It has come after the one that is known.
    return LogMoment(time: max(now.adding(ahead), knownMoment(state)), isArrival: true)
  }

  /// When the log that the status is from counts as having occurred. An arrival that is still to
  /// come is of a clock that was put back since, and beats nothing.
  func knownMoment(_ state: EventState) -> Timestamp {
    let isOfOtherClock =
      state.futureLogs.decides
      && state.logOccurredAt > now.adding(2 * EngineLimits.logAhead)
    return isOfOtherClock ? .earliest : state.logOccurredAt
  }

  /// Whether it is one of the logs from the future that have come for this attempt.
  func isKnown(_ log: LogClaim, _ state: EventState) -> Bool {
    !breaks.contains(.forgetsFutureLogs)
      && state.futureLogs.contains(log.occurredAt, log.outcome)
  }
}

extension EventState {
  /// The log is the one that the attempt's status counts from.
  mutating func note(_ log: LogClaim, at moment: LogMoment) {
    logOccurredAt = moment.time
    futureLogs.decides = moment.isArrival
    if moment.isArrival { futureLogs.add(log.occurredAt, log.outcome) }
  }
}

extension Status {
  /// Which of two logs of the same instant wins.
  var logRank: Int {
    switch self {
    case .deliveryFailed: 3
    case .ignored: 2
    case .sent: 1
    case .pending, .pendingDelivery, .notCovered, .expired: 0
    }
  }
}
