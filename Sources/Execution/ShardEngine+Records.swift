import JSON
import Messages
import Templates

extension ShardEngine {
  /// Appends a record with the event's present state, and its status update to the outbox if it
  /// is one that is published.
  func append(
    _ kind: RecordKind, _ event: Int32, reason: TransitionReason = .none,
    occurredAt: Timestamp? = nil, isPassing: Bool = false
  ) {
    let lsn = nextLSN
    nextLSN += 1
    let occurred = occurredAt ?? now.wall
    let isPublished =
      kind.isTransition && publishes(events[event].state.status, isPassing: isPassing)
    let id = events[event].facts.withID { output.add($0) }
    let start = output.bytes.count
    let body = kind == .accepted || kind == .carried ? events[event].bodyRange : 0..<0
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
  func awaitDurable(_ event: Int32, then: ActiveEvent.Then) {
    if isBroken(.publishesBeforeDurable), case .publish(let delivery) = then {
      return queueDelivery(event, delivery)
    }
    if isBroken(.settlesBeforeDurable) { events[event].waiters.removeAll { elementSettled($0) } }
    events[event].awaitDurable(then)
    awaitingDurable.append((events[event].lastLSN, events.reference(event)))
  }

  func recordIsDurable(_ event: Int32) {
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

  private func giveAnswers(_ event: Int32) {
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
  func settle(_ event: Int32) {
    events[event].rest()
    events[event].waiters.removeAll { elementSettled($0) }
  }

  /// Moves an event to a status for which no delivery is under way, and settles it when that is
  /// durable.
  func conclude(_ event: Int32, as status: Status, reason: TransitionReason) {
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
