import DequeModule
import JSON
package import LogSequence
import Messages
import Templates

// The working set: events come into it with an input and leave it when nothing is under way.
extension ShardEngine {
  func insertEvent(_ event: ActiveEvent) -> EventSlot {
    events.insert(event)
  }

  /// Orders a read, whose answer the event waits for.
  func read(_ target: ReadOrder.Target, for event: EventSlot) {
    let share = share(of: event)
    events[event].readFor = share
    reads.began(share)
    let reference = events.reference(event)
    let token = UInt64(reference.serial) << 32 | UInt64(UInt32(event.rawValue))
    output.reads.append(ReadOrder(token: token, target: target))
  }

  /// Gives an input to an event in the working set: now, or when it is ready for it.
  func give(_ input: EventInput, to event: EventSlot) {
    guard events[event].isReady else { return events[event].postpone(input) }
    handle(input, event)
    finishIfIdle(event)
  }

  func handle(_ input: EventInput, _ event: EventSlot) {
    work.spend(WorkCost.element)
    if events[event].isCancelOnly { return handleBeforeEvent(input, event) }
    switch input {
    case .event(let message, let element): handleAgain(event, message: message, element: element)
    case .log(let message, let element): handleLog(event, message: message, element: element)
    case .due: handleDue(event)
    case .retry(let lsn): handleDue(event, isTimeUp: events[event].lastLSN == lsn)
    case .carry: handleCarry(event)
    case .carryFinal(let lsn): handleCarryFinal(event, lsn: lsn)
    case .paced: handleDue(event, isPaced: true)
    case .redrive(let token, let sequence, let isResend):
      handleRedrive(event, token: token, sequence: sequence, isResend: isResend)
    case .logTimeout(let lsn): handleLogTimeout(event, lsn: lsn)
    case .cancel(let message, _): handleCancel(event, by: .message(message))
    case .cancelOrder(let token, _): handleCancel(event, by: .order(token))
    }
  }

  /// Hands an event the inputs that waited, as long as it is ready for them and the turn has work
  /// left: the next one goes on then.
  func drainInputs(_ event: EventSlot) {
    let share = share(of: event)
    work.share = share
    while !events[event].inputs.isEmpty {
      if events[event].isBusy { return }
      guard !work.isSpent(share) else { return postpone(event, share) }
      guard let input = events[event].nextInput() else { return }
      handle(input, event)
    }
    finishIfIdle(event)
  }

  /// Lets an event go of which nothing is under way. One that was open at the last stop, and that
  /// something else has come for before its turn, is driven on first.
  func finishIfIdle(_ event: EventSlot) {
    var action = events[event].idleAction
    if action == .driveOn {
      handleDue(event)
      action = events[event].idleAction
    }
    if action == .keep { return }
    precondition(events[event].waiters.isEmpty, "an idle event keeps no message waiting")
    removeEvent(event)
  }

  private func removeEvent(_ event: EventSlot) {
    let key = events[event].key
    assert(events[event].answers.isEmpty, "whoever is to be answered keeps the event")
    assert(events[event].queue == nil, "a delivery under way keeps the event")
    if events[event].isBackground, !isBroken(.countsEndedEvents) { background.ended() }
    held.release(events[event].heldBytes)
    recovery.ended(key)
    events.remove(event)
  }

