import Execution
import Messages

// The broker's side: it takes publishes, confirms them in any order, and delivery engines answer.
extension Simulation {
  func openLink(_ link: PublishLink) {
    if !orderedLinks.contains(link) { orderedLinks.append(link) }
    openLinks.insert(link.rawValue)
    engine.linkOpened(link)
  }

  /// What a new engine wants open before its first turn.
  func openOrderedLinks() {
    engine.swapOutput(&output)
    for order in output.openLinks { openLink(order.link) }
    output.removeAll()
  }

  /// A publish reaches the broker at once, or when it is confirmed, or never.
  func publish(_ order: PublishOrder) {
    func text(_ range: ByteRange) -> String {
      String(decoding: output.bytes[range.offset..<range.offset + range.count], as: UTF8.self)
    }
    guard openLinks.contains(order.link.rawValue) else {
      return violate("a publish on a connection that is gone")
    }
    let published = ModelBroker.Published(
      exchange: order.exchange, routingKey: text(order.routingKey),
      messageID: text(order.messageID), replyTo: text(order.replyTo),
      body: Array(order.body[order.bodyRange]))
    let isRefused = random.chance(faults.nackPercent)
    let isReturned = order.mandatory && random.chance(faults.returnPercent)
    let isTaken = !isRefused && !isReturned && random.chance(80)
    switch order.exchange {
    case .deliveries: checkDelivery(published)
    case .status: checkStatusUpdate(published)
    case .parked, .direct: break
    }
    if isTaken { take(published) }
    broker.inFlight.append(
      ModelBroker.InFlight(
        token: order.token, link: order.link, published: published, isTaken: isTaken,
        isReturned: isReturned, isRefused: isRefused))
  }

  private func take(_ published: ModelBroker.Published) {
    switch published.exchange {
    case .deliveries:
      broker.deliveries[published.messageID] = channel(published)
      if plan.answersLogs { answer(published) }
    case .status: broker.statusUpdates.append(published)
    case .parked: broker.parked.append(published)
    case .direct: broker.receipts.insert(published.messageID)
    }
  }

  func channel(_ delivery: ModelBroker.Published) -> String {
    String(delivery.routingKey.prefix { $0 != "." })
  }

  /// The delivery engine sends and says so: at once, later, twice, in contradictions, never.
  private func answer(_ delivery: ModelBroker.Published) {
    guard let id = deliveryID(delivery.messageID)?.event, !random.chance(faults.silencePercent)
    else { return }
    for _ in 0..<(random.chance(30) ? 1 + random.below(3) : 1) {
      let outcome: Status = [.sent, .ignored, .deliveryFailed][random.below(3)]
      let time = Timestamp(nanoseconds: nanoseconds - Int64(random.below(4)) * 250_000_000).text
      let word = outcome == .deliveryFailed ? "failed" : "\(outcome.wireName)"
      noteLog(delivery.messageID, time, outcome)
      let log = """
        {"deliveryId":"\(delivery.messageID)","eventId":"\(id)","outcome":"\(word)",\
        "occurredAt":"\(time)"}
        """
      for _ in 0..<(random.chance(10) ? 2 : 1) { sendLog?(delivery.replyTo, log, id) }
    }
  }

  /// Remembers which log wins: the later one, ties by failed, ignored, sent.
  func noteLog(_ deliveryID: String, _ time: String, _ outcome: Status) {
    guard let occurredAt = Timestamp(rfc3339: time) else { return }
    func rank(_ status: Status) -> Int {
      status == .deliveryFailed ? 3 : status == .ignored ? 2 : 1
    }
    if let known = winningLogs[deliveryID],
      (known.occurredAt, rank(known.outcome)) >= (occurredAt, rank(outcome))
    {
      return
    }
    winningLogs[deliveryID] = (occurredAt, outcome)
  }

  func deliveryID(_ text: String) -> (event: String, attempt: UInt16)? {
    Array(text.utf8).withUnsafeBytes { bytes in
      DeliveryID(bytes).map { (String(decoding: $0.eventID, as: UTF8.self), $0.attempt) }
    }
  }

  /// Whether the connection has stood still with this one for long enough.
  private func refuseAtLast(_ entry: ModelBroker.InFlight) -> Bool {
    let link = entry.link.rawValue
    if let present = broker.standstills[link], present.token == entry.token {
      return present.until <= nanoseconds
    }
    broker.standstills[link] = (entry.token, nanoseconds + 7_000_000_000)
    return false
  }

  func answerPublishes(all: Bool = false) {
    var index = 0
    var stuck: Set<Int> = []
    while index < broker.inFlight.count {
      let entry = broker.inFlight[index]
      let isStalled =
        entry.published.exchange == .deliveries && !broker.stalledChannels.isEmpty
        && broker.stalledChannels.contains(channel(entry.published))
      if isStalled, broker.standsStill, !stuck.contains(entry.link.rawValue) {
        if refuseAtLast(entry) {
          broker.inFlight.remove(at: index)
          engine.refused(entry.token)
          continue
        }
        stuck.insert(entry.link.rawValue)
      }
      let waits = isStalled || stuck.contains(entry.link.rawValue)
      guard !waits, all || random.chance(40) else {
        index += 1
        continue
      }
      broker.inFlight.remove(at: index)
      if entry.isReturned {
        Array(entry.published.messageID.utf8).withUnsafeBytes {
          engine.returned(
            from: entry.published.exchange, messageID: $0, code: 312, text: "NO_ROUTE")
        }
      }
      if entry.isRefused {
        engine.refused(entry.token)
      } else {
        if !entry.isTaken, !entry.isReturned { take(entry.published) }
        engine.confirmed(entry.token)
      }
    }
  }

  func loseLink(_ link: PublishLink) {
    openLinks.remove(link.rawValue)
    broker.inFlight.removeAll { $0.link == link }
    engine.linkLost(link)
  }

  func restoreBroker() {
    for link in orderedLinks {
      if !openLinks.contains(link.rawValue) { openLink(link) }
      engine.linkBlocked(link, false)
    }
  }
}
