/// What a simulated shard is held to. Each has a name, so that a test can say which one is to
/// fail. The numbers are those of the guarantees in deploy/handbook/guarantees.md.
package enum SimulationCheck: String, Sendable, CaseIterable {
  /// 1: an acknowledged message's events are durable, or parked.
  case acknowledged
  /// 1: what it led to is confirmed, or waits durably.
  case confirmedFirst
  /// 1: an acknowledged delivery log is in the event's record, or parked.
  case logRecorded
  /// 1: a message is acknowledged once, on the channel that it came by.
  case acknowledgedOnce
  /// 1: what counts as delivered is at the broker.
  case delivered
  /// 2: a delivery is published after its record is durable.
  case publishedDurable
  /// 2: a status update is published after its record is durable.
  case updateDurable
  /// 3: nothing is lost, and every event comes to its end.
  case final
  /// 3: everything comes to rest.
  case rest
  /// 4: a delivery is published again for a reason only.
  case againForReason
  /// 4: always with the same content.
  case sameContent
  /// No delivery leaves before its time.
  case inTime
  /// 5: subscribers see every update, in order.
  case updates
  /// 5: one unconfirmed update of an event at a time.
  case oneUpdate
  /// 11: what is in memory is bounded.
  case bounded
  /// 12: a turn takes real-time first, and of batch its slice.
  case realtimeFirst
  /// 13: the order of records does not depend on the wall clock.
  case order
  /// 14: an event that no fault concerns does not wait for one.
  case neighbours
  /// 14: other messages flow again within a bounded time.
  case isolation
  /// Every receipt is confirmed, or counted as given up.
  case receipts
  /// Parked copies arrive, unchanged and with their reason.
  case parkedCopies
  /// The batch lane's rate holds for whatever is due.
  case rate
  /// Nothing of a cancelled event goes out, and a cancel that was answered holds.
  case cancelled
  /// Every move is legal and follows the one before.
  case moves
  /// The log that wins decides.
  case outcome
  /// What the engine counts is there, and whoever waits is remembered: `EngineInvariants`.
  case counted
  /// Totals, answers and whatever else is counted is right.
  case totals
}

/// A rule that did not hold.
package struct Violation: Sendable, CustomStringConvertible {
  package let check: SimulationCheck
  package let text: String

  package var description: String { "[\(check.rawValue)] \(text)" }
}
