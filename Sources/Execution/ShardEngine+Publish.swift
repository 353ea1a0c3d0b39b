import DequeModule
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
  func queueDelivery(_ event: Int32, _ bytes: [UInt8]) {
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
        lane, isRealtimeActive: isRealtimeActive, isRealtimeUnderWay: isRealtimeUnderWay)
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
