import Messages

// Queues that keep what others of their lane need.
extension DeliveryQueues {
  /// A queue that is to give up some of what it has.
  struct Relief: Equatable {
    var queue: Int
    /// How many of its deliveries may stay unconfirmed.
    var share: Int
  }

  /// A queue that has confirmed nothing for a moment, beside others of its lane: what waits for it
  /// is to wait durably, and of what it has not confirmed no more than half of what the lane may
  /// have unacknowledged stays open, for the others. The same while its connection is closed, and
  /// while those to blame for that are looked for. With nobody beside it, its deadline is soon
  /// enough.
  ///
  /// - Parameters:
  ///   - prefetch: how many messages of the lane may be unacknowledged.
  ///   - isThere: whether an event is still in the working set.
  func reliefs(
    _ lane: Lane, prefetch: Int, _ window: PublishWindow, at now: MonotonicTime,
    isThere: (DeliveryQueue.Waiting) -> Bool
  ) -> [Relief] {
    let others = indices.filter { self[$0].lane == lane }
    guard others.count > 1 else { return [] }
    var held = 0
    var quiet: [Int] = []
    for queue in others {
      let link = PublishLink.deliveries(queue)
      let count = window.unanswered(link)
      let first = self[queue].first
      // One that is closed again and again has nothing under way to go by.
      let isCutOff =
        count == 0 && window.isCutOff(link) && Self.hasWaited(first, at: now, isThere)
        && others.contains { window.isUsable(.deliveries($0)) }
      let isQuiet = count > 0 && window.isQuiet(link, at: now)
      if isCutOff || isQuiet || isSearched(queue, at: now, isThere) {
        quiet.append(queue)
        held += count + self[queue].count
      }
    }
    guard held > min(prefetch, EngineLimits.backgroundEvents * 2) / 4 else { return [] }
    return quiet.map { Relief(queue: $0, share: prefetch / 2 / quiet.count) }
  }

  /// Whether what a queue has published goes one by one, for a moment already, since the broker
  /// has closed the connection over some of it.
  func isSearched(
    _ queue: Int, at now: MonotonicTime, _ isThere: (DeliveryQueue.Waiting) -> Bool
  ) -> Bool {
    Self.hasWaited(self[queue].firstSuspect, at: now, isThere)
  }

  static func hasWaited(
    _ event: DeliveryQueue.Waiting?, at now: MonotonicTime,
    _ isThere: (DeliveryQueue.Waiting) -> Bool
  ) -> Bool {
    guard let event, isThere(event) else { return false }
    return event.since + EngineLimits.quiet < now
  }
}
