/// Ways to build the engine wrong on purpose, so that a test can show that the simulator would
/// notice. A release build has none of them: `isBroken` is then a constant.
package struct DeliberateBreaks: OptionSet, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Whether this build has them.
  package static var areBuilt: Bool {
    #if DEBUG
      return true
    #else
      return false
    #endif
  }

  /// A message is acknowledged when its event's record is appended, not when it is durable.
  package static let settlesBeforeDurable = DeliberateBreaks(rawValue: 1 << 0)
  /// A message is acknowledged when its delivery is published, not when it is confirmed.
  package static let settlesBeforeConfirm = DeliberateBreaks(rawValue: 1 << 1)
  /// A delivery log is acknowledged when its record is appended.
  package static let settlesLogsAtOnce = DeliberateBreaks(rawValue: 1 << 2)
  /// A message is acknowledged on the channel that is open by now, with the tag of its own.
  package static let settlesOnPresentChannel = DeliberateBreaks(rawValue: 1 << 3)
  /// A delivery leaves when its event's record is appended.
  package static let publishesBeforeDurable = DeliberateBreaks(rawValue: 1 << 4)
  /// A confirm is taken for the oldest publish, whichever it names.
  package static let countsConfirms = DeliberateBreaks(rawValue: 1 << 5)
  /// Recovery sets no timers.
  package static let losesTimersAtRestart = DeliberateBreaks(rawValue: 1 << 6)
  /// Ids that only the log knows count as new.
  package static let losesDuplicatesAtRestart = DeliberateBreaks(rawValue: 1 << 7)
  /// The last log to arrive wins, whenever it occurred.
  package static let appliesLogsAsTheyCome = DeliberateBreaks(rawValue: 1 << 8)
  /// Recovery begins the log watch at the log's end.
  package static let losesLogWatchAtRestart = DeliberateBreaks(rawValue: 1 << 9)
  /// The process dies of an event of type `test.poison`: no rule is broken, the rules about
  /// messages that kill are put to the test.
  package static let diesOfPoison = DeliberateBreaks(rawValue: 1 << 10)
  /// What is unconfirmed is published again when the broker lets us on.
  package static let publishesAgainUnasked = DeliberateBreaks(rawValue: 1 << 11)
  /// An event is rendered with the template that matches by now, not with its own.
  package static let rendersAnew = DeliberateBreaks(rawValue: 1 << 12)
  /// The outbox's position is that of what is durable, not of what is confirmed.
  package static let skipsUpdatesAtRestart = DeliberateBreaks(rawValue: 1 << 13)
  /// Updates of one event are published side by side.
  package static let publishesUpdatesTogether = DeliberateBreaks(rawValue: 1 << 14)
  /// Messages are received however much is in memory.
  package static let receivesWithoutBound = DeliberateBreaks(rawValue: 1 << 15)
  /// A turn takes all of the batch lane before anything else.
  package static let takesBatchFirst = DeliberateBreaks(rawValue: 1 << 16)
  /// A try after a refusal is due by the wall clock.
  package static let waitsByTheWallClock = DeliberateBreaks(rawValue: 1 << 17)
  /// A message waits for its copy to be parked, however long that takes.
  package static let waitsForParkedCopies = DeliberateBreaks(rawValue: 1 << 18)
  /// A queue that confirms nothing keeps what it has of the window.
  package static let keepsQuietQueues = DeliberateBreaks(rawValue: 1 << 19)
  /// A suspect is processed alone until it is settled.
  package static let isolatesForEver = DeliberateBreaks(rawValue: 1 << 20)
  /// Receipts that are given up are not counted.
  package static let losesReceipts = DeliberateBreaks(rawValue: 1 << 21)
  /// A parked copy that comes back from the log has lost its reason.
  package static let altersStoredCopies = DeliberateBreaks(rawValue: 1 << 22)
  /// What is driven on takes no turn in the rate of its lane.
  package static let driveOnIgnoresRate = DeliberateBreaks(rawValue: 1 << 23)
  /// A delivery that waits for its connection goes out although its event is cancelled.
  package static let publishesCancelled = DeliberateBreaks(rawValue: 1 << 24)
  /// A cancel that came before its event holds only until the next start.
  package static let forgetsCancelsAtRestart = DeliberateBreaks(rawValue: 1 << 25)
  /// A delivery log has occurred when it says so, whatever the clock says.
  package static let trustsFutureLogs = DeliberateBreaks(rawValue: 1 << 26)
  /// A log from the future that comes again counts as new.
  package static let forgetsFutureLogs = DeliberateBreaks(rawValue: 1 << 27)
  /// An event of the background that has ended still counts as under way.
  package static let countsEndedEvents = DeliberateBreaks(rawValue: 1 << 28)
}
