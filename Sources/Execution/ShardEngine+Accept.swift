import JSON
import Messages
import Templates

extension ShardEngine {
  /// Accepts a new event: its record, and what follows from it at once.
  func accept(_ fields: EventFields, key: EventKey, message: Int32, element: Range<Int>) {
    let event = insertEvent(ActiveEvent(key: key))
    accept(fields, message: message, element: element, as: event, isCancelled: false)
  }

  /// - Parameters:
  ///   - event: a slot in which there is nothing of it yet but its key.
  ///   - isCancelled: whether a cancel came before it.
  func accept(
    _ fields: EventFields, message: Int32, element: Range<Int>, as event: Int32, isCancelled: Bool
  ) {
    dieOfPoison(fields)
    counters.accepted += 1
    let inbound = messages[message].message
    let lane = inbound.inlet.lane ?? .realtime
    var state = EventState(lane: lane, acceptedAt: now.wall, bodyLSN: nextLSN)
    state.expiration = fields.expiration ?? .none
    events[event].body = inbound.storage
    events[event].bodyRange = element
    events[event].waiters.append(message)
    if messages[message].wantsReceipt {
      events[event].answers.append(.receipt(message: message))
    }
    if isCancelled {
      // A crash may leave this record without the next: the event is not to go out then either.
      state.isCancelled = true
      events[event].state = state
      events[event].facts = EventFacts(fields, inbound, template: nil)
      append(.accepted, event, isPassing: true)
      return concludeCancelled(event, Self.cancelledBefore)
    }
    if let expiration = fields.expiration, expiration <= now.wall {
      events[event].state = state
      events[event].facts = EventFacts(fields, inbound, template: nil)
      append(.accepted, event, isPassing: true)
      return expire(event)
    }
    if let scheduled = fields.scheduled, scheduled > now.wall {
      state.dueAt = scheduled
      state.startedAt = scheduled
      events[event].state = state
      events[event].facts = EventFacts(fields, inbound, template: nil)
      append(.accepted, event)
      addTimer(event)
      return awaitDurable(event, then: .settle)
    }
    if !takesTurn(lane) {
      state.dueAt = now.wall
      events[event].state = state
      events[event].facts = EventFacts(fields, inbound, template: nil)
      append(.accepted, event)
      waitForTurn(event)
      return awaitDurable(event, then: .settle)
    }
    events[event].state = state
    let template = match(fields, lane: lane)
    events[event].facts = EventFacts(fields, inbound, template: template)
    append(.accepted, event, isPassing: true)
    deliver(event, fields, template)
  }

  /// Renders and lets the delivery follow its record; without a template, or when it cannot be
  /// rendered, the event is not covered.
  func deliver(_ event: Int32, _ fields: EventFields, _ template: Template?) {
    guard let template else {
      return conclude(event, as: .notCovered, reason: noTemplate(fields, event))
    }
    do {
      awaitDurable(event, then: .publish(try render(event, fields, template)))
    } catch {
      conclude(
        event, as: .notCovered, reason: TransitionReason(error))
    }
  }

  func match(_ fields: EventFields, lane: Lane) -> Template? {
    catalog.match(query(fields, lane: lane))
  }

  private func query(_ fields: EventFields, lane: Lane) -> MatchQuery {
    MatchQuery(
      eventType: fields.type.bytes, channel: fields.channel.bytes, language: fields.language?.bytes,
      origin: fields.origin?.bytes, lane: lane, now: now.wall)
  }

  /// Nobody waits for this sentence: it may cost what it takes to say why nothing matches.
  private func noTemplate(_ fields: EventFields, _ event: Int32) -> TransitionReason {
    let explanation = catalog.explain(query(fields, lane: events[event].state.lane))
    return TransitionReason(.noTemplate, explanation.description)
  }

  /// The same id has come again: with the same body it is a duplicate, with another a conflict.
  func handleAgain(_ event: Int32, message: Int32, element: Range<Int>) {
    guard needsBody(event, for: .event(message: message, element: element)) else { return }
    guard isSameBody(event, message: message, element: element) else {
      return park(
        message, element: element,
        Rejection(
          code: .idConflict, path: "$.id", offset: 0,
          detail: "expected the body that this id was accepted with"))
    }
    counters.duplicates += 1
    ledger.countDuplicate(messages[message].message.inlet.lane ?? .realtime)
    if messages[message].wantsReceipt {
      publishReceipt(of: event, to: message, isDuplicate: true)
    }
    guard events[event].isAtRest else {
      events[event].waiters.append(message)
      return
    }
    guard events[event].state.isToBeDelivered else { return elementSettled(message) }
    // It was open at the last stop, and recovery has not come to it: this message is acknowledged
    // when its delivery is confirmed, like the one that it is a repetition of.
    events[event].waiters.append(message)
    moveToForeground(event)
    handleDue(event)
  }

  private func isSameBody(_ event: Int32, message: Int32, element: Range<Int>) -> Bool {
    let stored = events[event].body
    let storedRange = events[event].bodyRange
    let came = messages[message].message.storage
    work.spend((storedRange.count + element.count) * WorkCost.byte)
    return stored.withPart(storedRange) { first in
      came.withPart(element) { second in
        if first.elementsEqual(second) { return true }
        guard let a = try? parser.parse(padded: first),
          let b = try? otherParser.parse(padded: second)
        else { return false }
        // A field that is null is the same as one that is absent.
        return a.equalsButForNulls(b)
      }
    }
  }
}
