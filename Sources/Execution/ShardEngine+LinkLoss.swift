import DequeModule
import Messages

// A publishing connection is gone, and what was under way on it.
extension ShardEngine {
  /// A publishing connection is gone, or its channel, with the confirms that were to come on it.
  /// Whether the broker has what was published is unknown: it is published again, in the same
  /// order. This uses up no tries, but of a message that the broker closed the connection over.
  package func linkLost(
    _ link: PublishLink, _ loss: LinkLoss = .connection, at instant: Instant
  ) {
    advance(to: instant)
    let lost = window.closed(link, loss, at: now.monotonic)
    if let queue = link.deliveryQueue { return deliveriesLost(queue, lost, loss) }
    switch link {
    case .parking: parkingLost(lost.map(\.slot), loss)
    case .receipts:
      noteLoss(receipts.lost(lost.map(\.slot), loss, at: now.monotonic))
    default: outboxLost(loss)
    }
  }

  private func deliveriesLost(_ queue: Int, _ tokens: [PublishToken], _ loss: LinkLoss) {
    let lost = tokens.map { token in
      LostDelivery(
        event: events.reference(token.slot), token: token,
        delivery: events[token.slot].wasLost(), isBackground: events[token.slot].isBackground)
    }
    for culprit in deliveryQueues[queue].lost(lost, loss) { blame(culprit, queue) }
  }

  /// The broker closed the connection over this event's delivery: it waits durably, and goes
  /// alone from now on, in its turn among others of its kind.
  private func blame(_ culprit: LostDelivery, _ queue: Int) {
    let event = culprit.token.slot
    deliveryQueues[queue].culprits.blame(events[event].key, at: now.monotonic)
    stalledQueues.acquit(queue, probe: culprit.token, at: now.monotonic)
    counters.deliveriesRefused += 1
    retryLater(
      event,
      TransitionReason(
        .brokerRefused,
        "the broker closed the connection over it (\(culprit.delivery.bytes.count) bytes)"))
  }

  /// Why a delivery is not even tried, as far as is known: the broker has said of what size it
  /// takes none. Looked at anew from time to time, since a limit can be raised; alone, then.
  func isTooLarge(_ event: DeliveryQueue.Waiting, _ queue: Int) -> Bool {
    let bytes = events[event.slot].deliveryBytes
    guard let most = window.mostBytes, bytes > most else { return false }
    guard window.knowsMostBytes(at: now.monotonic) else {
      deliveryQueues[queue].suspectLater(event)
      return true
    }
    counters.deliveriesRefused += 1
    retryLater(
      event.slot,
      TransitionReason(
        .brokerRefused, "the delivery has \(bytes) bytes, the broker takes \(most)"))
    return true
  }
}