  /// The answer to a read. Nil: there is no such record. `kind` is the number in its header.
  package func readAnswered(
    token: UInt64, lsn: LSN, kind: UInt8, id: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer?, at instant: Instant
  ) throws(EngineError) {
    advance(to: instant)
    if try parkedCopyRead(token: token, payload: payload) { return }
    let reference = WorkingSet.Reference(
      slot: EventSlot(Int32(truncatingIfNeeded: token & 0xFFFF_FFFF)),
      serial: UInt32(truncatingIfNeeded: token >> 32))
    guard events.contains(reference) else { return }
    let event = reference.slot
    assert(events[event].isLoading || events[event].isLoadingBody, "what is read was asked for")
    if let share = events[event].readFor { reads.ended(share) }
    events[event].readFor = nil
    guard let payload else { return foundNothing(event) }
    if kind == RecordKind.cancelRequested.rawValue {
      return try cancelWasRead(event, lsn: lsn, id: id, payload: payload)
    }
    guard let record = RecordPayload(payload), let facts = record.facts(id: id) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    if events[event].isLoading {
      events[event].facts = facts
      events[event].state = record.state
      events[event].lastLSN = lsn
      let shift = wallClock.shift(since: lsn)
      if shift != 0 { events[event].state.clockWasSet(by: shift) }
    }
    if !record.bodyBytes.isEmpty {
      events[event].bodyRange = 0..<record.bodyBytes.count
      events[event].body = Array(record.bodyBytes) + [UInt8](repeating: 0, count: jsonPadding)
      hold(record.bodyBytes.count, for: event)
    } else if events[event].isLoadingBody {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    events[event].hasLoaded()
    drainInputs(event)
  }

  /// Another event's fingerprint was the same: this one is unknown. Its inputs start over.
  private func foundNothing(_ event: EventSlot) {
    if events[event].isLoadingBody, events[event].state.isFinal {
      return bodyIsGone(event)
    }
    let inputs = events[event].inputs
    removeEvent(event)
    for input in inputs {
      switch input {
      case .event(let message, let element), .log(let message, let element),
        .cancel(let message, let element):
        process(message, element: element, knownAbsent: true)
      case .cancelOrder(_, let id):
        id.withUnsafeBytes {
          findForCancel($0, lookup.key(of: $0), input, knownAbsent: true)
        }
      case .redrive(let token, _, _): answerRedrive(token, .notFound)
      case .due, .retry, .paced, .logTimeout, .carry, .carryFinal: break
      }
    }
  }

  /// The event is known, and retention has removed the record with its body: what asked for that
  /// finds nothing, and all else goes on.
  private func bodyIsGone(_ event: EventSlot) {
    if case .redrive(let token, _, _) = events[event].bodyIsGone() {
      answerRedrive(token, .notFound)
    }
    drainInputs(event)
  }

  /// Makes sure that the event's body is at hand. False: it is being read, and the input will
  /// be given again.
  func needsBody(_ event: EventSlot, for input: EventInput) -> Bool {
    if events[event].hasBody { return true }
    events[event].loadBody(for: input)
    read(.record(lsn: events[event].state.bodyLSN), for: event)
    return false
  }
}

// Records, and what follows when they are durable.
extension ShardEngine {
  /// Appends a record with the event's present state, and its status update to the outbox if it
  /// is one that is published.
  func append(
    _ kind: RecordKind, _ event: EventSlot, reason: TransitionReason = .none,
    occurredAt: Timestamp? = nil, isPassing: Bool = false
  ) {
    assert(!events[event].isLoading, "a record follows from the one before it")
    let lsn = logEnd.advance()
    assert(lsn > events[event].lastLSN, "an event's records come in LSN order")
    let occurred = occurredAt ?? now.wall
    let isPublished =
      kind.isTransition && publishes(events[event].state.status, isPassing: isPassing)
    let id = events[event].facts.withID { output.add($0) }
    let start = output.bytes.count
    let body = kind == .accepted || kind == .carried ? events[event].bodyRange : 0..<0
    assert(body.isEmpty || events[event].state.bodyLSN == lsn, "the body is where the state says")
    events[event].body.withUnsafeBytes { bytes in
      RecordPayload.write(
        events[event].state, facts: events[event].facts, occurredAt: occurred, reason: reason,
        body: UnsafeRawBufferPointer(rebasing: bytes[body]), to: &output.bytes)
    }
    work.spend((output.bytes.count - start) * WorkCost.byte)
    let state = events[event].state
    output.appends.append(
      AppendOrder(
        lsn: lsn, kind: kind, key: events[event].key, status: state.status.rawValue,
        previousStatus: state.previousStatus?.rawValue ?? 0, isFinal: state.isFinal,
        isDriven: state.isDriven,
        isPublished: isPublished, attempt: state.attempt, time: now.wall,
        previousLSN: events[event].lastLSN, id: id,
        payload: output.bytes(from: start)))
    events[event].lastLSN = lsn
    ledger.count(kind, state)
    if isPublished, outbox.admits(lsn) {
      outbox.add(
        updateEntry(
          Outbox.Entry.Transition(
            lsn: lsn, key: events[event].key, state: state, facts: events[event].facts,
            occurredAt: occurred, recordedAt: now.wall, reason: reason)))
    }
  }

  /// Holds the event until its newest record is durable.
  func awaitDurable(_ event: EventSlot, then: ActiveEvent.Then) {
    if isBroken(.publishesBeforeDurable), case .publish(let delivery) = then {
      return queueDelivery(event, delivery)
    }
    if isBroken(.settlesBeforeDurable) { events[event].waiters.removeAll { elementSettled($0) } }
    events[event].awaitDurable(then)
    logEnd.wait(events.reference(event), for: events[event].lastLSN)
  }

  func recordIsDurable(_ event: EventSlot) {
    if !events[event].answers.isEmpty { giveAnswers(event) }
    switch events[event].isDurable() {
    case .publish(let delivery):
      if isBroken(.settlesBeforeConfirm) { events[event].waiters.removeAll { elementSettled($0) } }
      queueDelivery(event, delivery)
    case .settle: settle(event)
    }
    if !events[event].state.dueAt.isNone { goOnRecycling(event) }
    drainInputs(event)
  }

  private func giveAnswers(_ event: EventSlot) {
    let answers = events[event].answers
    events[event].answers = []
    for answer in answers {
      switch answer {
      case .receipt(let message): publishReceipt(of: event, to: message, isDuplicate: false)
      case .redrive(let token):
        answerRedrive(token, .done(attempt: events[event].state.attempt))
      case .cancel(let source): cancelIsDurable(event, by: source)
      }
    }
  }

  /// What the messages of this event waited for has come: they may be acknowledged.
  func settle(_ event: EventSlot) {
    events[event].rest()
    events[event].waiters.removeAll { elementSettled($0) }
  }

