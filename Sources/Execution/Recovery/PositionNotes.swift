import LogSequence

/// When to note in the log how far the cursors over it have come, and what was noted last.
struct PositionNotes {
  /// The outbox's position in the newest position record.
  private(set) var outbox: LSN = 0
  /// The log watch's position in the newest one that recovery has come to.
  private(set) var logWatch: LSN = 0
  /// The LSN of the newest position record; 0 when there is none.
  private(set) var lastLSN: LSN = 0
  /// When it was made.
  private var notedAt: MonotonicTime = .start

  /// Recovery has come to a position record.
  mutating func recovered(_ record: PositionRecord, lsn: LSN) {
    assert(lsn > lastLSN, "recovery reads in LSN order")
    outbox = record.outbox
    logWatch = record.logWatch
    lastLSN = lsn
  }

  /// Whether the outbox has come far enough, or it has been long enough. Noting only that the last
  /// position record was passed would never end, but for a drain, which notes what it can.
  func isDue(_ position: LSN, at now: MonotonicTime, isDraining: Bool) -> Bool {
    guard position > outbox else { return false }
    let isDue =
      outbox.distance(to: position) >= EngineLimits.positionEvery
      || now - notedAt >= EngineLimits.positionAfter
    return isDue && (position > lastLSN || isDraining)
  }

  /// A position record has been appended.
  mutating func noted(_ position: LSN, lsn: LSN, at now: MonotonicTime) {
    assert(position >= outbox, "a position only grows")
    assert(lsn > lastLSN, "records come in LSN order")
    outbox = position
    lastLSN = lsn
    notedAt = now
  }
}
