import DequeModule
import JSON
import Messages

// The working set: events come into it with an input and leave it when nothing is under way.
extension ShardEngine {
  func insertEvent(_ event: ActiveEvent) -> Int32 {
    let slot = events.insert(event)
    eventSlots[event.key] = slot
    return slot
  }

  /// Orders a read, whose answer the event waits for.
  func read(_ target: ReadOrder.Target, for event: Int32) {
    let share = share(of: event)
    events[event].readFor = share
    reads.began(share)
    let reference = events.reference(event)
    let token = UInt64(reference.serial) << 32 | UInt64(UInt32(event))
    output.reads.append(ReadOrder(token: token, target: target))
  }

  /// Gives an input to an event in the working set: now, or when it is ready for it.
  func give(_ input: EventInput, to event: Int32) {
    guard events[event].isReady else { return events[event].postpone(input) }
    handle(input, event)
    finishIfIdle(event)
  }

  func handle(_ input: EventInput, _ event: Int32) {
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
  func drainInputs(_ event: Int32) {
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
  func finishIfIdle(_ event: Int32) {
    var action = events[event].idleAction
    if action == .driveOn {
      handleDue(event)
      action = events[event].idleAction
    }
    if action == .keep { return }
    precondition(events[event].waiters.isEmpty, "an idle event keeps no message waiting")
    removeEvent(event)
  }

  private func removeEvent(_ event: Int32) {
    let key = events[event].key
    if events[event].isBackground { background.ended() }
    held.release(events[event].heldBytes)
    recovery.ended(key)
    eventSlots[key] = nil
    events.remove(event)
  }

  /// The answer to a read. Nil: there is no such record. `kind` is the number in its header.
  package func readAnswered(
    token: UInt64, lsn: UInt64, kind: UInt8, id: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer?, at instant: Instant
  ) throws(EngineError) {
    advance(to: instant)
    if try parkedCopyRead(token: token, payload: payload) { return }
    let reference = SlotTable<ActiveEvent>.Reference(
      slot: Int32(truncatingIfNeeded: token & 0xFFFF_FFFF),
      serial: UInt32(truncatingIfNeeded: token >> 32))
    guard events.contains(reference) else { return }
    let event = reference.slot
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
  private func foundNothing(_ event: Int32) {
    if events[event].isLoadingBody, events[event].state.isFinal {
      return bodyIsGone(event)
    }
    let inputs = events[event].inputs
    removeEvent(event)
    for input in inputs {
      switch input {
      case .event(let message, let element), .log(let message, let element),
        .cancel(let message, let element):
        take(message, element: element, knownAbsent: true)
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
  private func bodyIsGone(_ event: Int32) {
    if case .redrive(let token, _, _) = events[event].bodyIsGone() {
      answerRedrive(token, .notFound)
    }
    drainInputs(event)
  }

  /// Makes sure that the event's body is at hand. False: it is being read, and the input will
  /// be given again.
  func needsBody(_ event: Int32, for input: EventInput) -> Bool {
    if events[event].hasBody { return true }
    events[event].loadBody(for: input)
    read(.record(lsn: events[event].state.bodyLSN), for: event)
    return false
  }
}
