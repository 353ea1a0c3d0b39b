import DequeModule
import JSON
package import LogSequence
package import Messages
import Templates

// Delivery logs.
extension ShardEngine {
  /// A delivery log has come: find the event that it is about.
  func takeLog(
    _ message: MessageSlot, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) throws(Rejection) {
    let log = try DeliveryLogFields.decode(root)
    guard log.shard == settings.shard else {
      throw unknownDelivery("the delivery is of shard \(log.shard)", element)
    }
    let key = lookup.key(of: log.eventID.bytes)
    if let event = events.slot(of: key) {
      if events[event].isReady, !events[event].isCancelOnly {
        apply(log, to: event, message: message, element: element)
        finishIfIdle(event)
      } else {
        give(.log(message: message, element: element), to: event)
      }
    } else if !knownAbsent, lookup.mayContain(key) {
      let event = insertEvent(
        ActiveEvent(key: key, loadingFor: .log(message: message, element: element)))
      read(.newest(id: Array(log.eventID.bytes)), for: event)
    } else {
      throw Self.noEventOfLog
    }
  }

  static var noEventOfLog: Rejection {
    Rejection(
      code: .unknownDelivery, path: "$.deliveryId", offset: 0,
      detail: "there is no event with this id")
  }

  /// A delivery log that waited for its event.
  func handleLog(_ event: EventSlot, message: MessageSlot, element: Range<Int>) {
    let storage = messages[message].message.storage
    work.spend(element.count * WorkCost.byte)
    storage.withPart(element) { bytes in
      do {
        let root = try parser.parse(padded: bytes)
        let log = try DeliveryLogFields.decode(root)
        apply(log, to: event, message: message, element: element)
      } catch let error as Rejection {
        park(message, element: element, error)
      } catch let error as JSONError {
        park(message, element: element, Rejection(error))
      } catch {
        preconditionFailure("decoding throws nothing else")
      }
    }
  }

  private func apply(
    _ log: DeliveryLogFields, to event: EventSlot, message: MessageSlot, element: Range<Int>
  ) {
    let claim = LogClaim(
      attempt: log.attempt, outcome: log.outcome, occurredAt: log.occurredAt)
    switch events[event].apply(claim, by: logClock) {
    case .park:
      park(
        message, element: element,
        unknownDelivery("the event has had \(events[event].state.attempt) attempts", element))
    case .refuse:
      counters.logsRefused += 1
      elementSettled(message)
    case .acknowledge:
      counters.logsRepeated += 1
      elementSettled(message)
    case .keep: keepAsEvidence(log, event, message)
    case .move: move(event, by: log, message)
    }
  }

  private var logClock: LogClock {
    #if DEBUG
      let breaks = settings.breaks
    #else
      let breaks: DeliberateBreaks = []
    #endif
    return LogClock(now: now.wall, latest: wallClock.latest(at: now), breaks: breaks)
  }

  /// The event has the status that the log says.
  private func move(_ event: EventSlot, by log: DeliveryLogFields, _ message: MessageSlot) {
    counters.logsApplied += 1
    if let published = events[event].published {
      // The log proves that the broker took the delivery: its confirm says nothing new.
      answer(published.token, .givenUp)
    }
    if log.outcome == .deliveryFailed, !events[event].state.isCancelled, hasFallback(event) {
      events[event].state.dueAt = now.wall
    }
    if isBroken(.settlesLogsAtOnce) {
      elementSettled(message)
    } else {
      events[event].waiters.append(message)
    }
    append(.transition, event, reason: reason(of: log), occurredAt: log.occurredAt)
    awaitDurable(event, then: .settle)
  }

  /// Records a log that changes no status.
  private func keepAsEvidence(_ log: DeliveryLogFields, _ event: EventSlot, _ message: MessageSlot)
  {
    counters.logsKeptAsEvidence += 1
    guard events[event].isAtRest else {
      // A delivery of a later attempt is under way, and the log of an earlier one is no news
      // worth interrupting it for.
      return elementSettled(message)
    }
    events[event].waiters.append(message)
    append(.evidence, event, reason: reason(of: log), occurredAt: log.occurredAt)
    if events[event].state.isTimed { addTimer(event) }
    awaitDurable(event, then: .settle)
  }

