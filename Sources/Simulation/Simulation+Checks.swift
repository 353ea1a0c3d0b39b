import Execution
import LogSequence
import Messages

// What is checked of acknowledgements and records while the world goes on.
extension Simulation {
  /// 1: for each event of the message the record is durable, and it is not in a state in which
  /// its delivery may still be unconfirmed.
  func checkMayBeSettled(_ message: ModelBroker.Message, _ inlet: Inlet) {
    if message.isCancel {
      for id in message.ids { checkCancelled(id, "the cancel of \(id) was settled") }
      return
    }
    for id in message.ids {
      let records = log.durableRecords(of: log.key(of: id)).filter { $0.kind.isOfEvent }
      guard let state = records.first?.state else {
        if !broker.hasParked(id), !log.hasParked(id) {
          violate(.acknowledged, "\(id) was settled before it was durable or parked")
        }
        continue
      }
      if inlet == .deliveryLogs {
        if let sent = message.log { checkRecorded(sent, records, state) }
      } else if state.status == .pending, state.dueAt.isNone, !records.contains(where: hasWaited),
        !broker.hasParked(id), !log.hasParked(id)
      {
        violate(.confirmedFirst, "\(id) was settled while its delivery was unconfirmed")
      }
    }
  }

  /// Whether an event was once durable in a state in which it may be acknowledged. From then on
  /// the log alone drives it on, and a message that it shares with others may follow later.
  private func hasWaited(_ record: ModelLog.Record) -> Bool {
    record.state.map { $0.status != .pending || !$0.dueAt.isNone } ?? false
  }

  /// 1: what a log says is in a durable record of its attempt, or a later log is, or it is of an
  /// attempt that is over.
  private func checkRecorded(
    _ sent: ModelBroker.SentLog, _ records: [ModelLog.Record], _ newest: EventState
  ) {
    guard let attempt = deliveryID(sent.deliveryID)?.attempt, newest.attempt <= attempt else {
      return
    }
    let isRecorded = records.contains { record in
      guard let state = record.state, state.attempt == attempt, !state.logOccurredAt.isNone else {
        return false
      }
      let known = ModelBroker.SentLog(
        deliveryID: sent.deliveryID, occurredAt: state.logOccurredAt, outcome: state.status)
      return !known.isBefore(sent) || record.occurredAt == sent.occurredAt
    }
    if !isRecorded { violate(.logRecorded, "a log of \(sent.deliveryID) was settled too early") }
  }

  /// 1: the log says that the broker has a delivery only when it has.
  func checkDurable(_ record: ModelLog.Record) {
    guard record.kind == .transition, record.status == Status.pendingDelivery.rawValue,
      let state = record.state
    else { return }
    let id = "\(String(decoding: record.id, as: UTF8.self)).\(shard).\(state.attempt)"
    if broker.deliveries[id] == nil {
      violate(.delivered, "\(id) counts as delivered, but the broker has none")
    }
  }

  /// 12: of what one turn takes real-time comes first, and batch has its slice of it.
  func checkShares() {
    var batch = 0
    // One that is cancelled already waits for the read of its cancel, which no turn orders.
    for order in output.appends where order.kind == .accepted && order.previousLSN == 0 {
      let payload = output.bytes[
        order.payload.offset..<order.payload.offset + order.payload.count]
      let lane = Array(payload).withUnsafeBytes { RecordPayload($0)?.state.lane }
      if lane == .batch { batch += 1 }
      if lane == .realtime, batch > 0 {
        violate(.realtimeFirst, "a real-time event was taken behind \(batch) of batch")
      }
    }
    if batch > 64 { violate(.realtimeFirst, "\(batch) batch events in one turn") }
  }

  /// Looks at all that is under way, so not after each turn: that would take half of the time. An
  /// engine that is broken on purpose is held to the rule that it breaks.
  func checkInvariants() {
    guard plan.breaks.isSubset(of: .countsEndedEvents) else { return }
    turnsSinceChecked += 1
    guard turnsSinceChecked > 15 + engine.activeEvents / 16 else { return }
    turnsSinceChecked = 0
    for problem in EngineInvariants.broken(in: engine) { violate(.counted, problem) }
  }

  /// 11: memory is bounded; and the totals add up. 14: isolation ends.
  func checkBounds() {
    if engine.activeEvents > 16_384 {
      violate(.bounded, "\(engine.activeEvents) active events")
    }
    for inlet in Inlet.allCases {
      let waiting = engine.held.waiting(inlet)
      if waiting > plan.heldBytes / 12 + largestMessage, !engine.isIsolating {
        violate(.bounded, "\(waiting) bytes wait for a turn in \(inlet)")
      }
    }
    for mismatch in engine.mismatches { violate(.totals, "reconciliation: \(mismatch)") }
    let passed = min(nanoseconds - lastTurnAt, 100_000_000)
    lastTurnAt = nanoseconds
    isolatedFor = engine.isIsolating ? isolatedFor + passed : 0
    if isolatedFor > 3_300_000_000 {
      violate(.isolation, "only suspects are taken for \(isolatedFor) ns")
    }
  }

  /// 14: a calm event that still waits.
  func checkCalm() {
    for (id, sentAt) in calm where nanoseconds - sentAt > Self.longestWait {
      calm[id] = nil
      violate(.neighbours, "\(id) has waited longer than it may")
    }
  }
}
