/// Deliberate defects, for tests only: each breaks one rule of the log and no other, and a test of
/// that rule turns red. Outside debug builds there are none.
struct Breaks: OptionSet, Sendable {
  let rawValue: Int

  /// Frames are written and not synced.
  static let skipDataSync = Breaks(rawValue: 1)
  /// A frame is acknowledged before it is synced.
  static let acknowledgeBeforeSync = Breaks(rawValue: 2)
  /// A sync that failed is tried again, and what it says then is believed.
  static let retryFailedSync = Breaks(rawValue: 4)
  /// A second frame is written before the first is synced.
  static let twoFramesInFlight = Breaks(rawValue: 8)
  /// A frame need not follow the one before it.
  static let skipChainCheck = Breaks(rawValue: 16)
  /// What cannot be read is taken for the end of the log.
  static let truncateOnDamage = Breaks(rawValue: 32)
  /// Retention does not ask whether an event is open.
  static let dropOpenEvents = Breaks(rawValue: 64)
  /// The names of new segments and manifests are not synced.
  static let skipDirectorySync = Breaks(rawValue: 128)

  /// What the wall clock says of the time that a store was closed is believed, however long.
  static let believeWallClock = Breaks(rawValue: 256)
  /// A wall clock that is set forward while the log is open makes records older.
  static let countClockSteps = Breaks(rawValue: 512)

  /// Nothing is looked at that another writer would have changed.
  static let ignoreOtherWriters = Breaks(rawValue: 2048)

  @inline(__always)
  func has(_ defect: Breaks) -> Bool {
    #if DEBUG
      contains(defect)
    #else
      false
    #endif
  }
}