  private func reason(of log: DeliveryLogFields) -> TransitionReason {
    TransitionReason(
      code: log.reasonCode.map { Array($0.bytes) } ?? [],
      text: log.reasonText.map { Array($0.bytes) } ?? [],
      providerMessageID: log.providerMessageID.map { Array($0.bytes) } ?? [])
  }

  private func unknownDelivery(_ detail: String, _ element: Range<Int>) -> Rejection {
    Rejection(
      code: .unknownDelivery, path: "$.deliveryId", offset: 0, detail: detail)
  }
}

// A delivery that nobody answers is published again, and in the end given up.
extension ShardEngine {
  /// Whether delivery logs come if there are any.
  package func consumesDeliveryLogs(_ isConsuming: Bool, at instant: Instant) {
    advance(to: instant)
    logTimeouts.isConsuming = isConsuming
  }

  /// The queue of delivery logs was seen with nothing in it: see `LogTimeoutGate`.
  package func noteDeliveryLogsEmpty() {
    logTimeouts.queueIsEmpty()
  }

  /// Moves the cursor on as far as the time allows.
  func watchLogs() {
    guard !isDraining else { return }
    let inlet = inlets[Int(Inlet.deliveryLogs.rawValue)]
    let isIdle =
      inlet.open.isNone && inlet.waiting.isEmpty && !suspects.hasSome(of: .deliveryLogs)
    output.watchRead = logTimeouts.advance(to: now, durable: durableLSN, isIdle: isIdle) {
      lookup.isNewest($0, of: $1)
    }
  }

  /// Takes the next delivery that has had no log for too long; false when there is none.
  func beginLogTimeout() -> Bool {
    guard let entry = logTimeouts.popDue(at: now.wall) else { return false }
    if lookup.isNewest(entry.lsn, of: entry.key) {
      logTimeouts.handOut(entry)
      begin(.logTimeout(lsn: entry.lsn), entry.key, lsn: entry.lsn)
    }
    return true
  }

  /// One record of an event that a read for the log timeouts has brought back, in LSN order.
  /// `status` is the number in its header.
  package func watchRecord(
    lsn: LSN, key: EventKey, status: UInt8, recordedAt: Timestamp, at instant: Instant
  ) {
    advance(to: instant)
    guard status == Status.pendingDelivery.rawValue, lookup.isNewest(lsn, of: key) else { return }
    let present = recordedAt.adding(wallClock.shift(since: lsn))
    logTimeouts.add(LogWatch.Entry(lsn: lsn, key: key, recordedAt: present), at: now.wall)
  }

  /// Such a read is done: every record below `next` has been given, the last one made at `time`.
  package func watchRead(below next: LSN, until time: Timestamp?, at instant: Instant) {
    advance(to: instant)
    let present = time?.adding(wallClock.shift(since: next.previous))
    logTimeouts.didRead(below: next, until: present, at: now.wall)
  }

  /// No log has come since the record with this LSN, if that is still the event's newest.
  func handleLogTimeout(_ event: EventSlot, lsn: LSN) {
    switch events[event].logTimeout(lsn: lsn, retries: settings.logTimeoutRetries) {
    case .nothing: break
    // That makes a newer record.
    case .forget: logTimeouts.forget(lsn)
    case .expire:
      counters.logTimeouts += 1
      let publishes = events[event].state.logTimeouts + 1
      conclude(
        event, as: .expired,
        reason: TransitionReason(
          .logTimeout, "no delivery log came, after \(publishes) publishes"))
    case .republish:
      guard needsBody(event, for: .logTimeout(lsn: lsn)) else { return }
      counters.logTimeouts += 1
      republishUnanswered(event, lsn: lsn)
    }
  }

  private func republishUnanswered(_ event: EventSlot, lsn: LSN) {
    events[event].state.beginRepublishing(at: now.wall)
    guard takesTurn(events[event].state.lane) else {
      events[event].state.dueAt = now.wall
      append(
        .republished, event,
        reason: TransitionReason(.logTimeout, "no delivery log came; waits for its turn again"))
      waitForTurn(event)
      return awaitDurable(event, then: .settle)
    }
    republish(event, for: .logTimeout(lsn: lsn))
  }

