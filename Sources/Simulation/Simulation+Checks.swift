import Execution
import Messages

// What is checked while the world goes on. The numbers are the design's guarantees.
extension Simulation {
  /// 1: for each event of the message the record is durable, and it is not in a state in which
  /// its delivery may still be unconfirmed.
  func checkMayBeSettled(_ message: ModelBroker.Message, _ inlet: Inlet) {
    for id in message.ids {
      guard let durable = log.newestDurableRecord(id: id), let state = durable.state else {
        if !broker.hasParked(id), !log.hasParked(id) {
          violate("\(id) was settled before it was durable or parked")
        }
        continue
      }
      guard inlet != .deliveryLogs else { continue }
      if state.status == .pending, state.dueAt.isNone, !hasWaited(id), !broker.hasParked(id),
        !log.hasParked(id)
      {
        violate("\(id) was settled while its delivery was unconfirmed")
      }
    }
  }

  /// Whether an event was once durable in a state in which it may be acknowledged. From then on
  /// the log alone drives it on, and a message that it shares with others may follow later.
  private func hasWaited(_ id: String) -> Bool {
    let key = log.key(of: id)
    return log.records.prefix(log.durableCount).contains { record in
      guard record.key == key, record.kind.isOfEvent, let state = record.state else { return false }
      return state.status != .pending || !state.dueAt.isNone
    }
  }

  /// 1: the log says that the broker has a delivery only when it has.
  func checkDurable(_ record: ModelLog.Record) {
    guard record.kind == .transition, record.status == Status.pendingDelivery.rawValue,
      let state = record.state
    else { return }
    let id = "\(String(decoding: record.id, as: UTF8.self)).\(shard).\(state.attempt)"
    if broker.deliveries[id] == nil {
      violate("\(id) counts as delivered, but the broker has none")
    }
  }

  /// 2 and 4: a delivery leaves after its record is durable, in its time, always the same, and
  /// again only when there is a reason.
  func checkDelivery(_ delivery: ModelBroker.Published) {
    guard let (id, attempt) = deliveryID(delivery.messageID) else {
      return violate("\(delivery.messageID) is no delivery id")
    }
    if delivery.replyTo != "meddela.delivery-logs.\(shard)" {
      violate("\(delivery.messageID) is answered to \(delivery.replyTo)")
    }
    if let before = deliveryBodies[delivery.messageID], before != delivery.body {
      violate("\(delivery.messageID) was published with another content")
    }
    deliveryBodies[delivery.messageID] = delivery.body
    publishTimes[delivery.messageID, default: []].append(nanoseconds)
    if let time = scheduled[id], time > now.wall { violate("\(id) left before its schedule") }
    guard let record = log.newestDurableRecord(id: id), let state = record.state,
      state.attempt >= attempt
    else { return violate("\(delivery.messageID) was published before it was durable") }
    guard state.attempt == attempt else {
      return violate("\(delivery.messageID) was published in attempt \(state.attempt)")
    }
    switch state.status {
    case .pending:
      if state.dueAt > now.wall { violate("\(delivery.messageID) left before its time") }
    case .pendingDelivery:
      let waited = nanoseconds - log.lastChange(of: record.key)
      let isDue = state.dueAt.isNone ? waited >= Self.logTimeoutSeconds * 1_000_000_000 : true
      if !isDue || state.dueAt > now.wall {
        violate("\(delivery.messageID) was published again after \(waited) ns")
      }
    default:
      violate("\(delivery.messageID) was published as \(state.status)")
    }
  }

  /// 2 and 5: an update leaves after its record is durable, one of an event at a time.
  func checkStatusUpdate(_ update: ModelBroker.Published) {
    var lsn: UInt64 = 0
    var unit: UInt64 = 1
    for byte in update.body.dropLast().reversed() {
      guard 0x30...0x39 ~= byte else { break }
      lsn += UInt64(byte - 0x30) * unit
      unit *= 10
    }
    if lsn == 0 || lsn > log.durableLSN {
      violate("\(update.messageID) was published before it was durable")
    }
    let event = update.messageID.prefix { $0 != "." }
    let isBusy = broker.inFlight.contains { other in
      other.published.exchange == .status && other.published.messageID != update.messageID
        && other.published.messageID.prefix { $0 != "." } == event
    }
    if isBusy { violate("\(update.messageID) was published beside another one of its event") }
  }

  /// 11: memory is bounded; and the totals add up.
  func checkBounds() {
    if engine.activeEvents > 16_384 { violate("\(engine.activeEvents) active events") }
    for mismatch in engine.mismatches { violate("reconciliation: \(mismatch)") }
  }
}
