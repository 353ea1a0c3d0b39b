import DequeModule
import Messages

// What the publishing connections say.
extension ShardEngine {
  package func linkOpened(_ link: PublishLink) {
    links[link.rawValue].isOpen = true
    links[link.rawValue].isBlocked = false
    links[link.rawValue].usableSince = now.monotonic
  }

  package func linkBlocked(_ link: PublishLink, _ isBlocked: Bool) {
    links[link.rawValue].isBlocked = isBlocked
    links[link.rawValue].usableSince = now.monotonic
  }

  /// A publishing connection is gone, with the confirms that were to come on it. Whether the
  /// broker has what was published is unknown: it is published again, in the same order. This
  /// uses up no tries.
  package func linkLost(_ link: PublishLink) {
    let index = link.rawValue
    links[index].isOpen = false
    let lost = links[index].inFlight.removeAll(isWaiting: isWaiting)
    for token in lost.reversed() {
      switch token.kind {
      case .delivery:
        events[token.slot].phase = .queued
        events[token.slot].returnReason = nil
        links[index].queue.prepend(events.reference(token.slot))
      case .job:
        jobs[token.slot].isPublished = false
        links[index].jobs.prepend(jobs.reference(token.slot))
      case .status, nil: break
      }
    }
    if link == .status { outbox.connectionLost() }
  }

  /// The broker has taken responsibility for a publish.
  package func confirmed(_ token: PublishToken) {
    let token = isBroken(.countsConfirms) ? oldestWaiting(like: token) : token
    switch token.kind {
    case .delivery: if isWaiting(token) { deliveryConfirmed(token.slot) }
    case .job: if isWaiting(token) { jobConfirmed(token.slot) }
    case .status: if outbox.confirm(token.lsn) { counters.statusConfirmed += 1 }
    case nil: break
    }
  }

  /// The broker could not take a publish.
  package func refused(_ token: PublishToken) {
    switch token.kind {
    case .delivery:
      guard isWaiting(token) else { return }
      counters.deliveriesRefused += 1
      noteRefusal(token)
      giveUp(token, TransitionReason(.brokerRefused, "the broker refused the delivery (nack)"))
    case .job:
      guard isWaiting(token) else { return }
      giveUp(token, .none)
    case .status:
      counters.statusRefused += 1
      outbox.refuse(token.lsn)
      let doublings = UInt64(min(max(outbox.failures - 1, 0), 5))
      outbox.retryAt =
        now.monotonic &+ min(EngineLimits.jobRetryMin << doublings, EngineLimits.jobRetryMax)
    case nil: break
    }
  }

  private func giveUp(_ token: PublishToken, _ reason: TransitionReason) {
    links[link(of: token)].inFlight.answered()
    if token.kind == .delivery {
      retryLater(token.slot, reason)
    } else {
      delayJob(token.slot)
    }
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
    case .parked:
      // Several messages may carry the same id: all of them are published again, which at most
      // parks one twice.
      for slot in jobs.slots where jobs[slot].isParking && jobs[slot].isPublished {
        if messageID.elementsEqual(jobs[slot].messageID) { jobs[slot].wasReturned = true }
      }
    case .status, .direct: break
    }
  }
}
