import DequeModule
import Messages

// What the publishing connections say.
extension ShardEngine {
  package func linkOpened(_ link: PublishLink) {
    links[link.rawValue].opened(at: now.monotonic)
  }

  package func linkBlocked(_ link: PublishLink, _ isBlocked: Bool) {
    links[link.rawValue].blocked(isBlocked, at: now.monotonic)
    if isBroken(.publishesAgainUnasked), !isBlocked, links[link.rawValue].isOpen {
      linkLost(link)
      linkOpened(link)
    }
  }

  /// The broker has taken responsibility for a publish.
  package func confirmed(_ token: PublishToken) {
    let token = isBroken(.countsConfirms) ? oldestWaiting(like: token) : token
    switch token.kind {
    case .delivery: if isWaiting(token) { deliveryConfirmed(token.slot) }
    case .parking: if isWaiting(token) { parkingConfirmed(token.slot) }
    case .receipt: if isWaiting(token) { receiptConfirmed(token.slot) }
    case .status: updateConfirmed(token.lsn)
    case nil: break
    }
  }

  /// The broker could not take a publish.
  package func refused(_ token: PublishToken) {
    switch token.kind {
    case .delivery: if isWaiting(token) { deliveryRefused(token) }
    case .parking: if isWaiting(token) { parkingRefused(token.slot) }
    case .receipt: if isWaiting(token) { receiptRefused(token.slot) }
    case .status: updateRefused(token.lsn)
    case nil: break
    }
  }

  private func deliveryRefused(_ token: PublishToken) {
    counters.deliveriesRefused += 1
    noteRefusal(token)
    links[link(of: token)].refused(at: now.monotonic)
    retryLater(
      token.slot, TransitionReason(.brokerRefused, "the broker refused the delivery (nack)"))
  }

  /// The broker has returned a mandatory message: no queue takes it. Its confirm follows, and
  /// will count as a refusal. Broker and protocol promise this order.
  package func returned(
    from exchange: OutboundExchange, messageID: UnsafeRawBufferPointer, code: Int, text: String
  ) {
    switch exchange {
    case .deliveries:
      guard let id = DeliveryID(messageID), let event = eventSlots[lookup.key(of: id.eventID)],
        events[event].phase == .publishing, events[event].state.attempt == id.attempt
      else { return }
      counters.deliveriesReturned += 1
      events[event].returnReason = TransitionReason(
        .unroutable, "no queue takes deliveries of this channel (\(code) \(text))")
    case .parked: parking.returned(messageID)
    case .status, .direct: break
    }
  }
}
