import DequeModule

/// The messages of one queue that no turn has taken yet.
struct InletState {
  var waiting: Deque<InboundMessage> = []
  /// The message whose elements are being taken.
  var open = MessageSlot.none
  /// The channel of the newest of them; only an engine that is broken on purpose asks for it.
  var epoch: UInt32 = 0

  mutating func add(_ message: InboundMessage) {
    waiting.append(message)
  }

  mutating func takeFirst() -> InboundMessage? { waiting.popFirst() }

  mutating func removeAll() { waiting.removeAll(keepingCapacity: true) }
}
