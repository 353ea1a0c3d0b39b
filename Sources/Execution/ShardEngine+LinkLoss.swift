import DequeModule
import Messages

// A publishing connection is gone, and what was under way on it.
extension ShardEngine {
  /// A publishing connection is gone, or its channel, with the confirms that were to come on it.
  /// Whether the broker has what was published is unknown: it is published again, in the same
  /// order. This uses up no tries, but of a message that the broker closed the connection over.
  package func linkLost(_ link: PublishLink, _ loss: LinkLoss = .connection) {
    let lost = window.closed(link, loss, at: now.monotonic)
    if let queue = link.deliveryQueue { return deliveriesLost(queue, lost.map(\.slot), loss) }
    switch link {
    case .parking: parkingLost(lost.map(\.slot), loss)
    case .receipts:
      noteLoss(receipts.lost(lost.map(\.slot), loss, at: now.monotonic))
    default: outboxLost(loss)
    }
  }

  private func deliveriesLost(_ queue: Int, _ lost: [Int32], _ loss: LinkLoss) {
    for event in lost {
      events[event].phase = .queued
      events[event].returnReason = nil
    }
    guard case .refusesMessage(let most) = loss else { return publishAgain(queue, lost) }
    let culprits = most.map { most in lost.filter { events[$0].delivery.count > most } } ?? []
    if !culprits.isEmpty {
      for event in culprits { blame(event, queue) }
      publishAgain(queue, lost.filter { !culprits.contains($0) })
    } else if lost.count == 1 {
      blame(lost[0], queue)
    } else {
      deliveryQueues[queue].suspect(lost.map(events.reference))
    }
  }

  private func publishAgain(_ queue: Int, _ lost: [Int32]) {
    // One that went alone goes alone again.
    if let alone = deliveryQueues[queue].alone, lost == [alone.slot],
      events[alone.slot].token == alone
    {
      return deliveryQueues[queue].suspect(lost.map(events.reference))
    }
    for event in lost.reversed() {
      deliveryQueues[queue].prepend(
        events.reference(event), isBackground: events[event].isBackground)
    }
  }

  /// The broker closed the connection over this event's delivery: it waits durably, and goes
  /// alone from now on, in its turn among others of its kind.
  private func blame(_ event: Int32, _ queue: Int) {
    deliveryQueues[queue].culprits.blame(events[event].key, at: now.monotonic)
    stalledQueues.acquit(queue, probe: events[event].token, at: now.monotonic)
    counters.deliveriesRefused += 1
    retryLater(
      event,
      TransitionReason(
        .brokerRefused,
        "the broker closed the connection over it (\(events[event].delivery.count) bytes)"))
  }

  /// Why a delivery is not even tried, as far as is known: the broker has said of what size it
  /// takes none. Looked at anew from time to time, since a limit can be raised; alone, then.
  func isTooLarge(_ event: Int32) -> Bool {
    let bytes = events[event].delivery.count
    guard let most = window.mostBytes, bytes > most else { return false }
    guard window.knowsMostBytes(at: now.monotonic) else {
      deliveryQueues[Int(events[event].queue)].suspectLater(events.reference(event))
      return true
    }
    counters.deliveriesRefused += 1
    retryLater(
      event,
      TransitionReason(
        .brokerRefused, "the delivery has \(bytes) bytes, the broker takes \(most)"))
    return true
  }
}
