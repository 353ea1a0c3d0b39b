import DequeModule
import JSON
import Messages
import Templates

// What waits for a publishing connection, and what is under way on it.
extension ShardEngine {
  /// Opens the connections of all channels that the templates name, before the first event.
  func openDeliveryQueues() {
    for lane in Lane.allCases {
      for var channel in catalog.channels {
        channel.withUTF8 {
          _ = deliveryQueues.find(lane, UnsafeRawBufferPointer($0), &window, &output)
        }
      }
    }
  }

  /// Lets a delivery wait for room on the connection of its lane and its present channel.
  func queueDelivery(_ event: EventSlot, _ bytes: [UInt8]) {
    let lane = events[event].state.lane
    let queue = events[event].facts.with(.channel) {
      deliveryQueues.find(lane, $0, &window, &output)
    }
    events[event].queue(
      ActiveEvent.QueuedDelivery(queue: queue, since: now.monotonic, bytes: bytes))
    deliveryQueues[queue].append(
      DeliveryQueue.Waiting(event: events.reference(event), since: now.monotonic),
      key: events[event].key, isBackground: events[event].isBackground)
  }

  /// Publishes what may be, real-time deliveries first.
  func pump() {
    for lane in [Lane.realtime, .batch] {
      let room = DeliveryRoom(
        lane, isRealtimeActive: work.isRealtimeActive(at: now.monotonic),
        isRealtimeUnderWay: isRealtimeUnderWay)
      for queue in deliveryQueues.indices where deliveryQueues[queue].lane == lane {
        pump(queue, room)
      }
    }
    parking.pump(&window, &output, using: &writer, at: now)
    if !isDraining { parking.orderReads(window, &output, at: now.monotonic) }
    receipts.pump(&window, &output, at: now)
    pumpOutbox()
  }

  /// Publishes deliveries of one queue while there is room.
  private func pump(_ queue: Int, _ room: DeliveryRoom) {
    let link = PublishLink.deliveries(queue)
    guard window.isUsable(link), !isAloneUnderWay(queue) else { return }
    while deliveryQueues[queue].hasSuspects {
      guard window.unanswered(link) == 0, let event = deliveryQueues[queue].nextSuspect() else {
        return
      }
      if isQueued(event, queue), publishAlone(event.slot, queue) { return }
    }
    while window.unanswered(link) < room.fresh,
      let event = deliveryQueues[queue].next(
        mayTakeBackground: window.unanswered(link) < room.background)
    {
      // A delivery log may have overtaken the delivery while it waited.
      guard isQueued(event, queue) else { continue }
      let bytes = events[event.slot].deliveryBytes
      if window.unanswered(link) > room.bytes / max(bytes, 1) {
        return deliveryQueues[queue].prepend(
          event, isBackground: events[event.slot].isBackground)
      }
      if window.mostBytes != nil, isTooLarge(event, queue) { continue }
      publishDelivery(event.slot, queue)
    }
  }

  /// False when it is not published after all: its time has passed, say.
  private func publishAlone(_ event: EventSlot, _ queue: Int) -> Bool {
    guard let token = publishDelivery(event, queue) else { return false }
    deliveryQueues[queue].alone = token
    return true
  }

  /// Whether a delivery that went alone is still unanswered.
  private func isAloneUnderWay(_ queue: Int) -> Bool {
    guard let alone = deliveryQueues[queue].alone else { return false }
    return window.isWaiting(alone, on: .deliveries(queue))
  }

  /// Whether an event that a queue has waits in it still: it may have gone on to another channel.
  func isQueued(_ event: DeliveryQueue.Waiting, _ queue: Int) -> Bool {
    events.contains(event.event) && events[event.slot].isQueued(in: queue)
  }

  private var isRealtimeUnderWay: Bool {
    deliveryQueues.indices.contains { queue in
      deliveryQueues[queue].lane == .realtime
        && window.unanswered(.deliveries(queue)) > 0
    }
  }

  /// A publish that nobody answers must not keep its message from the broker for ever: past its
  /// deadline the event waits durably for another try. The deadline stands still while the
  /// broker blocks; the bound on unacknowledged messages does not.
  func checkDeadlines() {
    for queue in deliveryQueues.indices {
      let link = PublishLink.deliveries(queue)
      while let token = window.overdue(link, at: now.monotonic) {
        counters.deliveriesUnconfirmedInTime += 1
        noteStall(token)
        giveUpDelivery(token, .unconfirmed, "the broker did not confirm in time")
      }
      while let token = window.unacknowledged(link, at: now.monotonic) {
        giveUpDelivery(token, .brokerUnavailable, "the broker did not take it")
      }
      dropOverdue(queue)
    }
  }

