import JSON
import Messages
import Templates

extension ShardEngine {
  /// Renders an event's delivery. The same event, template version and acceptance time always
  /// give the same bytes, so that a delivery can be published again after a restart.
  func render(
    _ event: Int32, _ fields: EventFields, _ template: Template
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
  func publishDelivery(_ event: Int32, _ queue: Int) -> PublishToken? {
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
  func deliveryConfirmed(_ event: Int32) {
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
