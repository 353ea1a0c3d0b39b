import DequeModule
import JSON
import LogSequence
import Messages
import Templates

// A producer or a person wants nothing more of an event to go out. A pending event becomes
// `ignored`; of a failed one its fallback is given up. One whose delivery is out stays.
extension ShardEngine {
  /// Asks for a cancel. The answer comes in `TurnOutput.cancels`.
  ///
  /// - Parameter token: comes back in the answer.
  package func cancel(id: [UInt8], token: UInt64) {
    if isDraining || !background.add(CancelOrder(id: id, token: token)) {
      output.cancels.append(CancelAnswer(token: token, outcome: .unavailable))
    }
  }

  /// Takes those that a person has asked for. They need no room in the background: what fills that
  /// may be what is to be cancelled. True when some are left.
  func takeCancelOrders() -> Bool {
    work.share = .background
    while background.hasCancels {
      guard !work.isSpent(.background) else { return true }
      guard events.count < EngineLimits.activeEvents, reads.hasRoom(.background) else {
        return false
      }
      if let order = background.nextCancel() { begin(order) }
    }
    return false
  }

  private func begin(_ order: CancelOrder) {
    work.spend(WorkCost.element)
    order.id.withUnsafeBytes { id in
      let key = lookup.key(of: id)
      findForCancel(
        id, key, .cancelOrder(token: order.token, id: order.id), knownAbsent: false)
    }
  }

  /// A message of the type `meddela.cancel`, or an element of one.
  func takeCancel(
    _ message: MessageSlot, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) throws(Rejection) {
    try checkReplyTo(messages[message].message)
    let fields = try decodeCancel(message, root: root)
    findForCancel(
      fields.id.bytes, lookup.key(of: fields.id.bytes),
      .cancel(message: message, element: element), knownAbsent: knownAbsent)
  }

  private func decodeCancel(
    _ message: MessageSlot, root: JSONValue
  ) throws(Rejection) -> CancelFields {
    let inbound = messages[message].message
    guard !messages[message].isBatch else {
      guard settings.shardCount == 1 else {
        throw Rejection(
          code: .idMismatch, path: "$", offset: root.offset,
          detail: "expected each cancel in a message of its own, with its id as the message_id: "
            + "with more than one shard the broker chooses the shard by that")
      }
      return try CancelFields.decode(root, messageID: nil)
    }
    let mayDiffer = settings.shardCount == 1
    return try inbound.storage.withPart(inbound.messageID.range) {
      (id) throws(Rejection) -> CancelFields in
      try CancelFields.decode(root, messageID: mayDiffer ? nil : id)
    }
  }

  /// Gives a cancel to its event, if there is one.
  func findForCancel(
    _ id: UnsafeRawBufferPointer, _ key: EventKey, _ input: EventInput, knownAbsent: Bool
  ) {
    if let event = events.slot(of: key) {
      give(input, to: event)
    } else if !knownAbsent, lookup.mayContain(key) {
      let event = insertEvent(ActiveEvent(key: key, loadingFor: input))
      read(.newest(id: Array(id)), for: event)
    } else {
      remember(id, key, input)
    }
  }

  /// No such event has come: the cancel becomes a record that is found by the event's id.
  private func remember(_ id: UnsafeRawBufferPointer, _ key: EventKey, _ input: EventInput) {
    let source: CancelSource
    switch input {
    case .cancel(let message, _): source = .message(message)
    case .cancelOrder(let token, _): source = .order(token)
    default: preconditionFailure("only a cancel is remembered")
    }
    counters.cancelsRemembered += 1
    let event = insertEvent(ActiveEvent(key: key))
    becomeCancel(event, id: id)
    appendCancel(event)
    wait(source, for: event)
    awaitDurable(event, then: .settle)
  }

  /// Nothing is known of this event but that it is cancelled. `ignored`: nothing is to be done.
  private func becomeCancel(_ event: EventSlot, id: UnsafeRawBufferPointer) {
    events[event].isCancelOnly = true
    events[event].facts = EventFacts(id: id, capacity: id.count) { _, _ in }
    events[event].state.status = .ignored
  }

  private func appendCancel(_ event: EventSlot) {
    let lsn = logEnd.advance()
    let id = events[event].facts.withID { output.add($0) }
    let start = output.bytes.count
    CancelRecord(cancelledAt: now.wall).write(to: &output.bytes)
    work.spend((output.bytes.count - start + id.count) * WorkCost.byte)
    output.appends.append(
      AppendOrder(
        .cancelRequested, lsn: lsn, key: events[event].key, id: id, isOpen: false,
        previousLSN: 0, payload: output.bytes(from: start), at: now.wall))
    events[event].lastLSN = lsn
  }

