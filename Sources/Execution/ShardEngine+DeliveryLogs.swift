import JSON
import Messages

extension ShardEngine {
  /// A delivery log has come: find the event that it is about.
  func takeLog(
    _ message: Int32, root: JSONValue, element: Range<Int>, knownAbsent: Bool
  ) throws(Rejection) {
    let log = try DeliveryLogFields.decode(root)
    guard log.shard == settings.shard else {
      throw unknownDelivery("the delivery is of shard \(log.shard)", element)
    }
    let key = lookup.key(of: log.eventID.bytes)
    if let event = eventSlots[key] {
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
  func handleLog(_ event: Int32, message: Int32, element: Range<Int>) {
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
    _ log: DeliveryLogFields, to event: Int32, message: Int32, element: Range<Int>
  ) {
    let claim = LogClaim(
      attempt: log.attempt, outcome: log.outcome, occurredAt: log.occurredAt)
    switch events[event].take(claim, by: logClock) {
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
  private func move(_ event: Int32, by log: DeliveryLogFields, _ message: Int32) {
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
  private func keepAsEvidence(_ log: DeliveryLogFields, _ event: Int32, _ message: Int32) {
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
