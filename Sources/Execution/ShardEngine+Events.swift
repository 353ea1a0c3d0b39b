import JSON
import Messages

// The working set: events come into it with an input and leave it when nothing is under way.
extension ShardEngine {
  func insertEvent(_ key: EventKey, phase: ActiveEvent.Phase) -> Int32 {
    let slot = events.insert(ActiveEvent(key: key, phase: phase))
    eventSlots[key] = slot
    return slot
  }

  func readToken(_ event: Int32) -> UInt64 {
    let reference = events.reference(event)
    return UInt64(reference.serial) << 32 | UInt64(UInt32(event))
  }

  /// Gives an input to an event in the working set: now, or when it is ready for it.
  func give(_ input: EventInput, to event: Int32) {
    switch events[event].phase {
    case .loading, .loadingBody, .recording:
      events[event].inputs.append(input)
    case .queued, .publishing, .ready:
      handle(input, event)
      finishIfIdle(event)
    }
  }

  /// Gives an input to an event that may have to be read first.
  func give(_ input: EventInput, to key: EventKey, lsn: UInt64) {
    if let event = eventSlots[key] { return give(input, to: event) }
    let event = insertEvent(key, phase: .loading)
    events[event].inputs.append(input)
    output.reads.append(ReadOrder(token: readToken(event), target: .record(lsn: lsn)))
  }

  func handle(_ input: EventInput, _ event: Int32) {
    switch input {
    case .event(let message, let element): handleAgain(event, message: message, element: element)
    case .log(let message, let element): handleLog(event, message: message, element: element)
    case .due: handleDue(event)
    case .carry: handleCarry(event)
    case .paced: handleDue(event, isPaced: true)
    case .redrive(let token, let sequence):
      handleRedrive(event, token: token, sequence: sequence)
    case .logTimeout(let lsn): handleLogTimeout(event, lsn: lsn)
    }
  }

  /// Hands an event the inputs that waited, as long as it is ready for them.
  func drainInputs(_ event: Int32) {
    while !events[event].inputs.isEmpty {
      switch events[event].phase {
      case .loading, .loadingBody, .recording: return
      case .queued, .publishing, .ready: break
      }
      handle(events[event].inputs.removeFirst(), event)
    }
    finishIfIdle(event)
  }

  /// Lets an event go of which nothing is under way.
  func finishIfIdle(_ event: Int32) {
    guard events[event].phase == .ready, events[event].inputs.isEmpty else { return }
    precondition(events[event].waiters.isEmpty, "an idle event keeps no message waiting")
    let key = events[event].key
    resumedUnderWay.remove(key)
    eventSlots[key] = nil
    events.remove(event)
  }

  /// The answer to a read. Nil: there is no such record.
  package func readAnswered(
    token: UInt64, lsn: UInt64, id: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer?
  ) throws(EngineError) {
    if try parkedCopyRead(token: token, payload: payload) { return }
    let reference = SlotTable<ActiveEvent>.Reference(
      slot: Int32(truncatingIfNeeded: token & 0xFFFF_FFFF),
      serial: UInt32(truncatingIfNeeded: token >> 32))
    guard events.contains(reference) else { return }
    let event = reference.slot
    guard let payload else { return foundNothing(event) }
    guard let record = RecordPayload(payload), let facts = record.facts(id: id) else {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    if events[event].phase == .loading {
      events[event].facts = facts
      events[event].state = record.state
      events[event].lastLSN = lsn
    }
    if !record.bodyBytes.isEmpty {
      events[event].bodyRange = 0..<record.bodyBytes.count
      events[event].body = Array(record.bodyBytes) + [UInt8](repeating: 0, count: jsonPadding)
    } else if events[event].phase == .loadingBody {
      throw EngineError.unreadableRecord(lsn: lsn)
    }
    events[event].phase = .ready
    drainInputs(event)
  }

  /// Another event's fingerprint was the same: this one is unknown. Its inputs start over.
  private func foundNothing(_ event: Int32) {
    let inputs = events[event].inputs
    eventSlots[events[event].key] = nil
    events.remove(event)
    for input in inputs {
      switch input {
      case .event(let message, let element), .log(let message, let element):
        take(message, element: element, knownAbsent: true)
      case .redrive(let token, _): answerRedrive(token, .notFound)
      case .due, .paced, .logTimeout, .carry: break
      }
    }
  }

  /// Makes sure that the event's body is at hand. False: it is being read, and the input will
  /// be given again.
  func needsBody(_ event: Int32, for input: EventInput) -> Bool {
    if events[event].hasBody { return true }
    precondition(events[event].phase == .ready, "an event that is being delivered has its body")
    events[event].phase = .loadingBody
    events[event].inputs.insert(input, at: 0)
    output.reads.append(
      ReadOrder(token: readToken(event), target: .record(lsn: events[event].state.bodyLSN)))
    return false
  }
}

/// What stops an engine: something that its own log says and that cannot be.
package enum EngineError: Error, Sendable, Equatable {
  /// A record's payload is not of the format that this program writes.
  case unreadableRecord(lsn: UInt64)
}
