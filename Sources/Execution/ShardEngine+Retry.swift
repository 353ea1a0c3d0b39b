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
  func expire(_ event: Int32) {
    conclude(event, as: .expired, reason: TransitionReason(.expired, "its expiration has passed"))
  }

  /// An event's time has come. What came before may have made it pointless: then nothing is done.
  ///
  /// - Parameters:
  ///   - isTimeUp: whether its wait is over, whatever the wall clock says.
  ///   - isPaced: whether it has had its turn in the rate of its lane.
  func handleDue(_ event: Int32, isTimeUp: Bool = false, isPaced: Bool = false) {
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
  private func deliverStored(_ event: Int32) {
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
