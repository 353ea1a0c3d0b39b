import Execution
import JSON
import LogSequence
import Messages

/// What was true when a delivery was published: only what differs from that explains that it is
/// published again.
struct PublishCircumstances: Equatable {
  /// The event's newest record that says something of the delivery.
  var lsn: LSN
  var life: Int
  /// How often the connection had been lost.
  var losses: Int
}

// What is checked of each publish.
extension Simulation {
  /// 2 and 4: a delivery leaves after its record is durable, in its time, always the same, and
  /// again only when there is a reason.
  func checkDelivery(_ delivery: ModelBroker.Published, _ order: PublishOrder) {
    let name = delivery.messageID
    guard let (id, attempt) = deliveryID(name) else {
      return violate(.totals, "\(name) is no delivery id")
    }
    if delivery.replyTo != "meddela.delivery-logs.\(shard)" {
      violate(.totals, "\(name) is answered to \(delivery.replyTo)")
    }
    if let before = deliveryBodies[name], before != delivery.body {
      violate(.sameContent, "\(name) was published with another content")
    }
    deliveryBodies[name] = delivery.body
    publishTimes[name, default: []].append(nanoseconds)
    if let time = scheduled[id], time > clock.latestWall {
      violate(.inTime, "\(id) left before its schedule")
    }
    calm[id] = nil
    checkIsNotCancelled(id, attempt)
    let records = log.durableRecords(of: log.key(of: id))
    guard let state = records.first?.state, state.attempt >= attempt else {
      return violate(.publishedDurable, "\(name) was published before it was durable")
    }
    guard state.attempt == attempt else {
      return violate(.againForReason, "\(name) was published in attempt \(state.attempt)")
    }
    guard let change = records.first(where: { $0.kind.isTransition || $0.kind == .republished })
    else { return violate(.publishedDurable, "\(name) has no record") }
    let present = PublishCircumstances(
      lsn: change.lsn, life: lives, losses: links.losses(of: order.link))
    let last = lastPublishes.updateValue(present, forKey: name)
    if last == present {
      violate(.againForReason, "\(name) was published twice while it was pending")
    }
    let isLost = last.map { $0.lsn == present.lsn } ?? false
    if !isLost { noteTurn(delivery, order) }
    checkTime(name, state, change)
  }

  private func checkTime(_ name: String, _ state: EventState, _ change: ModelLog.Record) {
    let waited = nanoseconds - change.appendedAt
    switch state.status {
    case .pending where state.dueAt.isNone: break
    case .pendingDelivery where state.dueAt.isNone:
      // Only the process that has seen the clock being set knows how long ago a record is.
      let isUnknown = plan.faults.clockJumps > 0 && bornAt > change.appendedAt
      if !isUnknown, waited < Self.logTimeoutSeconds * 1_000_000_000 - 10_000_000 {
        violate(.againForReason, "\(name) was published again after \(waited) ns")
      }
    case .pending, .pendingDelivery:
      let pause = (change.state?.dueAt.nanoseconds ?? 0) - change.time
      if waited < pause - 10_000_000, state.dueAt > clock.latestWall {
        violate(.inTime, "\(name) left before its time")
      }
    default:
      violate(.againForReason, "\(name) was published as \(state.status)")
    }
  }

  /// What waited for its connection has had its turn before: when it was rendered and began to
  /// wait.
  private func noteTurn(_ delivery: ModelBroker.Published, _ order: PublishOrder) {
    guard plan.isFair, plan.batchMaxPerSecond > 0, delivery.routingKey.contains(".batch.") else {
      return
    }
    batchTurns.append(Int64(engine.waitingSince(order.token).nanoseconds))
  }

  /// Whatever is due, of batch no more leaves in a second than it may.
  func checkRate() {
    let most = plan.batchMaxPerSecond + plan.batchMaxPerSecond / 10 + 3
    let turns = batchTurns.sorted()
    for (first, last) in zip(turns, turns.dropFirst(most)) where last - first < 1_000_000_000 {
      return violate(.rate, "more than \(most) batch deliveries in the second from \(first)")
    }
  }

  /// 2 and 5: an update leaves after its record is durable, one of an event at a time.
  func checkStatusUpdate(_ update: ModelBroker.Published) {
    let lsn = lsn(ofUpdate: update.body)
    if lsn == 0 || lsn > log.durableLSN {
      violate(.updateDurable, "\(update.messageID) was published before it was durable")
    }
    let event = update.messageID.untilDot
    var busy = unconfirmedUpdates[event] ?? (update.messageID, 0)
    if busy.messageID != update.messageID {
      violate(.oneUpdate, "\(update.messageID) was published beside another one of its event")
    }
    busy = (update.messageID, busy.count + 1)
    unconfirmedUpdates[event] = busy
  }

  /// A parked copy is what was sent, and says why.
  func checkParkedCopy(_ copy: ModelBroker.Published) {
    if copy.reason != copy.routingKey {
      violate(.parkedCopies, "\(copy.messageID) is parked for \(copy.reason), \(copy.routingKey)")
    }
    guard copy.reason != "broker-refused" else { return checkParkedUpdate(copy) }
    guard let reason = parkReasons[copy.body] else {
      return violate(.parkedCopies, "\(copy.messageID) is parked with another body")
    }
    if reason != copy.reason {
      violate(.parkedCopies, "\(copy.messageID) is parked for \(copy.reason), not \(reason)")
    }
  }

  /// A status update can be made again from its record.
  private func checkParkedUpdate(_ copy: ModelBroker.Published) {
    let lsn = lsn(ofUpdate: copy.body)
    var writer = ByteWriter(capacity: 1_024)
    guard lsn > 0, lsn < log.nextLSN, case let record = log.records[LSN.first.distance(to: lsn)]
    else {
      return violate(.parkedCopies, "\(copy.messageID) is parked, and is of no record")
    }
    record.payload.withUnsafeBytes { payload in
      record.id.withUnsafeBytes { id in
        _ = RecordPayload(payload)?.writeStatusUpdate(
          id: id, lsn: lsn, recordedAt: Timestamp(nanoseconds: record.time), shard: shard,
          to: &writer)
      }
    }
    if writer.array() != copy.body {
      violate(.parkedCopies, "\(copy.messageID) is parked with another body than its record's")
    }
  }

  /// The number that ends an update: of its record.
  private func lsn(ofUpdate body: [UInt8]) -> LSN {
    var lsn: UInt64 = 0
    var unit: UInt64 = 1
    for byte in body.dropLast().reversed() {
      guard 0x30...0x39 ~= byte else { break }
      lsn &+= UInt64(byte - 0x30) &* unit
      unit &*= 10
    }
    return LSN(lsn)
  }
}
