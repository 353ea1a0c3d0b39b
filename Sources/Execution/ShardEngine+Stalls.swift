import Messages

// Delivery queues that do not confirm.
extension ShardEngine {
  /// A delivery was not confirmed in time.
  func noteStall(_ token: PublishToken) {
    links[link(of: token)].hasStalled = true
    events[token.slot].facts.with(.channel) { stalledChannels.add($0, at: now.monotonic) }
  }

  /// A delivery was refused: after long, and as the oldest of its connection, that is a stall too.
  func noteRefusal(_ token: PublishToken) {
    let index = link(of: token)
    guard let oldest = links[index].inFlight.oldest(isWaiting: isWaiting), oldest.token == token,
      max(oldest.publishedAt, links[index].usableSince) &+ EngineLimits.slowAnswer < now.monotonic
    else { return }
    noteStall(token)
  }

  /// A connection on which a stall was noted, and that has answered nothing else for a while, is
  /// given up: what waits on it behind the stalled deliveries goes out on the next one, they do
  /// not.
  func abandonStuckLinks() {
    for index in links.indices where links[index].hasStalled {
      links[index].hasStalled = false
      let state = links[index]
      let since = max(state.lastConfirmAt, state.usableSince)
      if state.isUsable, state.inFlight.count > 0,
        since &+ EngineLimits.slowAnswer < now.monotonic
      {
        output.abandonedLinks.append(PublishLink(rawValue: index))
      }
    }
  }

  /// The queue of an event's channel has taken a delivery.
  func channelAnswers(_ event: Int32) {
    var waiting = events[event].facts.with(.channel) { stalledChannels.remove($0) }
    if recalled.isEmpty {
      recalled = waiting
    } else {
      while let timer = waiting.popFirst() { recalled.add(timer) }
    }
  }

  /// The queue of an event's channel is stalled: it waits durably. One that has waited before,
  /// and been called in vain, needs no other record.
  func waitBehindStall(_ event: Int32) {
    let state = events[event].state
    guard state.errorCount > 0, !state.dueAt.isNone, givesUpAt(state) > now.wall else {
      return retryLater(
        event, TransitionReason(.unconfirmed, "the queue of its channel does not confirm"),
        isBehindStall: true)
    }
    keepBehindStall(event)
    settle(event)
    drainInputs(event)
  }

  func keepBehindStall(_ event: Int32) {
    let state = events[event].state
    let givesUpAt = givesUpAt(state)
    let timer = TimerQueue.Timer(
      due: state.expiration.isNone ? givesUpAt : min(givesUpAt, state.expiration),
      key: events[event].key, lsn: events[event].lastLSN)
    events[event].facts.with(.channel) { stalledChannels.wait(timer, for: $0, at: now.monotonic) }
  }

  func isHeldBack(_ event: Int32, probe serial: UInt32) -> Bool {
    let token = PublishToken(.delivery, slot: event, serial: serial)
    let facts = events[event].facts
    return facts.with(.channel) { channel in
      stalledChannels.holdsBack(
        channel, probe: token, at: now.monotonic, isWaiting: isWaiting)
    }
  }

  /// A queue that has confirmed nothing for a moment, beside others of its lane: what waits for it
  /// waits durably, and of what it has not confirmed no more than half of what the lane may have
  /// unacknowledged stays open, for the others. With nobody beside it, its deadline is soon
  /// enough.
  func relieveQuietQueues() {
    if isBroken(.keepsQuietQueues) { return }
    for lane in Lane.allCases {
      let queues = deliveryQueues.indices.filter { deliveryQueues[$0].lane == lane }
      guard queues.count > 1 else { continue }
      let prefetch = lane == .realtime ? settings.realtimePrefetch : settings.batchPrefetch
      var held = 0
      var quiet: [Int] = []
      for queue in queues {
        let count = links[PublishLink.deliveries(queue).rawValue].inFlight.count
        if count > 0 ? isQuiet(queue) : isCutOff(queue, beside: queues) {
          quiet.append(queue)
          held += count + deliveryQueues[queue].count
        }
      }
      guard held > prefetch / 4 else { continue }
      for queue in quiet { relieve(queue, share: prefetch / 2 / quiet.count) }
    }
  }

  private func isQuiet(_ queue: Int) -> Bool {
    let link = PublishLink.deliveries(queue).rawValue
    guard links[link].isUsable, let oldest = links[link].inFlight.oldest(isWaiting: isWaiting)
    else { return false }
    let since = max(oldest.publishedAt, links[link].usableSince, links[link].lastConfirmAt)
    return since &+ EngineLimits.quiet < now.monotonic
  }

  /// Whether a queue's connection is not open, though another one of its lane is, and what waits
  /// for it has for a moment: one that is closed again and again has nothing under way to go by.
  /// Where one message is to blame, that one is looked for, and the others follow.
  private func isCutOff(_ queue: Int, beside others: [Int]) -> Bool {
    guard links[PublishLink.deliveries(queue).rawValue].isCutOff,
      let first = deliveryQueues[queue].first, events.contains(first),
      events[first.slot].waitingSince &+ EngineLimits.quiet < now.monotonic
    else { return false }
    return others.contains { links[PublishLink.deliveries($0).rawValue].isUsable }
  }

  private func relieve(_ queue: Int, share: Int) {
    let link = PublishLink.deliveries(queue).rawValue
    while let event = deliveryQueues[queue].next(mayTakeBackground: true) {
      guard events.contains(event), events[event.slot].phase == .queued else { continue }
      // The other lane's queue of the channel may well answer: that channel is not stalled.
      if links[link].isCutOff {
        retryLater(
          event.slot, TransitionReason(.brokerUnavailable, "the connection to its queue is closed"))
      } else {
        waitBehindStall(event.slot)
      }
    }
    while links[link].inFlight.count > share,
      let oldest = links[link].inFlight.oldest(isWaiting: isWaiting)
    {
      noteStall(oldest.token)
      giveUpDelivery(oldest.token, .unconfirmed, "the broker did not confirm in time")
    }
  }
}
