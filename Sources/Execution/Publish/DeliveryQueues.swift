import Messages

/// The delivery queues of a shard, by number: a handful for each channel of the templates.
struct DeliveryQueues {
  private var queues: [DeliveryQueue] = []

  var indices: Range<Int> { queues.indices }

  subscript(_ index: Int) -> DeliveryQueue {
    _read { yield queues[index] }
    _modify { yield &queues[index] }
  }

  func index(of lane: Lane, _ channel: UnsafeRawBufferPointer) -> Int? {
    queues.firstIndex { $0.lane == lane && channel.elementsEqual($0.channel) }
  }

  /// Events that wait durably for their turn, or behind a search.
  var waitingEvents: Int {
    queues.reduce(0) { $0 + $1.culprits.waitingEvents + $1.behindSearch.count }
  }
  var hasBehindSearch: Bool { queues.contains { !$0.behindSearch.isEmpty } }

  /// The queue over whose delivery of this event the broker has closed the connection.
  func index(blaming key: EventKey) -> Int? {
    queues.firstIndex { $0.culprits.contains(key) }
  }

  /// The queue of a lane and channel. One that is new has its connection ordered.
  mutating func find(
    _ lane: Lane, _ channel: UnsafeRawBufferPointer, _ window: inout PublishWindow,
    _ output: inout TurnOutput
  ) -> Int {
    if let known = index(of: lane, channel) { return known }
    let queue = queues.count
    queues.append(DeliveryQueue(lane: lane, channel: Array(channel)))
    window.addLink()
    output.openLinks.append(
      LinkOrder(
        link: .deliveries(queue),
        name: "publish \(lane.name) \(String(decoding: channel, as: UTF8.self))"))
    return queue
  }
}

/// A delivery whose connection is gone.
struct LostDelivery {
  var event: WorkingSet.Reference
  /// Of the publish that nobody answers any more.
  var token: PublishToken
  var delivery: ActiveEvent.QueuedDelivery
  var isBackground: Bool

  fileprivate var waiting: DeliveryQueue.Waiting {
    DeliveryQueue.Waiting(event: event, since: delivery.since)
  }
}

extension DeliveryQueue {
  /// The connection is gone: what was published is published again, in the same order. Returns
  /// those over which the broker closed it, as far as that is known: they do not wait here.
  ///
  /// - Parameter lost: in the order they were published.
  mutating func lost(_ lost: [LostDelivery], _ loss: LinkLoss) -> [LostDelivery] {
    guard case .refusesMessage(let most) = loss else {
      publishAgain(lost)
      return []
    }
    if let most, lost.contains(where: { $0.delivery.bytes.count > most }) {
      publishAgain(lost.filter { $0.delivery.bytes.count <= most })
      return lost.filter { $0.delivery.bytes.count > most }
    }
    if lost.count == 1 { return lost }
    suspect(lost.map(\.waiting))
    return []
  }

  private mutating func publishAgain(_ lost: [LostDelivery]) {
    // One that went alone goes alone again.
    if let alone, lost.map(\.token) == [alone] { return suspect(lost.map(\.waiting)) }
    for lost in lost.reversed() { prepend(lost.waiting, isBackground: lost.isBackground) }
  }
}
