import DequeModule
import Messages

extension ShardEngine {
  /// One turn: timers, then a share of each inlet (delivery logs and real-time first), then what
  /// may be published. True when messages are left to take: call again soon.
  ///
  /// - Parameters:
  ///   - mayAppend: whether the log has room for what comes.
  ///   - mayTakeBatch: whether it has so much that what the batch lane appends will not hold up
  ///     the sync that a real-time event waits for.
  package func turn(
    at instant: Instant, mayAppend: Bool = true, mayTakeBatch: Bool = true
  ) -> Bool {
    advance(to: instant)
    resumeRecovered()
    fireTimers()
    releasePaced()
    watchLogs()
    if uncounted != nil { orderUncounted() }
    checkDeadlines()
    releaseDelayedJobs()
    let isLeft = mayAppend && takeFromInlets(mayTakeBatch: mayTakeBatch)
    pump(.realtime, window: EngineLimits.unconfirmedDeliveries)
    pump(.batch, window: batchWindow)
    pump(.status, window: 0)
    pumpOutbox()
    recordPosition()
    abandonStuckLinks()
    return isLeft
  }

  /// All the log's records up to this LSN are durable.
  package func durable(upTo lsn: UInt64) {
    precondition(lsn >= durableLSN && lsn < nextLSN, "durability only grows, up to what exists")
    durableLSN = lsn
    while let first = awaitingDurable.first, first.lsn <= lsn {
      awaitingDurable.removeFirst()
      recordIsDurable(first.event.slot)
    }
  }

  private var batchWindow: Int {
    let isRealtimeActive =
      now.monotonic &- lastRealtimeAt < EngineLimits.realtimeActive
      || links[PublishLink.realtime.rawValue].inFlight.count > 0
    return isRealtimeActive ? EngineLimits.batchSlice : EngineLimits.unconfirmedBatch
  }

  private func takeFromInlets(mayTakeBatch: Bool) -> Bool {
    guard !isDraining, isRecovered else { return false }
    if isIsolating { return takeSuspect() }
    var isLeft = take(from: .deliveryLogs, atMost: EngineLimits.turnSlice)
    isLeft = take(from: .realtime, atMost: EngineLimits.turnSlice) || isLeft
    guard mayTakeBatch else { return isLeft }
    return take(from: .batch, atMost: EngineLimits.batchSlice) || isLeft
  }

  /// True when something is left and there is room for it.
  func take(from inlet: Inlet, atMost limit: Int) -> Bool {
    for _ in 0..<limit {
      // Jobs are bounded with the events: a body of millions of elements may park each of them.
      guard events.count < EngineLimits.activeEvents, jobs.count < EngineLimits.activeEvents else {
        return false
      }
      guard takeElement(from: inlet) else { return false }
    }
    let state = inlets[Int(inlet.rawValue)]
    return state.open >= 0 || !state.waiting.isEmpty
  }

  /// Publishes deliveries and jobs of one connection while there is room.
  private func pump(_ link: PublishLink, window: Int) {
    let index = link.rawValue
    guard links[index].isUsable else { return }
    while let job = links[index].jobs.popFirst() {
      if jobs.contains(job) { publishJob(job.slot) }
    }
    while links[index].inFlight.count < window, let event = links[index].queue.popFirst() {
      // A delivery log may have overtaken the delivery while it waited.
      guard events.contains(event), events[event.slot].phase == .queued else { continue }
      publishDelivery(event.slot)
    }
  }

  private func fireTimers() {
    guard isRecovered, !isDraining else { return }
    while events.count < EngineLimits.activeEvents, let timer = nextDue() {
      // Another transition has come since: it has set its own timer if it needs one.
      guard eventSlots[timer.key] != nil || lookup.isNewest(timer.lsn, of: timer.key) else {
        continue
      }
      give(.due, to: timer.key, lsn: timer.lsn)
    }
  }

  private func nextDue() -> TimerQueue.Timer? {
    if let timer = timers.popDue(at: now.wall) ?? recalled.popFirst() { return timer }
    if stalledChannels.isEmpty { return nil }
    return stalledChannels.popDue(at: now, isWaiting: isWaiting)
  }

  /// A publish that nobody answers must not keep its message from the broker for ever: past its
  /// deadline the event waits durably for another try. The deadline stands still while the
  /// broker blocks; the bound on unacknowledged messages does not.
  private func checkDeadlines() {
    for link in [PublishLink.realtime, .batch] {
      let index = link.rawValue
      if links[index].isUsable {
        while let oldest = links[index].inFlight.oldest(isWaiting: isWaiting),
          max(oldest.publishedAt, links[index].usableSince) &+ EngineLimits.confirmDeadline
            < now.monotonic
        {
          counters.deliveriesUnconfirmedInTime += 1
          noteStall(oldest.token)
          giveUpPublish(oldest.token, code: .unconfirmed, "the broker did not confirm in time")
        }
      }
      while let oldest = links[index].inFlight.oldest(isWaiting: isWaiting),
        oldest.publishedAt &+ EngineLimits.unacknowledged < now.monotonic
      {
        giveUpPublish(oldest.token, code: .brokerUnavailable, "the broker did not take it")
      }
      while let event = links[index].queue.first {
        guard events.contains(event), events[event.slot].phase == .queued else {
          links[index].queue.removeFirst()
          continue
        }
        guard events[event.slot].waitingSince &+ EngineLimits.unacknowledged < now.monotonic
        else { break }
        links[index].queue.removeFirst()
        retryLater(
          event.slot, TransitionReason(.brokerUnavailable, "the broker did not take deliveries"))
      }
    }
  }

  private func giveUpPublish(_ token: PublishToken, code: ReasonCode, _ text: String) {
    let link = self.link(of: token)
    links[link].inFlight.answered()
    switch token.kind {
    case .delivery: retryLater(token.slot, TransitionReason(code, text))
    case .job: delayJob(token.slot)
    case .status, nil: preconditionFailure("status updates have no deadline")
    }
  }

  /// Whether a publish is still to be answered.
  func isWaiting(_ token: PublishToken) -> Bool {
    switch token.kind {
    case .delivery:
      events.isTaken(token.slot) && events[token.slot].phase == .publishing
        && events[token.slot].publishSerial == token.serial
    case .job:
      jobs.isTaken(token.slot) && jobs[token.slot].isPublished
        && jobs[token.slot].serial == token.serial
    case .status, nil: false
    }
  }

  func link(of token: PublishToken) -> Int {
    switch token.kind {
    case .delivery: link(of: events[token.slot].state.lane).rawValue
    case .job: jobs[token.slot].link.rawValue
    case .status, nil: PublishLink.status.rawValue
    }
  }

  func link(of lane: Lane) -> PublishLink {
    lane == .realtime ? .realtime : .batch
  }

  func nextSerial() -> UInt32 {
    publishSerial = (publishSerial &+ 1) & PublishToken.serialMask
    return publishSerial
  }
}
