import DequeModule

// A message that the broker has delivered several times may be one that kills the process. Each
// such message is processed alone: the owner stops consuming, what else is at hand is finished
// and acknowledged, and if the process dies then, only this message's delivery count grows. The
// broker parks it at its delivery limit (`delivery-limit`).
extension ShardEngine {
  /// Whether the owner is to stop consuming until this is false again.
  package var isIsolating: Bool { !suspects.isEmpty || suspectUnderWay != nil }

  func suspect(_ message: InboundMessage) {
    suspects.append(message)
  }

  /// Takes what else is at hand, then one suspect; true when something is left to take now.
  func takeSuspect() -> Bool {
    if let (message, since) = suspectUnderWay {
      let isAlone = since &+ EngineLimits.suspectAlone > now.monotonic
      if messages.contains(message), isAlone {
        // Its own elements, if it has several.
        let inlet = messages[message.slot].message.inlet
        while inlets[Int(inlet.rawValue)].open == message.slot, takeElement(from: inlet) {}
        return false
      }
      suspectUnderWay = nil
    }
    var isLeft = false
    for inlet in Inlet.allCases {
      isLeft = take(from: inlet, atMost: EngineLimits.turnSlice) || isLeft
    }
    // Acknowledgements that are only ordered would be lost with the process.
    guard !isLeft, messages.isEmpty, output.settlements.isEmpty, !suspects.isEmpty else {
      return isLeft || !output.settlements.isEmpty
    }
    let next = suspects.remove(at: nextSuspect)
    counters.isolated += 1
    suspectUnderWay = open(next).map { ($0, now.monotonic) }
    return true
  }

  /// Which suspect to take. What the process dies of would drag along the suspects that wait
  /// behind it, so every life begins with another one, in an order that is the same in each,
  /// however they arrive.
  private var nextSuspect: Int {
    let lives = Int(suspects.map(\.deliveryCount).max() ?? 0)
    let sums = suspects.map(\.sum)
    let order = sums.indices.sorted { (sums[$0], $0) < (sums[$1], $1) }
    return order[lives % order.count]
  }
}

extension InboundMessage {
  /// FNV-1a of its body.
  fileprivate var sum: UInt64 {
    storage[..<bodyCount].reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
