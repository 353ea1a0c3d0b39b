import DequeModule
package import LogSequence
import Messages

// What a turn does, and in which order.
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
    advance(to: instant)
    work.begin(at: now.monotonic)
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
    let stuck = window.takeStuck(at: now.monotonic)
    if !stuck.isEmpty { output.abandonedLinks += stuck }
    let renewed = window.takeRenewals(at: now.monotonic)
    if !renewed.isEmpty { output.renewedLinks += renewed }
    return isLeft
  }

  /// All the log's records up to this LSN are durable.
  package func durable(upTo lsn: LSN, at instant: Instant) {
    advance(to: instant)
    logEnd.isDurable(upTo: lsn)
    while let event = logEnd.popDurable() { recordIsDurable(event.slot) }
    parkingIsDurable()
    outbox.isDurable(durableLSN)
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
      isLeft = takeMessages(from: .deliveryLogs, atMost: EngineLimits.turnSlice)
      isLeft = takeMessages(from: .realtime, atMost: EngineLimits.turnSlice) || isLeft
    }
    isLeft = isLeft || postponed.areUrgent
    waitsForTime = !isLeft && work.isRealtimeActive(at: now.monotonic)
    if mayTakeBatch {
      isLeft = runBackground() || isLeft
      resumePostponed(.batch)
      if !isDraining, !isIsolating {
        isLeft = takeMessages(from: .batch, atMost: EngineLimits.batchSlice) || isLeft
      }
      waitsForTime = waitsForTime && (work.isSpent(.batch) || work.isSpent(.background))
    }
    return isLeft || areCancelsLeft || !postponed.isEmpty
  }

  /// True when something is left and there is room for it.
  func takeMessages(from inlet: Inlet, atMost limit: Int) -> Bool {
    let share = WorkBudget.Share(inlet)
    for _ in 0..<limit where !work.isSpent(share) {
      guard hasRoom(for: inlet) else { return false }
      work.share = share
      guard takeElement(from: inlet) else { return false }
    }
    let state = inlets[Int(inlet.rawValue)]
    return !state.open.isNone || !state.waiting.isEmpty
  }
}

// What a turn may do, and for whom there is room.
extension ShardEngine {
  /// Whether a table may take another element from an inlet: batch leaves room for real-time, and
  /// both for delivery logs.
  func hasRoom(for inlet: Inlet) -> Bool {
    let limit =
      switch inlet {
      case .batch: EngineLimits.activeBatch
      case .realtime: EngineLimits.activeRealtime
      case .deliveryLogs: EngineLimits.activeEvents
      }
    return events.count < limit && parking.count < limit && held.mayTake(inlet)
      && reads.hasRoom(WorkBudget.Share(inlet))
  }

  /// Whom the inputs of an event are worked on for.
  func share(of event: EventSlot) -> WorkBudget.Share {
    if events[event].isBackground { return .background }
    switch events[event].inputs.first {
    case .log: return .logs
    case .event(let message, _), .cancel(let message, _):
      return WorkBudget.Share(messages[message].message.inlet)
    case .cancelOrder: return .background
    case .due, .retry, .carry, .carryFinal, .logTimeout, .paced, .redrive, nil:
      return events[event].state.lane == .batch ? .batch : .realtime
    }
  }

  /// The turn's work is used up: the next turns go on with the event's inputs.
  func postpone(_ event: EventSlot, _ share: WorkBudget.Share) {
    guard !events[event].isPostponed else { return }
    events[event].isPostponed = true
    postponed.add(events.reference(event), share)
  }

  func resumePostponed(_ share: WorkBudget.Share) {
    while !work.isSpent(share), let event = postponed.next(share) {
      guard events.contains(event) else { continue }
      events[event.slot].isPostponed = false
      drainInputs(event.slot)
    }
  }

  /// Counts bytes that only this event keeps in memory, until it leaves the working set.
  func hold(_ bytes: Int, for event: EventSlot) {
    held.hold(bytes)
    events[event].heldBytes += bytes
  }

  /// The same for what an open message grows by.
  func hold(_ bytes: Int, forMessage message: MessageSlot) {
    held.hold(bytes)
    messages[message].heldBytes += bytes
  }
}

// What is driven on without a message: each source in its turn, all of them in a bounded share of
// the working set and of a turn's work.
extension ShardEngine {
  /// True when more could be begun now, but for the work of this turn.
  func runBackground() -> Bool {
    resumePostponed(.background)
    guard !isDraining else { return false }
    var idleSources = 0
    while idleSources < BackgroundWork.Source.allCases.count {
      guard background.hasRoom, reads.hasRoom(.background),
        events.count < EngineLimits.activeInBackground,
        held.mayTakeInBackground
      else { return false }
      guard !work.isSpent(.background) else { return true }
      work.share = .background
      work.spend(WorkCost.look)
      idleSources = begin(background.takeTurn()) ? 0 : idleSources + 1
    }
    return false
  }