  /// What has waited too long for its connection waits durably.
  private func dropOverdue(_ queue: Int) {
    while let event = deliveryQueues[queue].popFirst(where: { event in
      !isQueued(event, queue) || event.since + UnacknowledgedTimes.eventsWait < now.monotonic
    }) {
      guard isQueued(event, queue) else { continue }
      retryLater(
        event.slot, TransitionReason(.brokerUnavailable, "the broker did not take deliveries"))
    }
  }

  func giveUpDelivery(_ token: PublishToken, _ code: ReasonCode, _ text: String) {
    answer(token, .givenUp)
    retryLater(token.event, TransitionReason(code, text))
  }

  /// The connection of a publish; nil when its event is gone.
  func link(of token: PublishToken) -> PublishLink? {
    switch token.kind {
    case .delivery:
      events.isTaken(token.event) ? events[token.event].queue.map(PublishLink.deliveries) : nil
    case .parking: .parking
    case .receipt: .receipts
    case .status, nil: .status
    }
  }

  /// Since when a delivery that has just been published had waited for its connection.
  package func waitingSince(_ token: PublishToken) -> MonotonicTime {
    events[token.event].published?.delivery.since ?? .start
  }
}

// A delivery is rendered, published and confirmed.
extension ShardEngine {
  /// Renders an event's delivery. The same event, template version and acceptance time always
  /// give the same bytes, so that a delivery can be published again after a restart.
  func render(
    _ event: EventSlot, _ fields: EventFields, _ template: Template
  ) throws(RenderError) -> [UInt8] {
    writer.removeAll()
    let state = events[event].state
    var steps = 0
    defer { work.spend(steps * WorkCost.step + writer.count * WorkCost.byte) }
    let facts = events[event].facts
    try facts.bytes.withPart(facts.idRange) { (id) throws(RenderError) in
      let attempt = DeliveryRendering.Attempt(
        eventID: id, shard: settings.shard, number: state.attempt, lane: state.lane,
        acceptedAt: state.acceptedAt)
      try DeliveryRendering.write(attempt, fields, template, to: &writer, steps: &steps)
    }
    hold(writer.count, for: event)
    return writer.array()
  }

  /// Publishes a delivery of a queue, unless its time has passed meanwhile, or it has to wait for
  /// the queue: then there is no token.
  @discardableResult
  func publishDelivery(_ event: EventSlot, _ queue: Int) -> PublishToken? {
    if events[event].state.hasExpired(at: now.wall) {
      expire(event)
      return nil
    }
    let token = PublishToken(.delivery, slot: event, serial: window.nextSerial())
    if !stalledQueues.isEmpty, isHeldBack(event, queue, probe: token) {
      waitBehindStall(event)
      return nil
    }
    let delivery = events[event].publish(token)
    window.publish(token, on: .deliveries(queue), at: now.monotonic)
    counters.deliveriesPublished += 1
    output.publish(
      delivery, token, of: events[event].facts, events[event].state, shard: settings.shard,
      replyTo: names.deliveryLogQueue, using: &writer)
    return token
  }

  /// The broker has confirmed an event's delivery; returned before, it is not delivered at all.
  func deliveryConfirmed(_ event: EventSlot) {
    guard let published = events[event].published else { return }
    deliveryQueues[published.delivery.queue].culprits.acquit(events[event].key)
    window.hasTaken(published.delivery.bytes.count)
    if !stalledQueues.isEmpty { stalledQueues.answers(published.delivery.queue) }
    switch events[event].confirmed() {
    case .retry(let reason): return retryLater(event, reason)
    case .deliver:
      events[event].state.move(to: .pendingDelivery)
      append(.transition, event)
    case .republish:
      events[event].state.wasRepublished()
      append(
        .republished, event,
        reason: TransitionReason(.logTimeout, "no delivery log came; published again"))
    }
    counters.deliveriesConfirmed += 1
    awaitDurable(event, then: .settle)
  }
}

// Delivery queues that do not confirm.
extension ShardEngine {
  /// A delivery was not confirmed in time.
  func noteStall(_ token: PublishToken) {
    guard let queue = events[token.event].queue else { return }
    window.noteStall(on: .deliveries(queue))
    stalledQueues.add(queue, at: now.monotonic)
  }

  /// A delivery was refused: after long, and as the oldest of its connection, that is a stall too.
  func noteRefusal(_ token: PublishToken, _ refused: InFlight.Answered) {
    guard refused.wasOldest, let link = link(of: token),
      max(refused.publishedAt, window.usableSince(link)) + EngineLimits.slowAnswer < now.monotonic
    else { return }
    noteStall(token)
  }

