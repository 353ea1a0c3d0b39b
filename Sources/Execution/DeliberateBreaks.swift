import JSON
import Messages

/// Ways to build the engine wrong on purpose, so that a test can show that the simulator would
/// notice. A release build has none of them: `isBroken` is then a constant.
package struct DeliberateBreaks: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
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
  package static let settlesBeforeDurable = DeliberateBreaks(rawValue: 1)
  /// A delivery leaves when its event's record is appended.
  package static let publishesBeforeDurable = DeliberateBreaks(rawValue: 2)
  /// A confirm is taken for the oldest publish, whichever it names.
  package static let countsConfirms = DeliberateBreaks(rawValue: 4)
  /// Recovery sets no timers.
  package static let losesTimersAtRestart = DeliberateBreaks(rawValue: 8)
  /// Ids that only the log knows count as new.
  package static let losesDuplicatesAtRestart = DeliberateBreaks(rawValue: 16)
  /// The last log to arrive wins, whenever it occurred.
  package static let appliesLogsAsTheyCome = DeliberateBreaks(rawValue: 32)
  /// Recovery begins the log watch at the log's end.
  package static let losesLogWatchAtRestart = DeliberateBreaks(rawValue: 64)
  /// The process dies of an event of type `test.poison`: no rule is broken, the rules about
  /// messages that kill are put to the test.
  package static let diesOfPoison = DeliberateBreaks(rawValue: 128)
}

extension ShardEngine {
  @inline(__always)
  func isBroken(_ rule: DeliberateBreaks) -> Bool {
    #if DEBUG
      return settings.breaks.contains(rule)
    #else
      return false
    #endif
  }

  func dieOfPoison(_ fields: EventFields) {
    guard isBroken(.diesOfPoison), fields.type.string == "test.poison" else { return }
    preconditionFailure("poison")
  }

  /// What an engine that counts confirms would take one for.
  func oldestWaiting(like token: PublishToken) -> PublishToken {
    guard token.kind == .delivery, isWaiting(token) else { return token }
    return links[link(of: token)].inFlight.oldest(isWaiting: isWaiting)?.token ?? token
  }
}
