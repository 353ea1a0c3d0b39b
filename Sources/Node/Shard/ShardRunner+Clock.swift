internal import EventLog
internal import Logging

// What the log says of clocks, one line for each change.
extension ShardRunner {
  func heard(of notice: ClockNotice) {
    switch notice {
    case .waiting(let closed, let confirmed):
      logger.warning(
        """
        By the wall clock the store was closed for longer than is believed: retention waits; see \
        'meddela store confirm-clock'
        """,
        metadata: [LogKey.closedSeconds: "\(closed)", LogKey.confirmedInSeconds: "\(confirmed)"])
    case .behind(let seconds):
      logger.warning(
        """
        The wall clock has gone back since the store was last open: retention does not count that \
        time; see 'meddela store confirm-clock'
        """,
        metadata: [LogKey.seconds: "\(seconds)"])
    case .mended(let closed):
      logger.notice(
        "The wall clock was set: retention counts the time that the store was closed",
        metadata: [LogKey.closedSeconds: "\(closed)"])
    case .confirmed(let closed, let byPerson):
      logger.notice(
        "Retention counts the time that the store was closed",
        metadata: [
          LogKey.closedSeconds: "\(closed)",
          LogKey.reason: byPerson ? "a person confirmed the clock" : "the clock has stood since",
        ])
    case .accepted(let seconds):
      logger.notice(
        "A person confirmed that the wall clock is right: retention goes on by it",
        metadata: [LogKey.seconds: "\(-seconds)"])
    case .stepped(let seconds):
      logger.warning(
        "The wall clock was set: retention goes on by the time that passes",
        metadata: [LogKey.seconds: "\(seconds)"])
    default: heardOfFile(notice)
    }
  }

  private func heardOfFile(_ notice: ClockNotice) {
    switch notice {
    case .refused(let seconds):
      logger.warning(
        "A confirmation of the clock is of another jump than this one, and was not taken",
        metadata: [LogKey.seconds: "\(seconds)"])
    case .unreadable(let error):
      logger.warning(
        "A confirmation of the clock cannot be read; confirm as the service's user",
        metadata: [LogKey.error: "\(error)"])
    case .begunAnew(let isDamaged):
      logger.log(
        level: isDamaged ? .warning : .notice,
        "The store has no file CLOCK that can be used: ages come from the times in its records")
    case .notKept(let error):
      logger.warning(
        "CLOCK cannot be written: records may count as younger after the next start",
        metadata: [LogKey.error: "\(error)"])
    case .kept: logger.notice("CLOCK can be written again")
    default: break
    }
  }
}
