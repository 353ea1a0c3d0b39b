import JSON
import Messages

@testable import Execution

extension Simulation {
  func openLink(_ link: PublishLink) {
    openLinks.insert(link.rawValue)
    engine.linkOpened(link)
  }

  /// A publish reaches the broker, or its connection is gone already.
  func publish(_ order: PublishOrder) {
    func text(_ range: ByteRange) -> String {
      String(decoding: output.bytes[range.offset..<range.offset + range.count], as: UTF8.self)
    }
    guard openLinks.contains(order.link.rawValue) else {
      return violations.append("a publish on a connection that is gone")
    }
    let published = ModelBroker.Published(
      routingKey: text(order.routingKey), messageID: text(order.messageID),
      body: Array(order.body[order.bodyRange]),
      headers: Dictionary(
        uniqueKeysWithValues: output.headers[order.headers].map {
          ("\($0.name)", text($0.value))
        }))
    let refused = random.chance(faults.nackPercent)
    let isReturned = order.mandatory && random.chance(faults.returnPercent)
    if !refused && !isReturned { take(published, order.exchange) }
    if order.exchange == .deliveries { checkDelivery(published) }
    broker.inFlight.append(
      ModelBroker.InFlight(
        token: order.token, link: order.link, exchange: order.exchange,
        messageID: Array(published.messageID.utf8), isReturned: isReturned,
        isRefused: refused))
  }

  private func take(_ published: ModelBroker.Published, _ exchange: OutboundExchange) {
    switch exchange {
    case .deliveries:
      broker.deliveries.append(published)
      if answersLogs { answer(published) }
    case .status: broker.statusUpdates.append(published)
    case .parked: broker.parked.append(published)
    case .direct: broker.receipts.append(published)
    }
  }

  /// The delivery engine sends and says so: at once, later, twice.
  private func answer(_ delivery: ModelBroker.Published) {
    guard let id = deliveryEventID(delivery.messageID) else { return }
    let outcome = ["sent", "ignored", "failed"][random.below(3)]
    let time = Timestamp(nanoseconds: nanoseconds).text
    let log = """
      {"deliveryId":"\(delivery.messageID)","eventId":"\(id)","outcome":"\(outcome)",\
      "occurredAt":"\(time)"}
      """
    for _ in 0..<(random.chance(10) ? 2 : 1) { send(.deliveryLogs, log) }
  }

  func deliveryEventID(_ deliveryID: String) -> String? {
    Array(deliveryID.utf8).withUnsafeBytes { bytes in
      DeliveryID(bytes).map { String(decoding: $0.eventID, as: UTF8.self) }
    }
  }

  func answerPublishes(all: Bool = false) {
    var index = 0
    while index < broker.inFlight.count {
      guard all || random.chance(40) else {
        index += 1
        continue
      }
      let entry = broker.inFlight.remove(at: index)
      if entry.isReturned {
        entry.messageID.withUnsafeBytes {
          engine.returned(from: entry.exchange, messageID: $0, code: 312, text: "NO_ROUTE")
        }
      }
      if entry.isRefused {
        engine.refused(entry.token)
      } else {
        engine.confirmed(entry.token)
      }
    }
  }

  func answerReads() {
    let reads = pendingReads
    pendingReads = []
    for read in reads {
      let record: ModelLog.Record? =
        switch read.target {
        case .newest(let id): log.newestRecord(id: id)
        case .record(let lsn): log.record(lsn: lsn)
        }
      // The log's reader waits until what it is asked for is durable.
      if let record, record.lsn > log.durableLSN {
        pendingReads.append(read)
        continue
      }
      (record?.id ?? []).withUnsafeBytes { id in
        if let record {
          record.payload.withUnsafeBytes { payload in
            answerRead(read.token, record.lsn, id, payload)
          }
        } else {
          answerRead(read.token, 0, id, nil)
        }
      }
    }
    answerRange()
  }

  private func answerRead(
    _ token: UInt64, _ lsn: UInt64, _ id: UnsafeRawBufferPointer,
    _ payload: UnsafeRawBufferPointer?
  ) {
    do {
      try engine.readAnswered(token: token, lsn: lsn, id: id, payload: payload)
    } catch {
      violations.append("a record cannot be read: \(error)")
    }
  }

  private func answerRange() {
    guard let from = pendingRange else { return }
    pendingRange = nil
    var lsn = from
    let end = min(log.durableLSN, from + UInt64(random.below(20)) + 1)
    while lsn <= end {
      lsn += 1
      // What retention removed was confirmed before.
      guard let record = log.record(lsn: lsn - 1), record.isPublished else { continue }
      record.id.withUnsafeBytes { id in
        record.payload.withUnsafeBytes { payload in
          do {
            try engine.rangeRecord(
              lsn: record.lsn, key: record.key, recordedAt: Timestamp(nanoseconds: record.time),
              id: id, payload: payload)
          } catch {
            violations.append("a record cannot be read: \(error)")
          }
        }
      }
    }
    engine.rangeRead(below: lsn)
  }

  /// Something breaks, if the plan has something left to break.
  func fault() {
    switch random.below(3) {
    case 0 where faults.linkLosses > 0:
      faults.linkLosses -= 1
      loseLink(PublishLink.allCases[random.below(3)])
    case 1 where faults.blocks > 0:
      faults.blocks -= 1
      for link in PublishLink.allCases { engine.linkBlocked(link, random.chance(50)) }
    case 2 where faults.crashes > 0:
      faults.crashes -= 1
      crash()
    default:
      for link in PublishLink.allCases where !openLinks.contains(link.rawValue) {
        openLink(link)
      }
      for link in PublishLink.allCases { engine.linkBlocked(link, false) }
    }
  }

  private func loseLink(_ link: PublishLink) {
    openLinks.remove(link.rawValue)
    broker.inFlight.removeAll { $0.link == link }
    engine.linkLost(link)
  }

  /// kill -9: what is not durable may be gone, the broker takes back what was not acknowledged,
  /// and another process begins with the log.
  func crash() {
    log.crash(keeping: random.below(4))
    pendingReads = []
    pendingRange = nil
    output = TurnOutput()
    broker.inFlight = []
    broker.epoch += 1
    for inlet in Inlet.allCases { broker.requeue(inlet) }
    engine = Simulation.engine(log, catalog, seed &+ UInt64(broker.epoch))
    do {
      for record in log.records {
        try record.payload.withUnsafeBytes { payload in
          try engine.recover(
            lsn: record.lsn, kind: record.kind.rawValue, key: record.key, payload: payload)
        }
      }
    } catch {
      violations.append("recovery cannot read a record: \(error)")
    }
    engine.startRecovered(nextLSN: log.nextLSN, at: now)
    openLinks = []
    for link in PublishLink.allCases { openLink(link) }
  }
}
