import Execution
import LogSequence
import Messages

// What must hold when all faults have stopped and everything is done.
extension Simulation {
  /// 3: every event is final, every published transition reached the broker in order, every move
  /// was legal, the totals are right, and nothing is left.
  package func checkEnd() {
    var counts = ShardTotals()
    var histories: [EventKey: [ModelLog.Record]] = [:]
    var cancelled: [EventKey: LSN] = [:]
    for record in log.records {
      if record.kind.isOfEvent {
        histories[record.key, default: []].append(record)
      } else if record.kind == .cancelRequested, cancelled[record.key] == nil {
        cancelled[record.key] = record.lsn
      }
    }
    var updates: [Substring: [UInt32]] = [:]
    // Those that ended a connection are parked.
    for update in broker.statusUpdates + broker.parked.filter({ $0.routingKey == "broker-refused" })
    {
      let parts = update.messageID.split(separator: ".")
      updates[parts[0], default: []].append(UInt32(parts[parts.count - 1]) ?? 0)
    }
    for id in events {
      let key = log.key(of: id)
      let history = histories[key, default: []]
      guard let last = history.last, let state = last.state else {
        violate(.final, "\(id) is lost")
        continue
      }
      counts[state.lane].accepted += 1
      counts[state.lane][state.status] += 1
      if !state.isFinal { violate(.final, "\(id) ended as \(state.status)") }
      checkMoves(id, history)
      checkUpdates(id, history, updates[id[...], default: []])
      checkOutcome(id, state, history)
      if let lsn = cancelled[key] { checkCancelledBefore(id, lsn, history) }
    }
    checkTotals(counts)
    checkCopiesAndReceipts()
    checkRate()
    for message in broker.parkedAtLimit where message.ids != ["poison-\(seed)"] {
      violate(.final, "\(message.ids) was parked by the delivery limit")
    }
    if plan.hasPoison, broker.parkedAtLimit.count != 1 {
      violate(.final, "the poison was not parked")
    }
    if engine.parkedCopiesWaiting > 0 {
      violate(
        .parkedCopies, "\(engine.parkedCopiesWaiting) parked copies are still in the log only")
    }
    if engine.held.total != 0 {
      violate(.bounded, "\(engine.held.total) bytes are held for nothing")
    }
    for id in calm.keys.sorted() { violate(.neighbours, "\(id) was never published") }
    for token in pendingRedrives.sorted() { violate(.totals, "redrive \(token) was not answered") }
    for token in cancels.pending.keys.sorted() {
      violate(.totals, "cancel \(token) was not answered")
    }
  }

  /// What cannot be an event is parked, and each receipt has an end.
  private func checkCopiesAndReceipts() {
    let arrived = Set(broker.parked.map(\.body) + broker.parkedAtLimit.map(\.body))
    for body in mustPark where !arrived.contains(body) {
      violate(.parkedCopies, "\(String(decoding: body, as: UTF8.self)) was never parked")
    }
    let counters = engine.counters
    if counters.receipts > broker.receipts + counters.receiptsGivenUp {
      violate(
        .receipts,
        "\(counters.receipts) receipts, \(broker.receipts) confirmed, "
          + "\(counters.receiptsGivenUp) given up")
    }
  }

  private func checkTotals(_ counts: ShardTotals) {
    for lane in Lane.allCases {
      if engine.totals[lane].accepted != counts[lane].accepted
        || engine.totals[lane].counts != counts[lane].counts
      {
        violate(.totals, "lane \(lane.name): totals \(engine.totals[lane]), events \(counts[lane])")
      }
    }
    var outside = Reconciliation()
    for record in log.records {
      record.id.withUnsafeBytes { id in
        record.payload.withUnsafeBytes { payload in
          outside.take(
            lsn: record.lsn, kind: record.kind.rawValue, key: record.key, id: id,
            payload: payload)
        }
      }
    }
    outside.finish()
    for problem in outside.problems { violate(.totals, "reconciliation: \(problem)") }
    if engine.totals.stuck != 0 { violate(.totals, "\(engine.totals.stuck) events count as stuck") }
  }