  /// The queue of an event does not answer, or is searched: it waits durably. One that has waited
  /// before, and was called in vain, needs no other record.
  func waitAgain(_ event: EventSlot, until wait: RetryWait, _ reason: TransitionReason) {
    let wait = isCulprit(event) ? .pause : wait
    let state = events[event].state
    guard state.errorCount > 0, !state.dueAt.isNone, givesUpAt(state) > now.wall else {
      return retryLater(event, reason, until: wait)
    }
    hold(event, until: wait)
    settle(event)
    drainInputs(event)
  }

  func waitBehindStall(_ event: EventSlot) {
    waitAgain(
      event, until: .answer,
      TransitionReason(.unconfirmed, "the queue of its channel does not confirm"))
  }

  /// Keeps an event, whose record is written, until its next try or its end.
  func hold(_ event: EventSlot, until wait: RetryWait) {
    guard let queue = events[event].queue else { return addTimer(event) }
    switch wait {
    case .pause: addTimer(event)
    case .answer: stalledQueues.wait(endTimer(event), for: queue, at: now.monotonic)
    case .search: deliveryQueues[queue].behindSearch.add(endTimer(event))
    }
  }

  /// When an event that waits for another try expires or is given up, whatever it waits for.
  func endTimer(_ event: EventSlot) -> TimerQueue.Timer {
    let state = events[event].state
    let givesUpAt = givesUpAt(state)
    return TimerQueue.Timer(
      due: state.expiration.isNone ? givesUpAt : min(givesUpAt, state.expiration),
      key: events[event].key, lsn: events[event].lastLSN)
  }

  /// Whether the broker has closed the connection over the event's delivery.
  func isCulprit(_ event: EventSlot) -> Bool {
    guard let queue = events[event].queue else { return false }
    return deliveryQueues[queue].culprits.contains(events[event].key)
  }

  /// An event over which the broker closes the connection tells nothing of its queue: it is the
  /// probe only where there is no other.
  func isHeldBack(_ event: EventSlot, _ queue: Int, probe token: PublishToken) -> Bool {
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

// Receipts: best effort, on a connection of their own, and no acknowledgement waits for one.
extension ShardEngine {
  /// Publishes the receipt of an accepted (or repeated) event to the `reply_to` of its message.
  func publishReceipt(of event: EventSlot, to message: MessageSlot, isDuplicate: Bool) {
    // Only an engine that is broken on purpose has settled the message before.
    guard messages.isTaken(message) else { return }
    addReceipt(
      .taken(events[event].state, isDuplicate: isDuplicate),
      eventID: events[event].facts.id, to: message)
  }

  /// Publishes what has come of a cancel to the `reply_to` of its message.
  func publishCancelReceipt(_ outcome: CancelOutcome, of event: EventSlot, to message: MessageSlot)
  {
    // Only an engine that is broken on purpose has settled the message before.
    guard messages.isTaken(message), messages[message].wantsReceipt else { return }
    addReceipt(.cancel(outcome), eventID: events[event].facts.id, to: message)
  }

  /// - Parameter eventID: empty when it could not be made out.
  func addReceipt(_ news: ReceiptNews, eventID: [UInt8], to message: MessageSlot) {
    writer.removeAll()
    eventID.withUnsafeBytes { news.write(of: $0, to: &writer) }
    counters.receipts += 1
    let inbound = messages[message].message
    noteLoss(
      receipts.add(
        Receipts.Entry(
          replyTo: inbound.storage.withPart(inbound.replyTo.range) { ReplyAddress.queue(of: $0) },
          messageID: Self.receiptID(eventID, isOfCancel: messages[message].isCancel),
          correlationID: inbound.bytes(inbound.correlationID), body: writer.array()),
        window, &output, at: now.monotonic))
  }

  /// `<id>.receipt`, of a cancel `<id>.cancel-receipt`: an event's own is not to be taken for a
  /// repeat of it. None when there is no id or no room for it.
  private static func receiptID(_ eventID: [UInt8], isOfCancel: Bool) -> [UInt8] {
    let id = eventID + Array((isOfCancel ? ".cancel-receipt" : ".receipt").utf8)
    return eventID.isEmpty || id.count > MessageLimits.shortStringBytes ? [] : id
  }

  /// Receipts have been given up.
  func noteLoss(_ loss: Receipts.Loss?) {
    guard let loss, loss.count > 0, !isBroken(.losesReceipts) else { return }
    counters.receiptsGivenUp += loss.count
    lastReceiptLoss = loss.reason
  }
}
