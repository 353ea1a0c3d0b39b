import JSON
import Messages
import Templates

// A new event and its first attempt; the same event again.
extension ShardEngine {
  /// Accepts a new event: its record, and what follows from it at once.
  func accept(_ fields: EventFields, key: EventKey, message: MessageSlot, element: Range<Int>) {
    let event = insertEvent(ActiveEvent(key: key))
    accept(fields, message: message, element: element, as: event, isCancelled: false)
  }

  /// - Parameters:
  ///   - event: a slot in which there is nothing of it yet but its key.
  ///   - isCancelled: whether a cancel came before it.
  func accept(
    _ fields: EventFields, message: MessageSlot, element: Range<Int>, as event: EventSlot,
    isCancelled: Bool
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
  func deliver(_ event: EventSlot, _ fields: EventFields, _ template: Template?) {
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
  private func noTemplate(_ fields: EventFields, _ event: EventSlot) -> TransitionReason {
    let explanation = catalog.explain(query(fields, lane: events[event].state.lane))
    return TransitionReason(.noTemplate, explanation.description)
  }

  /// The same id has come again: with the same body it is a duplicate, with another a conflict.
  func handleAgain(_ event: EventSlot, message: MessageSlot, element: Range<Int>) {
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

  private func isSameBody(_ event: EventSlot, message: MessageSlot, element: Range<Int>) -> Bool {
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

// Another try of the same attempt, and what goes on from the log when its time has come.
extension ShardEngine {
  /// The broker did not take a delivery: the event waits durably for its next try, or has had
  /// its last one.
  ///
  /// - Parameter next: what its next try waits for.
  func retryLater(_ event: EventSlot, _ reason: TransitionReason, until next: RetryWait = .pause) {
    let state = events[event].state
    if givesUpAt(state) <= now.wall { return conclude(event, as: .expired, reason: reason) }
    counters.retries += 1
    let failures = Int(state.errorCount) + 1
    let kind = events[event].state.retry(
      after: backoff.nanoseconds(failures: failures), failures: failures, at: now.wall)
    append(kind, event, reason: reason)
    hold(event, until: next)
    awaitDurable(event, then: .settle)
  }

  /// When an event that no queue takes has had its last try.
  func givesUpAt(_ state: EventState) -> Timestamp {
    state.givesUpAt(after: settings.giveUpSeconds)
  }

  /// Its expiration has passed.
  func expire(_ event: EventSlot) {
    conclude(event, as: .expired, reason: TransitionReason(.expired, "its expiration has passed"))
  }

  /// An event's time has come. What came before may have made it pointless: then nothing is done.
  ///
  /// - Parameters:
  ///   - isTimeUp: whether its wait is over, whatever the wall clock says.
  ///   - isPaced: whether it has had its turn in the rate of its lane.
  func handleDue(_ event: EventSlot, isTimeUp: Bool = false, isPaced: Bool = false) {
    let state = events[event].state
    let isTimeUp =
      isTimeUp || wakeUps.remaining(state.wait, until: state.dueAt, at: now.wall) == 0
    switch events[event].due(at: now.wall, isTimeUp: isTimeUp, isPaced: isPaced) {
    case .nothing: break
    case .ignore: concludeCancelled(event, Self.cancelledBefore)
    case .expire: expire(event)
    case .wait: addTimer(event)
    case .recycle: recycle(event)
    case .goOn(let needsTurn):
      if needsTurn, !isBroken(.driveOnIgnoresRate), !takesTurn(state.lane) {
        return waitForTurn(event)
      }
      switch events[event].drive {
      case .deliver: deliverStored(event)
      case .republish: republish(event, for: .paced)
      case .recycle: recycle(event)
      }
    }
  }

  /// Delivers a pending event, or publishes nothing when its body is still to be read.
  private func deliverStored(_ event: EventSlot) {
    guard needsBody(event, for: .paced) else { return }
    guard withStoredFields(event, { driveOn(event, $0) }) else {
      return conclude(event, as: .notCovered, reason: Self.noLongerValid)
    }
  }

  /// It was valid when it was accepted: only a program with other rules comes here.
  static var noLongerValid: TransitionReason {
    TransitionReason(.noTemplate, "the stored event is no longer valid")
  }

  /// Decodes the event's stored body, on the channel that its present attempt goes out on.
  /// False, and `work` is not called, when it is no longer an event with an address there.
  func withStoredFields(_ event: EventSlot, _ work: (EventFields) -> Void) -> Bool {
    let body = events[event].body
    let facts = events[event].facts
    self.work.spend(body.count * WorkCost.byte)
    return body.withPart(events[event].bodyRange) { bytes in
      guard let root = try? parser.parse(padded: bytes),
        let fields = try? EventFields.decode(root, messageID: nil, isStored: true)
      else { return false }
      return facts.with(.channel) { channel in
        if fields.channel.bytes.elementsEqual(channel) {
          work(fields)
          return true
        }
        guard let other = fields.on(channel: JSONString(bytes: channel)) else { return false }
        work(other)
        return true
      }
    }
  }

  /// Delivers a pending event from its stored body, with the template version that it is pinned
  /// to, if it is.
  private func driveOn(_ event: EventSlot, _ fields: EventFields) {
    let version = events[event].facts.string(.templateVersion)
    guard version.isEmpty else {
      let present = isBroken(.rendersAnew) ? match(fields, lane: events[event].state.lane) : nil
      guard let template = present ?? catalog.template(version: version) ?? pinned[version] else {
        return retryLater(
          event,
          TransitionReason(
            .templateVersionMissing, "template version \(version) is not in the store"))
      }
      return driveOn(event, fields, template)
    }
    guard let template = match(fields, lane: events[event].state.lane) else {
      return deliver(event, fields, nil)
    }
    events[event].facts = events[event].facts.with(
      channel: fields.channel.bytes, templateName: template.name,
      templateVersion: template.version)
    events[event].state.move(to: .pending)
    events[event].state.dueAt = .none
    append(.transition, event, isPassing: true)
    deliver(event, fields, template)
  }

  private func driveOn(_ event: EventSlot, _ fields: EventFields, _ template: Template) {
    do {
      queueDelivery(event, try render(event, fields, template))
    } catch {
      conclude(
        event, as: .notCovered, reason: TransitionReason(error))
    }
  }
}

// A failed delivery goes on to the next channel that its template names, if the event has an
// address there: another attempt of the same event, each channel at most once in a drive.
extension ShardEngine {
  /// Whether a failure of the event's present attempt leaves a channel to try.
  func hasFallback(_ event: EventSlot) -> Bool {
    events[event].state.attempt < .max && !remainingChannels(event).isEmpty
  }

  private func remainingChannels(_ event: EventSlot) -> [String] {
    let version = events[event].facts.string(.templateVersion)
    let template = catalog.template(version: version) ?? pinned[version]
    return events[event].facts.remainingChannels(template?.fallback ?? [])
  }

  /// The failure is durable, and so is that a channel is to be tried: now, if there is room.
  func goOnRecycling(_ event: EventSlot) {
    guard events[event].state.status == .deliveryFailed, events[event].isAtRest else {
      return
    }
    guard events[event].isBackground || background.hasRoom else {
      return background.addFallback(events[event].key, lsn: events[event].lastLSN)
    }
    moveToBackground(event)
    handleDue(event)
  }

  /// Tries the first channel that has an address, a template and what that needs. When none has,
  /// the event stays failed, and its history says so.
  func recycle(_ event: EventSlot) {
    guard needsBody(event, for: .paced) else { return }
    if events[event].state.hasExpired(at: now.wall) {
      return stayFailed(event, "its expiration has passed")
    }
    var channels = remainingChannels(event)
    var tried = events[event].facts.channels(.triedChannels)
    tried.append(events[event].facts.string(.channel))
    while !channels.isEmpty {
      let channel = channels.removeFirst()
      if attempt(event, on: channel, tried: tried, fallbacks: channels) { return }
      tried.append(channel)
    }
    stayFailed(event, "no fallback channel has an address and a template for the event")
  }

  /// Begins the next attempt on a channel. False, and nothing has changed, when that is not
  /// possible.
  private func attempt(
    _ event: EventSlot, on channel: String, tried: [String], fallbacks: [String]
  ) -> Bool {
    let before = (events[event].state, events[event].facts)
    var delivery: [UInt8]?
    var name = channel
    name.withUTF8 { channel in
      _ = withOriginalFields(event) { original in
        guard let fields = original.on(channel: JSONString(bytes: .init(channel))),
          let template = match(fields, lane: before.0.lane)
        else { return }
        events[event].state.begin(attempt: before.0.attempt + 1, at: now.wall)
        events[event].facts = before.1.with(
          channel: fields.channel.bytes, template: (template.name, template.version),
          tried: tried, fallbacks: fallbacks)
        delivery = try? render(event, fields, template)
      }
    }
    guard let delivery else {
      (events[event].state, events[event].facts) = before
      return false
    }
    counters.recycled += 1
    append(
      .transition, event,
      reason: TransitionReason(.recycled, "\(channel), after \(tried.joined(separator: ", "))"),
      isPassing: true)
    awaitDurable(event, then: .publish(delivery))
    return true
  }

  private func stayFailed(_ event: EventSlot, _ text: String) {
    events[event].state.dueAt = .none
    append(.evidence, event, reason: TransitionReason(.noFallback, text))
    awaitDurable(event, then: .settle)
  }

  /// Decodes the event's stored body, on the channel that it was accepted for. False when it is
  /// no longer an event.
  func withOriginalFields(_ event: EventSlot, _ work: (EventFields) -> Void) -> Bool {
    let body = events[event].body
    self.work.spend(body.count * WorkCost.byte)
    return body.withPart(events[event].bodyRange) { bytes in
      guard let root = try? parser.parse(padded: bytes),
        let fields = try? EventFields.decode(root, messageID: nil, isStored: true)
      else { return false }
      work(fields)
      return true
    }
  }
}
