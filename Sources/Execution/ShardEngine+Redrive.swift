import JSON
import Messages
import Templates

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
    if let event = eventSlots[key] {
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

  func handleRedrive(_ event: Int32, token: UInt64, sequence: UInt32, isResend: Bool) {
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
    _ event: Int32, _ fields: EventFields, _ pin: Template?, reason: TransitionReason,
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
