import DequeModule
import Messages
import Templates

// What waits for a publishing connection, and what is under way on it.
extension ShardEngine {
  /// The delivery queue of an event, by its lane and its present channel.
  private func deliveryQueue(of event: Int32) -> Int {
    let lane = events[event].state.lane
    return events[event].facts.with(.channel) { deliveryQueue(of: lane, $0) }
  }

  /// One that is new has its connection opened.
  private func deliveryQueue(of lane: Lane, _ channel: UnsafeRawBufferPointer) -> Int {
    if let known = deliveryQueues.index(of: lane, channel) { return known }
    let queue = deliveryQueues.add(lane, channel)
    window.addLink()
    output.openLinks.append(
      LinkOrder(
        link: .deliveries(queue),
        name: "publish \(lane.name) \(String(decoding: channel, as: UTF8.self))"))
    return queue
  }

  /// Opens the connections of all channels that the templates name, before the first event.
  func openDeliveryQueues() {
    for lane in Lane.allCases {
      for channel in catalog.channels {
        var channel = channel
        channel.withUTF8 { _ = deliveryQueue(of: lane, UnsafeRawBufferPointer($0)) }
      }
    }
  }

  func queueDelivery(_ event: Int32, _ bytes: [UInt8]) {
    let queue = deliveryQueue(of: event)
    events[event].queue(
      ActiveEvent.QueuedDelivery(queue: queue, since: now.monotonic, bytes: bytes))
    deliveryQueues[queue].append(
      DeliveryQueue.Waiting(event: events.reference(event), since: now.monotonic),
      key: events[event].key, isBackground: events[event].isBackground)
  }

  /// Publishes what may be, real-time deliveries first.
  func pump() {
    for lane in [Lane.realtime, .batch] {
      let room = deliveryRoom(lane)
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
  private func publishAlone(_ event: Int32, _ queue: Int) -> Bool {
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

  /// How many deliveries of one queue may be unconfirmed. The broker works them off in their
  /// order, so the first real-time event waits for what batch and background have under way.
  private func deliveryRoom(_ lane: Lane) -> DeliveryRoom {
    let isHeld = isRealtimeActive || lane == .batch && isRealtimeUnderWay
    let background = isHeld ? EngineLimits.batchSlice : EngineLimits.unconfirmedBatch
    if lane == .realtime {
      return DeliveryRoom(
        fresh: EngineLimits.unconfirmedDeliveries, background: background, bytes: .max)
    }
    return DeliveryRoom(
      fresh: background, background: background,
      bytes: isHeld ? EngineLimits.batchBytes : .max)
  }

  /// Whether real-time events come at present.
  var isRealtimeActive: Bool {
    now.monotonic &- lastRealtimeAt < EngineLimits.realtimeActive
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
      !isQueued(event, queue) || event.since &+ EngineLimits.unacknowledged < now.monotonic
    }) {
      guard isQueued(event, queue) else { continue }
      retryLater(
        event.slot, TransitionReason(.brokerUnavailable, "the broker did not take deliveries"))
    }
  }

  func giveUpDelivery(_ token: PublishToken, _ code: ReasonCode, _ text: String) {
    answer(token, .givenUp)
    retryLater(token.slot, TransitionReason(code, text))
  }

  /// The connection of a publish; nil when its event is gone.
  func link(of token: PublishToken) -> PublishLink? {
    switch token.kind {
    case .delivery:
      events.isTaken(token.slot) ? events[token.slot].queue.map(PublishLink.deliveries) : nil
    case .parking: .parking
    case .receipt: .receipts
    case .status, nil: .status
    }
  }

  /// Since when a delivery that has just been published had waited for its connection, monotonic.
  package func waitingSince(_ token: PublishToken) -> UInt64 {
    events[token.slot].published?.delivery.since ?? 0
  }
}

/// What may be unconfirmed of one delivery queue.
private struct DeliveryRoom {
  /// While a fresh event waits, and while none does.
  var fresh: Int
  var background: Int
  /// If all of it were as large as the next one: large deliveries keep the broker's disk busy.
  var bytes: Int
}
