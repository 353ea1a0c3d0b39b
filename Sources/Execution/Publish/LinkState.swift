/// One publishing connection as the engine sees it.
struct LinkState {
  var isOpen = false
  var isBlocked = false
  /// Whether it is gone, and not because of one message.
  var isCutOff = false
  /// When it last became able to publish: confirm deadlines count from it at most.
  var usableSince: MonotonicTime = .start
  /// When the broker last confirmed something on it.
  var lastConfirmAt: MonotonicTime = .start
  /// Whether a stall has been noted on it since the last turn.
  var hasStalled = false
  var inFlight = InFlight()
  private var refusals = Refusals()

  var isUsable: Bool { isOpen && !isBlocked }

  mutating func opened(at now: MonotonicTime) {
    assert(inFlight.count == 0, "what was under way was lost with the connection before")
    isOpen = true
    isCutOff = false
    isBlocked = false
    usableSince = now
  }

  mutating func blocked(_ isBlocked: Bool, at now: MonotonicTime) {
    self.isBlocked = isBlocked
    usableSince = now
  }

  /// It is gone. What was unanswered on it, oldest first.
  mutating func closed(_ loss: LinkLoss) -> [PublishToken] {
    isOpen = false
    if case .refusesMessage = loss {} else { isCutOff = true }
    return inFlight.removeAll()
  }

  /// A publish on it was confirmed.
  mutating func confirmed(at now: MonotonicTime) {
    lastConfirmAt = now
    refusals = Refusals()
  }

  /// A publish on it was refused.
  mutating func refused(at now: MonotonicTime) {
    if refusals.since == nil { refusals.since = now }
  }

  /// Whether it has something under way and has confirmed nothing for a while.
  func isStuck(at now: MonotonicTime) -> Bool {
    isUsable && inFlight.count > 0
      && max(lastConfirmAt, usableSince) + EngineLimits.slowAnswer < now
  }

  /// Whether its channel is to be replaced now: RabbitMQ 3.10 goes on refusing on a channel that
  /// has once met a full queue, also when that has room again. Each replacement in a row comes
  /// later; a confirm begins anew. What is under way on it goes out again on the next one, so it
  /// is waited for if it does not take long.
  mutating func takeRenewal(at now: MonotonicTime) -> Bool {
    guard isUsable, let since = refusals.since, since + refusals.pause < now,
      inFlight.count == 0 || since + refusals.pause * 2 < now
    else { return false }
    assert(since <= now, "it was refused before")
    refusals.since = nil
    refusals.pause = min(refusals.pause * 2, EngineLimits.jobRetryMax)
    return true
  }

  /// Refusals that no confirm has followed.
  private struct Refusals {
    /// The first of them on the present channel.
    var since: MonotonicTime?
    var pause = EngineLimits.jobRetryMin
  }
}