  /// The newest record of an id is a cancel: its event has never come.
  func cancelWasRead(
    _ event: EventSlot, lsn: LSN, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer
  ) throws(EngineError) {
    guard events[event].isLoading, CancelRecord(payload) != nil else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    becomeCancel(event, id: id)
    events[event].lastLSN = lsn
    events[event].hasLoaded()
    drainInputs(event)
  }

  /// An input for an event that has not come, and is cancelled.
  func handleBeforeEvent(_ input: EventInput, _ event: EventSlot) {
    switch input {
    case .event(let message, let element):
      acceptCancelled(event, message: message, element: element)
    case .log(let message, let element):
      park(message, element: element, Self.noEventOfLog)
    case .cancel(let message, _): cancelAgain(.message(message), event)
    case .cancelOrder(let token, _): cancelAgain(.order(token), event)
    case .redrive(let token, _, _): answerRedrive(token, .notFound)
    case .due, .retry, .carry, .carryFinal, .logTimeout, .paced: break
    }
  }

  private func cancelAgain(_ source: CancelSource, _ event: EventSlot) {
    counters.cancelsRepeated += 1
    answer(source, event, .remembered(isRepeated: true))
    if case .message(let message) = source { elementSettled(message) }
  }

  /// The event of a cancel has come. It was decoded before it was given to its slot.
  private func acceptCancelled(_ event: EventSlot, message: MessageSlot, element: Range<Int>) {
    let storage = messages[message].message.storage
    work.spend(element.count * WorkCost.byte)
    storage.withPart(element) { bytes in
      do {
        let root = try parser.parse(padded: bytes)
        let fields = try EventFields.decode(root, messageID: nil)
        let isForgotten =
          isBroken(.forgetsCancelsAtRestart) && events[event].lastLSN < recovery.firstLSN
        events[event].isCancelOnly = false
        accept(
          fields, message: message, element: element, as: event, isCancelled: !isForgotten)
      } catch let error as Rejection {
        park(message, element: element, error)
      } catch let error as JSONError {
        park(message, element: element, Rejection(error))
      } catch {
        preconditionFailure("decoding throws nothing else")
      }
    }
  }

  static var cancelledBefore: String { "cancelled before it came" }

  /// The event ends before anything of it has gone out.
  func concludeCancelled(_ event: EventSlot, _ text: String) {
    counters.cancelled += 1
    events[event].state.isCancelled = true
    conclude(event, as: .ignored, reason: TransitionReason(.cancelled, text))
  }

  /// A cancel for an event that is known.
  func handleCancel(_ event: EventSlot, by source: CancelSource) {
    let queued = events[event].queued
    switch events[event].cancel() {
    case .repeated(let status):
      counters.cancelsRepeated += 1
      conclude(source, event, .cancelled(status, isRepeated: true))
    case .conclude:
      wait(source, for: event)
      concludeCancelled(event, "cancelled while it was pending")
      if isBroken(.publishesCancelled), let queued {
        events[event].awaitDurable(.publish(queued.bytes))
      }
    case .stayFailed:
      counters.cancelled += 1
      append(
        .evidence, event, reason: TransitionReason(.cancelled, "no fallback channel is tried"))
      wait(source, for: event)
      awaitDurable(event, then: .settle)
    case .tooLate(let status):
      counters.cancelsTooLate += 1
      conclude(source, event, .tooLate(status))
    }
  }

  /// Answers when the event's newest record is durable.
  private func wait(_ source: CancelSource, for event: EventSlot) {
    events[event].answers.append(.cancel(source))
    if case .message(let message) = source { events[event].waiters.append(message) }
  }

  func cancelIsDurable(_ event: EventSlot, by source: CancelSource) {
    let outcome: CancelOutcome =
      events[event].isCancelOnly
      ? .remembered(isRepeated: false)
      : .cancelled(events[event].state.status, isRepeated: false)
    answer(source, event, outcome)
  }

  /// Nothing is to become durable for it.
  private func conclude(_ source: CancelSource, _ event: EventSlot, _ outcome: CancelOutcome) {
    answer(source, event, outcome)
    if case .message(let message) = source { elementSettled(message) }
  }

