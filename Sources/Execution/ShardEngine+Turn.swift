import DequeModule
import Messages

extension ShardEngine {
  /// One turn: a share of each inlet, delivery logs and real-time first, then what is due, then the
  /// batch lane, each in its slice of the work; then what may be published. True when something is
  /// left to do: call again as soon as the sockets have been read.
  ///
  /// - Parameters:
  ///   - mayAppend: whether the log has room for what comes.
  ///   - mayTakeBatch: whether it has so much that what the batch lane appends will not hold up
  ///     the sync that a real-time event waits for.
  package func turn(
    at instant: Instant, mayAppend: Bool = true, mayTakeBatch: Bool = true
  ) -> Bool {
    let elapsed = instant.monotonic &- turnAt
    turnAt = instant.monotonic
    advance(to: instant)
    work.refill(elapsed: elapsed, besideRealtime: isRealtimeActive)
    suspects.advance(to: instant.monotonic)
    watchLogs()
    if let from = ledger.wantsRead() { output.totalsRead = from }
    checkDeadlines()
    relieveQuietQueues()
    noteLoss(receipts.expire(&window, at: now.monotonic))
    checkParking()
    let isLeft = mayAppend && doWork(mayTakeBatch: mayTakeBatch)
    pump()
    recordPosition()
    output.abandonedLinks += window.takeStuck(at: now.monotonic)
    output.renewedLinks += window.takeRenewals(at: now.monotonic)
    return isLeft
  }

  /// All the log's records up to this LSN are durable.
  package func durable(upTo lsn: UInt64, at instant: Instant) {
    advance(to: instant)
    precondition(lsn >= durableLSN && lsn < nextLSN, "durability only grows, up to what exists")
    durableLSN = lsn
    while let first = awaitingDurable.first, first.lsn <= lsn {
      awaitingDurable.removeFirst()
      recordIsDurable(first.event.slot)
    }
    parkingIsDurable()
  }

  private func doWork(mayTakeBatch: Bool) -> Bool {
    if isBroken(.takesBatchFirst) { takeAllOfBatch() }
    resumePostponed(.logs)
    resumePostponed(.realtime)
    let areCancelsLeft = takeCancelOrders()
    var isLeft = false
    if isIsolating {
      isLeft = !isDraining && takeSuspect()
    } else if !isDraining {
      isLeft = take(from: .deliveryLogs, atMost: EngineLimits.turnSlice)
      isLeft = take(from: .realtime, atMost: EngineLimits.turnSlice) || isLeft
    }
    isLeft = isLeft || postponed.areUrgent
    waitsForTime = !isLeft && isRealtimeActive
    if mayTakeBatch {
      isLeft = runBackground() || isLeft
      resumePostponed(.batch)
      if !isDraining, !isIsolating {
        isLeft = take(from: .batch, atMost: EngineLimits.batchSlice) || isLeft
      }
      waitsForTime = waitsForTime && (work.isSpent(.batch) || work.isSpent(.background))
    }
    return isLeft || areCancelsLeft || !postponed.isEmpty
  }

  /// True when something is left and there is room for it.
  func take(from inlet: Inlet, atMost limit: Int) -> Bool {
    let share = WorkBudget.Share(inlet)
    for _ in 0..<limit where !work.isSpent(share) {
      guard hasRoom(for: inlet) else { return false }
      work.share = share
      guard takeElement(from: inlet) else { return false }
    }
    let state = inlets[Int(inlet.rawValue)]
    return state.open >= 0 || !state.waiting.isEmpty
  }
}