  /// Publishes the delivery of a `pending-delivery` event once more: same id, same content.
  func republish(_ event: EventSlot, for input: EventInput) {
    if events[event].state.hasExpired(at: now.wall) { return expire(event) }
    guard events[event].state.dueAt <= now.wall else { return addTimer(event) }
    guard needsBody(event, for: input) else { return }
    let version = events[event].facts.string(.templateVersion)
    guard let template = catalog.template(version: version) ?? pinned[version] else {
      return retryLater(
        event,
        TransitionReason(
          .templateVersionMissing, "template version \(version) is not in the store"))
    }
    var delivery: [UInt8]?
    let isValid = withStoredFields(event) { fields in
      delivery = try? render(event, fields, template)
    }
    guard isValid, let delivery else {
      // It was rendered from the same bytes before: only a program with other rules comes here.
      return conclude(event, as: .expired, reason: Self.noLongerValid)
    }
    queueDelivery(event, delivery)
  }
}

// Status updates follow the log: published when their record is durable, in its order.
extension ShardEngine {
  func pumpOutbox() {
    if let from = outbox.wantsRead(durable: durableLSN) { output.rangeRead = from }
    guard window.isUsable(.status) else { return }
    for entry in outbox.takeRefused(at: now.monotonic) { publish(entry) }
    if isBroken(.publishesUpdatesTogether) { outbox.forgetBusy() }
    while let entry = outbox.takeNext(durable: durableLSN) { publish(entry) }
  }

  private func publish(_ entry: Outbox.Entry) {
    counters.statusPublished += 1
    output.publish(entry, at: now.wall)
  }

  func updateConfirmed(_ lsn: LSN) {
    guard outbox.confirm(lsn) else { return }
    counters.statusConfirmed += 1
    window.noteAnswer(.confirmed, on: .status, at: now.monotonic)
  }

  func updateRefused(_ lsn: LSN) {
    counters.statusRefused += 1
    window.noteAnswer(.refused, on: .status, at: now.monotonic)
    outbox.refuse(lsn, at: now.monotonic)
  }

  /// The connection is gone. An update that the broker closed it over is parked: its record stays
  /// in the log, and no other waits for it.
  func outboxLost(_ loss: LinkLoss) {
    guard case .refusesMessage = loss else { return outbox.connectionLost() }
    guard let update = outbox.blame() else { return }
    outbox.park(update.lsn, copy: parkUpdate(update))
  }

  /// The update of a record that is published.
  func updateEntry(_ record: Outbox.Entry.Transition) -> Outbox.Entry {
    let source = Outbox.Entry.Source(shard: settings.shard, lineage: lineage)
    return Outbox.Entry(record, of: source, using: &writer)
  }

  /// One published record that a range read has brought back, in LSN order.
  package func rangeRecord(
    lsn: LSN, key: EventKey, recordedAt: Timestamp, id: UnsafeRawBufferPointer,
    payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard let record = RecordPayload(payload), let facts = record.facts(id: id) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    outbox.add(
      updateEntry(
        Outbox.Entry.Transition(
          lsn: lsn, key: key, state: record.state, facts: facts, occurredAt: record.occurredAt,
          recordedAt: recordedAt, reason: record.reason)))
  }

  /// A range read is done: every published record below `next` has been given.
  package func rangeRead(below next: LSN) {
    outbox.didRead(below: next)
  }

  /// Notes in the log how far the updates are published, so that a start repeats only a few.
  func recordPosition() {
    let position = outbox.position(durable: durableLSN)
    guard positions.isDue(position, at: now.monotonic, isDraining: isDraining), ledger.isComplete
    else { return }
    appendPosition(position)
  }

  func appendPosition(_ position: LSN) {
    let lsn = logEnd.advance()
    let record = PositionRecord(
      outbox: isBroken(.skipsUpdatesAtRestart) ? lsn.previous : position,
      logWatch: logTimeouts.position(isNewest: { lookup.isNewest($0, of: $1) }), totals: totals)
    ledger.reconcile()
    let start = output.bytes.count
    record.write(to: &output.bytes)
    output.appends.append(
      AppendOrder(
        .position, lsn: lsn, key: nil, id: .none, isOpen: false, previousLSN: 0,
        payload: output.bytes(from: start), at: now.wall))
    positions.noted(position, lsn: lsn, at: now.monotonic)
  }

  /// The oldest record that the engine may still read by going through the log: what the outbox
  /// or the log watch has not passed. Records before it are read by the LSN of an open event only.
  package var oldestNeededLSN: LSN {
    let watched = logTimeouts.position { lookup.isNewest($0, of: $1) }
    return min(outbox.position(durable: durableLSN), watched).next
  }
}