  private func answer(_ source: CancelSource, _ event: EventSlot, _ outcome: CancelOutcome) {
    switch source {
    case .message(let message): publishCancelReceipt(outcome, of: event, to: message)
    case .order(let token):
      output.cancels.append(CancelAnswer(token: token, outcome: outcome))
    }
  }
}

// A person wants an event that ended without success delivered after all.
extension ShardEngine {
  /// Asks for another attempt of a `not-covered`, `expired` or `delivery-failed` event, beginning
  /// with the channel that it was accepted for and a template of the present catalog. The answer
  /// comes in `TurnOutput.redrives`. The rate is the caller's affair.
  ///
  /// - Parameters:
  ///   - sequence: only if this is still the event's newest transition, which makes the call safe
  ///     to repeat; 0: in any case.
  ///   - token: comes back in the answer.
  package func redrive(id: [UInt8], sequence: UInt32, token: UInt64) {
    order(
      BackgroundWork.Redrive(id: id, sequence: sequence, token: token, isResend: false))
  }

  /// Asks for the delivery of an event of any final status once more: another attempt, on the
  /// channel and with the template version of the last one. Answered as a redrive is; parameters
  /// as there.
  package func resend(id: [UInt8], sequence: UInt32, token: UInt64) {
    order(
      BackgroundWork.Redrive(id: id, sequence: sequence, token: token, isResend: true))
  }

  private func order(_ redrive: BackgroundWork.Redrive) {
    let token = redrive.token
    if isDraining || !background.add(redrive) { answerRedrive(token, .unavailable) }
  }

  /// There is room for a redrive.
  func begin(_ redrive: BackgroundWork.Redrive) {
    let key = redrive.id.withUnsafeBytes { lookup.key(of: $0) }
    let input = EventInput.redrive(
      token: redrive.token, sequence: redrive.sequence, isResend: redrive.isResend)
    if let event = events.slot(of: key) {
      give(input, to: event)
    } else if lookup.mayContain(key) {
      let event = insertEvent(ActiveEvent(key: key, loadingFor: input))
      moveToBackground(event)
      read(.newest(id: redrive.id), for: event)
    } else {
      answerRedrive(redrive.token, .notFound)
    }
  }

  func answerRedrive(_ token: UInt64, _ outcome: RedriveOutcome) {
    output.redrives.append(RedriveAnswer(token: token, outcome: outcome))
  }

  func handleRedrive(_ event: EventSlot, token: UInt64, sequence: UInt32, isResend: Bool) {
    let refusal = events[event].refusal(ofRedrive: sequence, isResend: isResend, at: now.wall)
    if let refusal { return answerRedrive(token, refusal) }
    let status = events[event].state.status
    let input = EventInput.redrive(token: token, sequence: sequence, isResend: isResend)
    guard needsBody(event, for: input) else { return }
    let version = isResend ? events[event].facts.string(.templateVersion) : ""
    let isValid: Bool
    if let pin = catalog.template(version: version) ?? pinned[version] {
      isValid = withStoredFields(event) { fields in
        beginAgain(event, fields, pin, reason: Self.resent, token: token)
      }
    } else {
      isValid = withOriginalFields(event) { fields in
        beginAgain(
          event, fields, nil, reason: isResend ? Self.resent : Self.redriven, token: token)
      }
    }
    // It was valid when it was accepted: only a program with other rules comes here.
    if !isValid { answerRedrive(token, .illegalStatus(status)) }
  }

  private static var redriven: TransitionReason {
    TransitionReason(.redriven, "another attempt was asked for")
  }
  private static var resent: TransitionReason {
    TransitionReason(.resent, "the same delivery was asked for once more")
  }

  /// - Parameter pin: the template version to keep to; nil for what the event gets at present.
  private func beginAgain(
    _ event: EventSlot, _ fields: EventFields, _ pin: Template?, reason: TransitionReason,
    token: UInt64
  ) {
    let state = events[event].state
    let hasTurn = takesTurn(state.lane)
    let template = pin ?? (hasTurn ? match(fields, lane: state.lane) : nil)
    events[event].facts = events[event].facts.with(
      channel: fields.channel.bytes, template: template.map { ($0.name, $0.version) },
      tried: [], fallbacks: [])
    events[event].state.begin(attempt: state.attempt + 1, at: now.wall)
    events[event].answers.append(.redrive(token: token))
    counters.redriven += 1
    if !hasTurn { events[event].state.dueAt = now.wall }
    append(.transition, event, reason: reason, isPassing: hasTurn)
    if hasTurn { return deliver(event, fields, template) }
    waitForTurn(event)
    awaitDurable(event, then: .settle)
  }
}
