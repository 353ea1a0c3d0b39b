import LogSequence

// The part of the outbox that is only in the log.
extension Outbox {
  /// Begins behind `position`: all up to `newest` is still in the log.
  mutating func start(after position: LSN, newest: LSN) {
    guard newest > position else { return }
    assert(isIdle, "a start comes before everything else")
    source = .log(from: position.next, newest: newest, isReading: false)
  }

  var isLive: Bool {
    if case .live = source { return true }
    return false
  }

  /// Everything published up to this LSN is confirmed, given what is durable.
  func position(durable: LSN) -> LSN {
    var lowest = durable.next
    if case .log(let from, _, _) = source { lowest = min(lowest, from) }
    if let first { lowest = min(lowest, first) }
    assert(lowest > 0, "LSNs begin with 1")
    return lowest.previous
  }

  /// True when the update of a new record is wanted in memory; else it is left to the log.
  mutating func admits(_ lsn: LSN) -> Bool {
    switch source {
    case .live:
      if waiting < EngineLimits.outboxEntries, waitingBytes < EngineLimits.outboxBytes {
        return true
      }
      source = .log(from: lsn, newest: lsn, isReading: false)
      return false
    case .log(let from, let newest, let isReading):
      assert(lsn > newest, "records come in LSN order")
      source = .log(from: from, newest: lsn, isReading: isReading)
      return false
    }
  }

  /// Where to read on, if there is room and no read is under way; it is then.
  mutating func wantsRead(durable: LSN) -> LSN? {
    guard case .log(let from, let newest, false) = source, from <= durable,
      waiting < EngineLimits.outboxEntries / 2, waitingBytes < EngineLimits.outboxBytes / 2
    else { return nil }
    source = .log(from: from, newest: newest, isReading: true)
    return from
  }

  /// A read has brought all published records below `next`.
  mutating func didRead(below next: LSN) {
    guard case .log(let from, let newest, let isReading) = source else { return }
    assert(isReading, "what comes was asked for")
    let on = max(from, next)
    source = on > newest ? .live : .log(from: on, newest: newest, isReading: false)
  }
}
