import DequeModule
import Messages

extension ShardEngine {
  /// One turn: timers, then a share of each inlet (delivery logs and real-time first), then what
  /// may be published. True when messages are left to take: call again soon.
  ///
  /// - Parameters:
  ///   - mayAppend: whether the log has room for what comes.
  ///   - mayTakeBatch: whether it has so much that what the batch lane appends will not hold up
  ///     the sync that a real-time event waits for.
  package func turn(
    at instant: Instant, mayAppend: Bool = true, mayTakeBatch: Bool = true
  ) -> Bool {
    advance(to: instant)
    resumeRecovered()
    fireTimers()
    releasePaced()
    watchLogs()
    if uncounted != nil { orderUncounted() }
    checkDeadlines()
    relieveQuietQueues()
    expireReceipts()
    checkParking()
    let isLeft = mayAppend && takeFromInlets(mayTakeBatch: mayTakeBatch)
    pump()
    recordPosition()
    abandonStuckLinks()
    renewLinks()
    return isLeft
  }

  /// All the log's records up to this LSN are durable.
  package func durable(upTo lsn: UInt64) {
    precondition(lsn >= durableLSN && lsn < nextLSN, "durability only grows, up to what exists")
    durableLSN = lsn
    while let first = awaitingDurable.first, first.lsn <= lsn {
      awaitingDurable.removeFirst()
      recordIsDurable(first.event.slot)
    }
    parkingIsDurable()
  }

  private func takeFromInlets(mayTakeBatch: Bool) -> Bool {
    guard !isDraining, isRecovered else { return false }
    if isIsolating { return takeSuspect() }
    var isLeft = take(from: .deliveryLogs, atMost: EngineLimits.turnSlice)
    isLeft = take(from: .realtime, atMost: EngineLimits.turnSlice) || isLeft
    guard mayTakeBatch else { return isLeft }
    return take(from: .batch, atMost: EngineLimits.batchSlice) || isLeft
  }

  /// True when something is left and there is room for it.
  func take(from inlet: Inlet, atMost limit: Int) -> Bool {
    for _ in 0..<limit {
      // Copies for the parked queue are bounded with the events: a body of millions of elements may
      // park each of them.
      guard events.count < EngineLimits.activeEvents, parking.count < EngineLimits.activeEvents
      else {
        return false
      }
      guard takeElement(from: inlet) else { return false }
    }
    let state = inlets[Int(inlet.rawValue)]
    return state.open >= 0 || !state.waiting.isEmpty
  }

  private func fireTimers() {
    guard isRecovered, !isDraining else { return }
    while events.count < EngineLimits.activeEvents, let timer = nextDue() {
      // Another transition has come since: it has set its own timer if it needs one.
      guard eventSlots[timer.key] != nil || lookup.isNewest(timer.lsn, of: timer.key) else {
        continue
      }
      give(.due, to: timer.key, lsn: timer.lsn)
    }
  }

  private func nextDue() -> TimerQueue.Timer? {
    if let timer = timers.popDue(at: now.wall) ?? recalled.popFirst() { return timer }
    if stalledChannels.isEmpty { return nil }
    return stalledChannels.popDue(at: now, isWaiting: isWaiting)
  }
}