  /// Begins the next piece of work of a source; false when nothing of it is due.
  private func begin(_ source: BackgroundWork.Source) -> Bool {
    switch source {
    case .recovery: return resumeRecovered()
    case .recalled: return begin(.due, stalledQueues.nextRecalled())
    case .timers: return begin(.due, wakeUps.popMoment(at: now.wall))
    case .retries:
      guard let retry = wakeUps.popDuration(at: now.monotonic) else { return false }
      if !waitsForTurn(retry) { begin(.retry(lsn: retry.lsn), retry.key, lsn: retry.lsn) }
    case .heldBack: return beginHeldBack()
    case .logTimeouts: return beginLogTimeout()
    case .paced: return releasePaced()
    case .fallbacks:
      guard let fallback = background.nextFallback() else { return false }
      begin(.due, fallback.key, lsn: fallback.lsn)
    case .redrives:
      guard let redrive = background.nextRedrive() else { return false }
      begin(redrive)
    }
    return true
  }

  /// Puts an event over which the broker closes the connection behind the others of its kind.
  private func waitsForTurn(_ retry: RetryQueue.Retry) -> Bool {
    guard let queue = deliveryQueues.index(blaming: retry.key) else { return false }
    deliveryQueues[queue].culprits.wait(retry.key, lsn: retry.lsn)
    return true
  }

  /// The next probe of a queue that does not answer, or the next event that goes alone.
  private func beginHeldBack() -> Bool {
    if !stalledQueues.isEmpty,
      begin(.due, stalledQueues.popDue(at: now, window))
    {
      return true
    }
    for queue in deliveryQueues.indices {
      if begin(.due, deliveryQueues[queue].nextBehindSearch(at: now.wall)) { return true }
      let next = deliveryQueues[queue].culprits.popDue(at: now.monotonic) { lsn, key in
        events.slot(of: key) != nil || lookup.isNewest(lsn, of: key)
      }
      guard let next else { continue }
      begin(.retry(lsn: next.lsn), next.key, lsn: next.lsn)
      return true
    }
    return false
  }

  private func begin(_ input: EventInput, _ timer: TimerQueue.Timer?) -> Bool {
    guard let timer else { return false }
    begin(input, timer.key, lsn: timer.lsn)
    return true
  }

  /// Gives an input to an event, unless another transition has come since the record with this
  /// LSN: that one has set its own timer if it needs one.
  func begin(_ input: EventInput, _ key: EventKey, lsn: LSN) {
    if let event = events.slot(of: key) { return give(input, to: event) }
    guard lookup.isNewest(lsn, of: key) else { return }
    let event = insertEvent(ActiveEvent(key: key, loadingFor: input))
    moveToBackground(event)
    read(.record(lsn: lsn), for: event)
  }

  func moveToBackground(_ event: EventSlot) {
    guard !events[event].isBackground else { return }
    events[event].isBackground = true
    background.began()
  }

  /// A message has come that waits for the event.
  func moveToForeground(_ event: EventSlot) {
    guard events[event].isBackground else { return }
    events[event].isBackground = false
    background.ended()
  }
}

// What waits for a time.
extension ShardEngine {
  /// The wall clock was put forward by so many nanoseconds since the last input, or back.
  func clockWasSet(by nanoseconds: Int64) {
    counters.clockJumps += 1
    logTimeouts.clockWasSet(by: nanoseconds)
    events.updateEach { $0.state.clockWasSet(by: nanoseconds) }
  }

  /// Wakes the event when it is due or expires, whichever is first.
  func addTimer(_ event: EventSlot) {
    let state = events[event].state
    addTimer(
      events[event].key, lsn: events[event].lastLSN, wait: state.wait, dueAt: state.dueAt,
      expiration: state.expiration)
    // When it is due it waits for its turn.
    if deliveryQueues.index(blaming: events[event].key) != nil { wakeUps.add(endTimer(event)) }
  }

  func addTimer(
    _ key: EventKey, lsn: LSN, wait: EventState.Wait, dueAt: Timestamp, expiration: Timestamp
  ) {
    let clock =
      isBroken(.waitsByTheWallClock)
      ? MonotonicTime(nanoseconds: UInt64(now.wall.nanoseconds)) : now.monotonic
    wakeUps.add(
      key, lsn: lsn, wait: wait, dueAt: dueAt, expiration: expiration, at: now.wall, clock: clock)
  }

