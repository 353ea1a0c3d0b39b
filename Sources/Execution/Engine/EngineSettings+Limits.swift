extension EngineSettings {
  /// Called at start: the engine's bounds fit each other.
  ///
  /// - Parameter mostPrefetch: of one inlet; what may be configured at most.
  package static func checkLimits(mostPrefetch: Int) {
    typealias Limits = EngineLimits
    precondition(
      2 * mostPrefetch <= Limits.activeEvents,
      "all that the lanes may have unacknowledged can be worked on")
    precondition(
      Limits.batchSlice <= Limits.unconfirmedBatch
        && Limits.unconfirmedBatch <= Limits.unconfirmedDeliveries
        && Limits.unconfirmedDeliveries <= Limits.activeEvents,
      "what is unconfirmed is a part of what is worked on")
    precondition(
      Limits.batchSlice <= Limits.turnSlice, "a turn takes more real-time than batch events")
    precondition(
      Limits.slowAnswer < Limits.confirmDeadline,
      "a slow answer comes before it is given up")
    precondition(
      Limits.parkingDeadline < Limits.confirmDeadline,
      "a copy is in the log before anything else is given up")
    precondition(
      Limits.receiptsWaiting <= Limits.receiptBurst
        && Limits.answering < Limits.receiptDeadline,
      "a connection is known to answer before its receipts are given up")
    precondition(
      UnacknowledgedTimes.fit(),
      "what is not confirmed is given up before its message is, and that within ten minutes")
    precondition(
      Limits.probePauseMin <= Limits.probePauseMax && Limits.jobRetryMin <= Limits.jobRetryMax
        && Limits.blamedRetryMin <= Limits.blamedRetryMax,
      "pauses grow")
  }
}
