import DequeModule
import Messages

// What the publishing connections say.
extension ShardEngine {
  package func linkOpened(_ link: PublishLink, at instant: Instant) {
    advance(to: instant)
    window.opened(link, at: now.monotonic)
  }

  package func linkBlocked(_ link: PublishLink, _ isBlocked: Bool, at instant: Instant) {
    advance(to: instant)
    window.blocked(link, isBlocked, at: now.monotonic)
    if isBroken(.publishesAgainUnasked), !isBlocked, window.isOpen(link) {
      linkLost(link, at: now)
      linkOpened(link, at: now)
    }
  }

  /// The broker has taken responsibility for a publish.
  package func confirmed(_ token: PublishToken, at instant: Instant) {
    advance(to: instant)
    let token = isBroken(.countsConfirms) ? oldestWaiting(like: token) : token
    switch token.kind {
    case .delivery:
      if answer(token, .confirmed) != nil { deliveryConfirmed(token.slot) }
    case .parking: parkingConfirmed(token)
    case .receipt: receipts.confirmed(token, &window, at: now.monotonic)
    case .status: updateConfirmed(token.lsn)
    case nil: break
    }
  }

  /// The broker could not take a publish.
  package func refused(_ token: PublishToken, at instant: Instant) {
    advance(to: instant)
    switch token.kind {
    case .delivery: deliveryRefused(token)
    case .parking: parking.refused(token, &window, at: now.monotonic)
    case .receipt: noteLoss(receipts.refused(token, &window, at: now.monotonic))
    case .status: updateRefused(token.lsn)
    case nil: break
    }
  }

  /// Answers a publish of ours. Nil when it does not wait for an answer.
  @discardableResult
  func answer(_ token: PublishToken, _ answer: PublishWindow.Answer) -> InFlight.Answered? {
    guard let link = link(of: token) else { return nil }
    return window.answer(token, on: link, answer, at: now.monotonic)
  }

  private func deliveryRefused(_ token: PublishToken) {
    guard let refused = answer(token, .refused) else { return }
    counters.deliveriesRefused += 1
    noteRefusal(token, refused)
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
      guard let id = DeliveryID(messageID), let event = eventSlots[lookup.key(of: id.eventID)]
      else { return }
      let reason = TransitionReason(
        .unroutable, "no queue takes deliveries of this channel (\(code) \(text))")
      if events[event].wasReturned(attempt: id.attempt, reason) {
        counters.deliveriesReturned += 1
      }
    case .parked: parking.returned(messageID)
    case .status, .direct: break
    }
  }
}
