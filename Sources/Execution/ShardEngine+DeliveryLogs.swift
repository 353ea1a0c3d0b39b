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

  /// Applies a log: of several logs for the current attempt the later one wins, ties by
  /// failed > ignored > sent. Logs of older attempts change nothing.
  private func apply(
    _ log: DeliveryLogFields, to event: Int32, message: Int32, element: Range<Int>
  ) {
    let state = events[event].state
    guard log.attempt <= state.attempt else {
      return park(
        message, element: element,
        unknownDelivery("the event has had \(state.attempt) attempts", element))
    }
    guard log.attempt == state.attempt else {
      return keepAsEvidence(log, event, message)
    }
    switch state.status {
    case .notCovered:
      return refuse(message)
    case .pending where events[event].facts.range(of: .templateVersion).isEmpty,
      .ignored
    where state.isCancelled && events[event].facts.range(of: .templateVersion).isEmpty:
      // Nothing was ever published: the log cannot be about a delivery of ours.
      return refuse(message)
    case .pending, .pendingDelivery, .expired:
      move(event, by: log, at: moment(of: log, after: state), message)
    case .sent, .ignored, .deliveryFailed:
      applyAnother(log, to: event, message)
    }
  }

  /// The status is from a log of the same attempt already.
  private func applyAnother(_ log: DeliveryLogFields, to event: Int32, _ message: Int32) {
    let state = events[event].state
    if isKnown(log, state) {
      // It counts from when it first came: the status is its own, or of one that beats it.
      guard log.outcome == state.status else { return keepAsEvidence(log, event, message) }
      counters.logsRepeated += 1
      return elementSettled(message)
    }
    let moment = moment(of: log, after: state)
    let known = (knownMoment(state), state.status.logRank)
    let came = (moment.time, log.outcome.logRank)
    if isBroken(.appliesLogsAsTheyCome), log.outcome != state.status {
      move(event, by: log, at: moment, message)
    } else if came == known, !moment.isArrival {
      counters.logsRepeated += 1
      elementSettled(message)
    } else if came <= known {
      if moment.isArrival { events[event].state.futureLogs.add(log.occurredAt, log.outcome) }
      keepAsEvidence(log, event, message)
    } else if log.outcome == state.status {
      events[event].state.take(log, at: moment)
      keepAsEvidence(log, event, message)
    } else {
      move(event, by: log, at: moment, message)
    }
  }

  private func move(
    _ event: Int32, by log: DeliveryLogFields, at moment: LogMoment, _ message: Int32
  ) {
    precondition(events[event].state.status.canMove(to: log.outcome), "checked by the caller")
    counters.logsApplied += 1
    if let published = events[event].published {
      // The log proves that the broker took the delivery: its confirm says nothing new.
      answer(published.token, .givenUp)
    }
    events[event].state.take(log, at: moment)
    events[event].state.move(to: log.outcome)
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

  private func refuse(_ message: Int32) {
    counters.logsRefused += 1
    elementSettled(message)
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

extension Status {
  /// Which of two logs of the same instant wins.
  var logRank: Int {
    switch self {
    case .deliveryFailed: 3
    case .ignored: 2
    case .sent: 1
    case .pending, .pendingDelivery, .notCovered, .expired: 0
    }
  }
}
