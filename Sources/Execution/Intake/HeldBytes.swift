import Messages

/// The bytes of messages, events and publishes that a shard holds in memory, whichever table holds
/// them: one budget, of which each lane may fill a part, so that the next one finds room.
///
/// What a message may still grow by is not known before it is opened, so a part may be exceeded by
/// what one message becomes; nothing else is taken then until it has gone.
package struct HeldBytes: Sendable {
  /// Of the budget, in bytes.
  let limit: Int
  /// Messages that no turn has taken, by their inlet: suspects among them.
  private var waiting = [Int](repeating: 0, count: Inlet.allCases.count)
  /// Open messages, bodies read back, rendered deliveries, jobs.
  private(set) var inWork = 0

  init(limit: Int) {
    self.limit = limit
  }

  /// All of them.
  package var total: Int { waiting.reduce(inWork, +) }

  package func waiting(_ inlet: Inlet) -> Int { waiting[Int(inlet.rawValue)] }

  mutating func arrived(_ bytes: Int, in inlet: Inlet) {
    assert(bytes >= 0, "bytes are counted")
    waiting[Int(inlet.rawValue)] += bytes
  }

  mutating func left(_ bytes: Int, from inlet: Inlet) {
    waiting[Int(inlet.rawValue)] -= bytes
    assert(waiting[Int(inlet.rawValue)] >= 0, "what leaves has arrived")
  }

  /// Something is kept in memory until `release`.
  mutating func hold(_ bytes: Int) {
    assert(bytes >= 0, "bytes are counted")
    inWork += bytes
  }

  mutating func release(_ bytes: Int) {
    inWork -= bytes
    assert(inWork >= 0, "what is released was held")
  }

  /// Whether more messages may be received: each inlet may keep a twelfth of the budget waiting.
  func mayReceive(_ inlet: Inlet) -> Bool { waiting(inlet) < limit / 12 }

  /// Whether another element may be taken: batch fills a third of the budget, real-time half of it,
  /// and delivery logs, which end what is held, some more.
  func mayTake(_ inlet: Inlet) -> Bool {
    switch inlet {
    case .batch: inWork < limit / 3
    case .realtime: inWork < limit / 2
    case .deliveryLogs: inWork < limit * 7 / 12
    }
  }

  /// Whether something may be driven on in the background.
  var mayTakeInBackground: Bool { inWork < limit / 3 }
}
