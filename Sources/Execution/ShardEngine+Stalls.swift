import Messages

// Delivery queues that do not confirm.
extension ShardEngine {
  /// A delivery was not confirmed in time.
  func noteStall(_ token: PublishToken) {
    guard let queue = events[token.slot].queue else { return }
    window.noteStall(on: .deliveries(queue))
    stalledQueues.add(queue, at: now.monotonic)
  }

  /// A delivery was refused: after long, and as the oldest of its connection, that is a stall too.
  func noteRefusal(_ token: PublishToken, _ refused: InFlight.Answered) {
    guard refused.wasOldest, let link = link(of: token),
      max(refused.publishedAt, window.usableSince(link)) &+ EngineLimits.slowAnswer < now.monotonic
    else { return }
    noteStall(token)
  }

  /// The queue of an event does not answer, or is searched: it waits durably. One that has waited
  /// before, and was called in vain, needs no other record.
  func waitAgain(_ event: Int32, until wait: RetryWait, _ reason: TransitionReason) {
    let wait = isCulprit(event) ? .pause : wait
    let state = events[event].state
    guard state.errorCount > 0, !state.dueAt.isNone, givesUpAt(state) > now.wall else {
      return retryLater(event, reason, until: wait)
    }
    hold(event, until: wait)
    settle(event)
    drainInputs(event)
  }

  func waitBehindStall(_ event: Int32) {
    waitAgain(
      event, until: .answer,
      TransitionReason(.unconfirmed, "the queue of its channel does not confirm"))
  }

  /// Keeps an event, whose record is written, until its next try or its end.
  func hold(_ event: Int32, until wait: RetryWait) {
    guard let queue = events[event].queue else { return addTimer(event) }
    switch wait {
    case .pause: addTimer(event)
    case .answer: stalledQueues.wait(endTimer(event), for: queue, at: now.monotonic)
    case .search: deliveryQueues[queue].behindSearch.add(endTimer(event))
    }
  }

  /// When an event that waits for another try expires or is given up, whatever it waits for.
  func endTimer(_ event: Int32) -> TimerQueue.Timer {
    let state = events[event].state
    let givesUpAt = givesUpAt(state)
    return TimerQueue.Timer(
      due: state.expiration.isNone ? givesUpAt : min(givesUpAt, state.expiration),
      key: events[event].key, lsn: events[event].lastLSN)
  }

  /// Whether the broker has closed the connection over the event's delivery.
  func isCulprit(_ event: Int32) -> Bool {
    guard let queue = events[event].queue else { return false }
    return deliveryQueues[queue].culprits.contains(events[event].key)
  }

  /// An event over which the broker closes the connection tells nothing of its queue: it is the
  /// probe only where there is no other.
  func isHeldBack(_ event: Int32, _ queue: Int, probe token: PublishToken) -> Bool {
    if stalledQueues.hasWaiting(queue), isCulprit(event) { return true }
    return stalledQueues.holdsBack(queue, probe: token, at: now.monotonic, window)
  }

  /// See `DeliveryQueues.reliefs`.
  func relieveQuietQueues() {
    if isBroken(.keepsQuietQueues) { return }
    for lane in Lane.allCases {
      let reliefs = deliveryQueues.reliefs(
        lane, prefetch: lane == .realtime ? settings.realtimePrefetch : settings.batchPrefetch,
        window, at: now.monotonic, isThere: isThere)
      for relief in reliefs { relieve(relief.queue, share: relief.share) }
    }
  }

  private func isThere(_ event: DeliveryQueue.Waiting) -> Bool { events.contains(event.event) }

  private func relieve(_ queue: Int, share: Int) {
    let link = PublishLink.deliveries(queue)
    if deliveryQueues.isSearched(queue, at: now.monotonic, isThere) {
      relieveSearch(queue, share: share)
    }
    guard window.isCutOff(link) || window.isQuiet(link, at: now.monotonic) else { return }
    while let event = deliveryQueues[queue].next(mayTakeBackground: true) {
      guard isQueued(event, queue) else { continue }
      if window.isCutOff(link) {
        // The queue may well answer: it is not stalled.
        retryLater(
          event.slot, TransitionReason(.brokerUnavailable, "the connection to its queue is closed"))
      } else {
        waitBehindStall(event.slot)
      }
    }
    while window.unanswered(link) > share, let oldest = window.oldest(link) {
      noteStall(oldest.token)
      giveUpDelivery(oldest.token, .unconfirmed, "the broker did not confirm in time")
    }
  }

  /// What waits behind the search for those to blame does so durably, and so does what is beyond
  /// the queue's share of those that are tried one by one.
  private func relieveSearch(_ queue: Int, share: Int) {
    let reason = TransitionReason(
      .brokerUnavailable, "the broker closes the connection over other deliveries of its queue")
    while let event = deliveryQueues[queue].popWaiting(where: {
      DeliveryQueues.hasWaited($0, at: now.monotonic, isThere)
    }) {
      if isQueued(event, queue) { waitAgain(event.slot, until: .search, reason) }
    }
    while let event = deliveryQueues[queue].lastSuspect(beyond: share) {
      if isQueued(event, queue) { waitAgain(event.slot, until: .search, reason) }
    }
  }
}
