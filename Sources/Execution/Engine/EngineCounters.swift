/// What a shard engine has done since its start.
package struct EngineCounters: Sendable, Equatable {
  package var messages = 0
  package var accepted = 0
  package var duplicates = 0
  /// Events whose message had another `message_id`, of the producer's library.
  package var otherMessageIDs = 0
  package var parked = 0
  package var deliveriesPublished = 0
  package var deliveriesConfirmed = 0
  package var deliveriesRefused = 0
  package var deliveriesReturned = 0
  package var deliveriesUnconfirmedInTime = 0
  package var retries = 0
  package var expired = 0
  package var notCovered = 0
  package var logsApplied = 0
  /// Logs that changed no status: late, repeated, of an older attempt.
  package var logsKeptAsEvidence = 0
  package var logsRepeated = 0
  /// Logs that asked for an illegal move.
  package var logsRefused = 0
  package var statusPublished = 0
  package var statusConfirmed = 0
  package var statusRefused = 0
  package var receipts = 0
  /// Receipts that the broker did not take.
  package var receiptsGivenUp = 0
  /// Messages that could neither be parked nor written down: the broker dead-letters them.
  package var parkedByBroker = 0
  package var settled = 0
  /// Deliveries that were found without a log in time.
  package var logTimeouts = 0
  /// Failed deliveries that were tried on a fallback channel.
  package var recycled = 0
  package var redriven = 0
  /// Events that were cancelled: pending ones, and failed ones with a fallback to come.
  package var cancelled = 0
  /// Cancels that came before their events.
  package var cancelsRemembered = 0
  /// Cancels of what had been cancelled before.
  package var cancelsRepeated = 0
  /// Cancels that found the delivery out, or the event final.
  package var cancelsTooLate = 0
  /// Messages that were processed alone because the broker had delivered them often.
  package var isolated = 0
  /// How often the wall clock was set by more than a second.
  package var clockJumps = 0
  /// Open events written again so that retention may remove their earlier records.
  package var carried = 0

  package init() {}
}
