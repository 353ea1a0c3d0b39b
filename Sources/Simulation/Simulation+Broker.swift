import Execution
import Messages

// The broker's side: it takes publishes, confirms them in any order, and delivery engines answer.
extension Simulation {
  func openLink(_ link: PublishLink) {
    links.opened(link)
    engine.linkOpened(link, at: now)
  }

  /// Now, or in a while.
  func openLinkLater(_ link: PublishLink) {
    guard random.chance(faults.latePercent) || plan.isFair else { return openLink(link) }
    links.opensLater(
      link, at: nanoseconds + Int64(random.below(plan.isFair ? 100_000_000 : 3_000_000_000)))
  }

  func orderLink(_ order: LinkOrder) {
    links.order(order)
    openLinkLater(order.link)
  }

  /// What a new engine wants open before its first turn.
  func openOrderedLinks() {
    engine.swapOutput(&output)
    for order in output.openLinks { orderLink(order) }
    output.removeAll()
  }

  /// A publish reaches the broker at once, or when it is confirmed, or never.
  func publish(_ order: PublishOrder) {
    func text(_ range: ByteRange) -> String {
      String(decoding: output.bytes[range.offset..<range.offset + range.count], as: UTF8.self)
    }
    guard links.isOpen(order.link) else {
      return violate(.totals, "a publish on a connection that is gone")
    }
    let reason = output.headers[order.headers].last {
      $0.name.description == ParkedHeader.reason.description
    }
    let published = ModelBroker.Published(
      exchange: order.exchange, routingKey: text(order.routingKey),
      messageID: text(order.messageID), replyTo: text(order.replyTo),
      body: Array(order.body[order.bodyRange]), reason: reason.map { text($0.value) } ?? "")
    if plan.breaks.isEmpty { SeenMessages.add(order.exchange, published.body) }
    let fate = fate(of: published, order)
    var isTaken = random.chance(80)
    if case .confirmed = fate {} else { isTaken = false }
    switch order.exchange {
    case .deliveries: checkDelivery(published, order)
    case .status: checkStatusUpdate(published)
    case .parked: checkParkedCopy(published)
    case .direct: break
    }
    if isTaken { take(published) }
    if case .closes = fate { broker.closingLinks.insert(order.link.rawValue) }
    broker.inFlight.append(
      ModelBroker.InFlight(
        token: order.token, link: order.link, published: published, isTaken: isTaken, fate: fate))
  }

  private func fate(
    of published: ModelBroker.Published, _ order: PublishOrder
  ) -> BrokerTrouble.Fate {
    // Nothing is taken behind a message that ends the connection.
    if broker.closingLinks.contains(order.link.rawValue) { return .ignored }
    let fate = broker.trouble.fate(
      of: published, on: order.link, isMandatory: order.mandatory, at: nanoseconds)
    guard case .confirmed = fate else { return fate }
    if random.chance(faults.nackPercent) { return .refused }
    return order.mandatory && random.chance(faults.returnPercent) ? .returned : .confirmed
  }

  private func take(_ published: ModelBroker.Published) {
    switch published.exchange {
    case .deliveries:
      broker.deliveries[published.messageID] = published.queue
      if plan.answersLogs { answer(published) }
    case .status: broker.statusUpdates.append(published)
    case .parked: broker.parked.append(published)
    case .direct: break
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
    if broker.inFlight.isEmpty { return }
    var kept: [ModelBroker.InFlight] = []
    var stuck: Set<Int> = []
    let entries = broker.inFlight
    broker.inFlight = []
    var closed: [(PublishLink, LinkLoss)] = []
    for entry in entries {
      if isHeld(entry, &stuck) || !(all || random.chance(40)) {
        kept.append(entry)
      } else if case .closes(let loss) = entry.fate {
        stuck.insert(entry.link.rawValue)
        closed.append((entry.link, loss))
        kept.append(entry)
      } else {
        forget(entry)
        answer(entry)
      }
    }
    broker.inFlight = kept
    for (link, loss) in closed {
      loseLink(link, loss)
      openLinkLater(link)
    }
  }

  /// Whether it is not answered now.
  private func isHeld(_ entry: ModelBroker.InFlight, _ stuck: inout Set<Int>) -> Bool {
    if case .ignored = entry.fate { return true }
    let queue = entry.published.queue
    let isStalled =
      !broker.stalledChannels.isEmpty && entry.published.exchange == .deliveries
      && broker.stalledChannels.contains(queue)
    if isStalled, broker.standsStill, !stuck.contains(entry.link.rawValue) {
      if refuseAtLast(entry) {
        forget(entry)
        return false
      }
      stuck.insert(entry.link.rawValue)
    }
    return isStalled || stuck.contains(entry.link.rawValue)
      || broker.trouble.isSilent(queue, entry.link, at: nanoseconds)
  }

  private func answer(_ entry: ModelBroker.InFlight) {
    switch entry.fate {
    case .refused: return engine.refused(entry.token, at: now)
    case .returned:
      Array(entry.published.messageID.utf8).withUnsafeBytes {
        engine.returned(
          from: entry.published.exchange, messageID: $0, code: 312, text: "NO_ROUTE")
      }
    case .confirmed where broker.standstills[entry.link.rawValue]?.token == entry.token:
      broker.standstills[entry.link.rawValue] = nil
      return engine.refused(entry.token, at: now)
    case .confirmed, .closes, .ignored:
      if !entry.isTaken { take(entry.published) }
      if entry.published.exchange == .direct { broker.receipts += 1 }
    }
    engine.confirmed(entry.token, at: now)
  }

  /// It is answered, or its connection is gone.
  private func forget(_ entry: ModelBroker.InFlight) {
    guard entry.published.exchange == .status else { return }
    let event = entry.published.messageID.untilDot
    guard var busy = unconfirmedUpdates[event], busy.messageID == entry.published.messageID
    else { return }
    busy.count -= 1
    unconfirmedUpdates[event] = busy.count > 0 ? busy : nil
  }

  func loseLink(_ link: PublishLink, _ loss: LinkLoss = .connection) {
    for entry in broker.inFlight where entry.link == link { forget(entry) }
    links.lost(link)
    broker.trouble.renew(link)
    broker.inFlight.removeAll { $0.link == link }
    broker.closingLinks.remove(link.rawValue)
    engine.linkLost(link, loss, at: now)
  }

  func restoreBroker() {
    for order in links.ordered {
      if !links.isOpen(order.link) { openLink(order.link) }
      engine.linkBlocked(order.link, false, at: now)
    }
  }
}
