/// What the log says of clocks. Each is said once, when it becomes so.
package enum ClockNotice: Sendable, Equatable {
  /// By the wall clock the store was closed for longer than is believed at once. The time is not
  /// counted before so much more time has passed with the clock as it is, or a person confirms it.
  case waiting(closedSeconds: Int64, confirmedInSeconds: Int64)
  /// The wall clock stands before the time at which the store was last open, by so much. Nothing is
  /// counted.
  case behind(seconds: Int64)
  /// The wall clock was set, and says what is believed: the store was closed for so long.
  case mended(closedSeconds: Int64)
  /// The time that was waited for is counted: time passed, or a person confirmed it.
  case confirmed(closedSeconds: Int64, byPerson: Bool)
  /// A person confirmed a wall clock that had gone back: time is counted from it on.
  case accepted(seconds: Int64)
  /// A confirmation was found that is of another jump than the one that is waited for: it was not
  /// taken.
  case refused(confirmedSeconds: Int64)
  /// A confirmation was found that cannot be read.
  case unreadable(EventLogError)
  /// The wall clock was set while the log was open, forward or back: nothing of that is counted.
  case stepped(seconds: Int64)
  /// CLOCK was damaged or missing: ages come from the times in the records.
  case begunAnew(isDamaged: Bool)
  /// CLOCK cannot be written: what it does not hold at the next start makes records younger.
  case notKept(EventLogError)
  /// It can be written again.
  case kept
}
