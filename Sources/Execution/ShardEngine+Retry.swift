import JSON
import Messages
import Templates

extension ShardEngine {
  /// The broker did not take a delivery: the event waits durably for its next try, or has had
  /// its last one.
  ///
  /// - Parameter next: what its next try waits for.
  func retryLater(_ event: Int32, _ reason: TransitionReason, until next: RetryWait = .pause) {
    let state = events[event].state
    if givesUpAt(state) <= now.wall {
      return conclude(event, as: .expired, reason: reason)
    }
    counters.retries += 1
    let failures = Int(state.errorCount) + 1
    // A start that an earlier life took from a clock ahead of this one: it would never give up.
    if state.startedAt > now.wall { events[event].state.startedAt = now.wall }
    events[event].state.errorCount = UInt16(clamping: failures)
    let wait = backoff.nanoseconds(failures: failures)
    let dueAt = Timestamp(nanoseconds: now.wall.nanoseconds + wait)
    if state.status == .pendingDelivery {
      events[event].state.dueAt = dueAt
      append(.republished, event, reason: reason)
    } else {
      events[event].state.move(to: .pending)
      events[event].state.dueAt = dueAt
      append(.transition, event, reason: reason)
    }
    hold(event, until: next)
    awaitDurable(event, then: .settle)
  }

  /// When an event that no queue takes has had its last try.
  func givesUpAt(_ state: EventState) -> Timestamp {
    Timestamp(
      nanoseconds: state.startedAt.nanoseconds + settings.giveUpSeconds * 1_000_000_000)
  }

  /// An event's time has come. What came before may have made it pointless: then nothing is done.
  ///
  /// - Parameters:
  ///   - isTimeUp: whether its wait is over, whatever the wall clock says.
  ///   - isPaced: whether it has had its turn in the rate of its lane.
  func handleDue(_ event: Int32, isTimeUp: Bool = false, isPaced: Bool = false) {
    let state = events[event].state
    guard events[event].isAtRest, state.isDriven else { return }
    if state.isCancelled, state.status == .pending {
      return concludeCancelled(event, Self.cancelledBefore)
    }
    if !state.expiration.isNone, state.expiration <= now.wall {
      if state.status == .deliveryFailed { return recycle(event) }
      return conclude(
        event, as: .expired, reason: TransitionReason(.expired, "its expiration has passed"))
    }
    guard isTimeUp || wakeUps.remaining(state.wait, until: state.dueAt, at: now.wall) == 0 else {
      return addTimer(event)
    }
    if state.dueAt > now.wall { events[event].state.dueAt = now.wall }
    let needsTurn = !isPaced && !state.dueAt.isNone && !isBroken(.driveOnIgnoresRate)
    if needsTurn, !takesTurn(state.lane) { return waitForTurn(event) }
    switch state.status {
    case .pendingDelivery: return republish(event, for: .paced)
    case .deliveryFailed: return recycle(event)
    case .pending, .sent, .ignored, .notCovered, .expired: break
    }
    guard needsBody(event, for: .paced) else { return }
    let isValid = withStoredFields(event) { driveOn(event, $0) }
    guard isValid else {
      return conclude(event, as: .notCovered, reason: Self.noLongerValid)
    }
  }

  /// It was valid when it was accepted: only a program with other rules comes here.
  static var noLongerValid: TransitionReason {
    TransitionReason(.noTemplate, "the stored event is no longer valid")
  }

  /// Decodes the event's stored body, on the channel that its present attempt goes out on.
  /// False, and `work` is not called, when it is no longer an event with an address there.
  func withStoredFields(_ event: Int32, _ work: (EventFields) -> Void) -> Bool {
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
  private func driveOn(_ event: Int32, _ fields: EventFields) {
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

  private func driveOn(_ event: Int32, _ fields: EventFields, _ template: Template) {
    do {
      queueDelivery(event, try render(event, fields, template))
    } catch {
      conclude(
        event, as: .notCovered, reason: TransitionReason(error))
    }
  }
}

/// What the next try of a delivery waits for.
enum RetryWait {
  /// The pause that its failures make.
  case pause
  /// That its queue answers.
  case answer
  /// That those over which the broker closes its queue's connection are found.
  case search
}