  /// Moves an event to a status for which no delivery is under way, and settles it when that is
  /// durable.
  func conclude(_ event: EventSlot, as status: Status, reason: TransitionReason) {
    events[event].state.move(to: status)
    switch status {
    case .expired: counters.expired += 1
    case .notCovered: counters.notCovered += 1
    default: break
    }
    append(.transition, event, reason: reason)
    awaitDurable(event, then: .settle)
  }

  private func publishes(_ status: Status, isPassing: Bool) -> Bool {
    settings.publishedStatuses.contains(status)
      && (!isPassing || settings.publishesPassingPending)
  }
}

// What the log says at start. Between `recover` of every record and `startRecovered` nothing
// else is asked of the engine.
extension ShardEngine {
  /// Takes in one record of the log, in LSN order.
  package func recover(
    lsn: LSN, kind: UInt8, key: EventKey, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    assert(events.isEmpty && messages.isEmpty, "recovery comes before everything else")
    if lsn != nextLSN { ledger.skipped(after: positions.lastLSN, to: lsn) }
    logEnd.recovered(lsn)
    guard let kind = RecordKind(rawValue: kind) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    if kind.isOfParkedCopy { return try recoverParked(kind, lsn, key, payload) }
    // It is looked up when something comes for its id.
    if kind == .cancelRequested { return }
    guard kind.isOfEvent else {
      // No cursor is ahead of the record that notes it; the engine counts on from them.
      guard let position = PositionRecord(payload), position.outbox < lsn, position.logWatch < lsn
      else { throw EngineError.unreadableRecord(lsn: lsn) }
      positions.recovered(position, lsn: lsn)
      ledger.takeOver(position.totals, lsn: lsn)
      return
    }
    guard let record = RecordPayload(payload) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    let state = record.state
    ledger.count(kind, state)
    let isPaced = pacing.isLimited && state.lane == .batch && !state.dueAt.isNone
    let open = Recovery.Found(
      lsn: lsn, dueAt: state.dueAt, expiration: state.expiration, wait: state.wait,
      isPaced: isPaced)
    recovery.found(key, state.isDriven ? open : nil)
  }

  private func recoverParked(
    _ kind: RecordKind, _ lsn: LSN, _ key: EventKey, _ payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard kind == .parked else { return parking.log.forget(key, lsn: lsn) }
    guard let record = ParkedRecord(payload) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    parking.log.recover(
      StoredCopies.Copy(
        lsn: lsn, readableLSN: lsn, key: key, number: record.number,
        bytes: payload.count))
  }

  /// All records have been taken in: pending events go on, in the order of their records; those
  /// that wait for their time wait on.
  package func startRecovered(nextLSN next: LSN, lineage: UInt64 = 0, at instant: Instant) {
    advance(to: instant)
    logEnd.start(at: next)
    self.lineage = lineage
    outbox.start(after: positions.outbox, newest: durableLSN)
    logTimeouts.start(after: isBroken(.losesLogWatchAtRestart) ? durableLSN : positions.logWatch)
    parking.start(&output)
    for (key, event) in recovery.start(at: next) {
      let isExpired = !event.expiration.isNone && event.expiration <= now.wall
      if !isExpired, wakeUps.remaining(event.wait, until: event.dueAt, at: now.wall) > 0 {
        if isBroken(.losesTimersAtRestart) { continue }
        addTimer(
          key, lsn: event.lsn, wait: event.wait, dueAt: event.dueAt, expiration: event.expiration)
      } else if event.isPaced, !isExpired {
        waitForTurn(key, lsn: event.lsn, expiration: event.expiration)
      } else {
        recovery.resumeLater(key, lsn: event.lsn)
      }
    }
  }

  /// Every delivery that was unconfirmed at the last stop is confirmed, or waits durably. Messages
  /// are taken before: one for an event that recovery has not come to drives it on at once.
  package var isRecovered: Bool { recovery.isDone }

  /// Pending events found by recovery that are still to be driven on.
  package var eventsToRecover: Int { recovery.count }

  /// Drives the next one on; false when there is none.
  func resumeRecovered() -> Bool {
    guard let next = recovery.next() else { return false }
    begin(.due, next.key, lsn: next.lsn)
    if events.slot(of: next.key) != nil { recovery.began(next.key) }
    return true
  }
  /// One record of an event that a read for the totals has brought back, in LSN order.
  package func totalsRecord(
    lsn: LSN, kind: UInt8, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    try ledger.count(lsn: lsn, kind: kind, payload: payload)
  }

  /// Such a read is done: every record below `next` has been given.
  package func totalsRead(below next: LSN) { ledger.didRead(below: next) }
}

extension TransitionReason {
  /// Why a template could not be rendered for an event.
  init(_ error: RenderError) {
    self.init(
      error.code == .missingRequired ? .missingTemplateField : .notRenderable, "\(error)")
  }

  init(_ code: ReasonCode, _ text: String) {
    self.init(code: Array(code.rawValue.utf8), text: Array(text.utf8))
  }
}