  private func checkMoves(_ id: String, _ history: [ModelLog.Record]) {
    var previous: EventState?
    var channels: Set<String> = []
    for record in history where record.kind.isTransition {
      guard let state = record.state else {
        violate(.moves, "\(id): a record cannot be read")
        continue
      }
      if state.sequence != (previous?.sequence ?? 0) + 1 {
        violate(.moves, "\(id): sequence \(state.sequence) follows \(previous?.sequence ?? 0)")
      }
      if let previous, !previous.status.canMove(to: state.status) {
        violate(.moves, "\(id): \(previous.status) to \(state.status)")
      }
      if previous == nil, state.status != .pending { violate(.moves, "\(id): bad start") }
      let attempt = previous?.attempt ?? 1
      let isNext = previous?.isFinal == true || previous?.status == .deliveryFailed
      if state.attempt != attempt, state.attempt != attempt + 1 || !isNext {
        violate(.moves, "\(id): attempt \(state.attempt) follows \(attempt)")
      }
      let isAsked = record.reason == "redriven" || record.reason == "resent"
      if isAsked { channels = [] }
      if state.attempt != attempt || previous == nil || isAsked,
        let channel = broker.deliveries["\(id).\(shard).\(state.attempt)"],
        !channels.insert(channel).inserted
      {
        violate(.moves, "\(id): attempt \(state.attempt) is on channel \(channel) again")
      }
      previous = state
    }
  }

  /// The status is that of the log that wins among those of the last attempt.
  private func checkOutcome(_ id: String, _ state: EventState, _ history: [ModelLog.Record]) {
    let deliveryID = "\(id).\(shard).\(state.attempt)"
    let outcome =
      plan.numbersLogs
      ? verdict(on: deliveryID, state.attempt, history) : winningLogs[deliveryID]?.outcome
    if let outcome, outcome != state.status {
      violate(.outcome, "\(id) ended as \(state.status), the newest log says \(outcome)")
    }
    let isCancelled = state.isCancelled && state.status == .ignored
    if outcome == nil, state.status.isOutcome, !isCancelled {
      violate(.outcome, "\(id) is \(state.status) without a log")
    }
  }

  /// What the logs in an attempt's records come to; each of them is there with its own time.
  private func verdict(
    on deliveryID: String, _ attempt: UInt16, _ history: [ModelLog.Record]
  ) -> Status? {
    var verdict = LogVerdict()
    for record in history where record.state?.attempt == attempt {
      guard record.reason.hasPrefix("log-"), let number = Int(record.reason.dropFirst(4)),
        sentLogs.indices.contains(number), sentLogs[number].deliveryID == deliveryID
      else { continue }
      let log = sentLogs[number]
      if record.occurredAt != log.occurredAt {
        violate(.outcome, "\(deliveryID): a record alters the time of log \(number)")
      }
      verdict.take(log, at: Timestamp(nanoseconds: record.time), latest: record.latest)
    }
    return verdict.outcome
  }

  /// 5, and what a subscriber that drops old sequences sees.
  private func checkUpdates(_ id: String, _ history: [ModelLog.Record], _ updates: [UInt32]) {
    let expected = history.filter { $0.isPublished }.map { $0.state?.sequence ?? 0 }
    let isParked = broker.parked.contains {
      $0.routingKey == "broker-refused" && $0.messageID.hasPrefix("\(id).")
    }
    var seen: [UInt32] = []
    // What is parked comes when it comes.
    for update in isParked ? updates.sorted() : updates where update > seen.last ?? 0 {
      seen.append(update)
    }
    if seen != expected {
      violate(.updates, "\(id): subscribers saw \(seen), the log has \(expected)")
    }
  }

  /// The records of the events that violations name.
  var histories: [String] {
    guard !violations.isEmpty else { return [] }
    let named = events.filter { id in violations.contains { $0.text.contains(id) } }
    return log.records.compactMap { record in
      let id = String(decoding: record.id, as: UTF8.self)
      guard named.contains(id), let state = record.state else { return nil }
      return "lsn \(record.lsn) \(Timestamp(nanoseconds: record.time).text) \(id) "
        + "\(record.kind) #\(state.sequence) \(state.status) attempt \(state.attempt) "
        + "\(record.reason) due \(state.dueAt.isNone ? "-" : state.dueAt.text)"
    }
  }
}