  /// Puts an event, whose newest record says when it was due, behind those that wait for their
  /// turn in the rate of their lane.
  func waitForTurn(_ event: EventSlot) {
    waitForTurn(
      events[event].key, lsn: events[event].lastLSN, expiration: events[event].state.expiration)
  }

  func waitForTurn(_ key: EventKey, lsn: LSN, expiration: Timestamp) {
    pacing.wait(key, lsn: lsn)
    if !expiration.isNone { wakeUps.add(TimerQueue.Timer(due: expiration, key: key, lsn: lsn)) }
  }

  /// Whether what is due in a lane may go out right now; it must go then.
  func takesTurn(_ lane: Lane) -> Bool { pacing.takesTurn(lane, at: now.monotonic) }

  /// Lets the next event go whose turn has come; false when there is none.
  func releasePaced() -> Bool {
    let next = pacing.release(at: now.monotonic, durable: durableLSN) {
      lookup.isNewest($0, of: $1)
    }
    switch next {
    case .nobody: return false
    case .event(let event): begin(.paced, event.key, lsn: event.lsn)
    case .movedOn: break
    }
    pacing.didRelease()
    return true
  }
}

// Retention: an open event whose first records are about to be removed is written again.
extension ShardEngine {
  /// The event log would remove the segment that holds early records of this event: appends a
  /// record with all that is needed of it, if this one is still its newest and it is still open.
  /// What cannot be done now is asked for again.
  package func carry(lsn: LSN, key: EventKey, at instant: Instant) {
    advance(to: instant)
    guard isRecovered, !isDraining, lookup.isNewest(lsn, of: key) else { return }
    if carryParked(key, lsn: lsn) { return }
    guard events.slot(of: key) != nil || background.hasRoom else { return }
    begin(.carry, key, lsn: lsn)
  }

  /// The same of an event that is final and has not been for long: its newest record is `lsn`, by
  /// what the log knew when it asked. The log's memory may not know the event, so it is looked up.
  package func carry(finalID id: [UInt8], lsn: LSN, at instant: Instant) {
    advance(to: instant)
    guard isRecovered, !isDraining else { return }
    let key = id.withUnsafeBytes { lookup.key(of: $0) }
    guard !parking.log.isOfCopy(key), events.slot(of: key) == nil, background.hasRoom,
      lookup.mayContain(key)
    else { return }
    let event = insertEvent(ActiveEvent(key: key, loadingFor: .carryFinal(lsn: lsn)))
    moveToBackground(event)
    read(.newest(id: id), for: event)
  }

  /// The event log would remove the record with the outbox position that is at this LSN: notes
  /// it again, if there is no newer one.
  package func carryPosition(lsn: LSN, at instant: Instant) {
    advance(to: instant)
    guard isRecovered, !isDraining, ledger.isComplete, lsn >= positions.lastLSN else { return }
    appendPosition(max(positions.outbox, outbox.position(durable: durableLSN)))
  }

  /// The oldest record that may still be asked for: those that the outbox, the log watch or the
  /// totals have not passed, and the bodies of events that are being worked on. An event whose
  /// state is still being read is not among them: if its body is gone when it is asked for, the
  /// event is unknown.
  package var keepFrom: LSN {
    guard isRecovered else { return 0 }
    var oldest = min(oldestNeededLSN, ledger.firstUncounted ?? .max)
    events.forEach { event in
      guard !event.isLoading, event.state.bodyLSN > 0 else { return }
      oldest = min(oldest, event.state.bodyLSN)
    }
    return oldest
  }

  /// A final event needs no carrying; one whose newest record is not durable yet may still become
  /// final, and what is appended stands behind that record all the same.
  func handleCarry(_ event: EventSlot) {
    guard !events[event].state.isFinal else { return }
    guard needsBody(event, for: .carry) else { return }
    events[event].state.bodyLSN = nextLSN
    append(.carried, event)
    counters.carried += 1
    // A timer names the event's newest record.
    guard events[event].isAtRest else { return }
    if events[event].state.isTimed { addTimer(event) }
    // A timer that is due at once must find the event here: the log does not know the record yet.
    awaitDurable(event, then: .settle)
  }

  func handleCarryFinal(_ event: EventSlot, lsn: LSN) {
    guard events[event].state.isFinal, events[event].lastLSN == lsn,
      needsBody(event, for: .carryFinal(lsn: lsn))
    else { return }
    events[event].state.bodyLSN = nextLSN
    append(.carried, event)
    counters.carried += 1
    awaitDurable(event, then: .settle)
  }
}

extension WorkBudget.Share {
  init(_ inlet: Inlet) {
    switch inlet {
    case .deliveryLogs: self = .logs
    case .realtime: self = .realtime
    case .batch: self = .batch
    }
  }
}
