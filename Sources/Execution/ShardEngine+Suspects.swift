// A message that the broker has delivered several times may be one that kills the process. Each
// such message is processed alone: the owner stops consuming, what else is at hand is finished
// and acknowledged, and if the process dies then, only this message's delivery count grows. The
// broker parks it at its delivery limit (`delivery-limit`).
extension ShardEngine {
  /// Whether the owner is to stop consuming until this is false again.
  package var isIsolating: Bool { !suspects.isEmpty || suspectUnderWay != nil }

  func suspect(_ message: InboundMessage) {
    let suspect = Suspect(message)
    let place = suspects.firstIndex { $0.sum > suspect.sum } ?? suspects.endIndex
    suspects.insert(suspect, at: place)
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
    let next = suspects.remove(at: nextSuspect).message
    counters.isolated += 1
    suspectUnderWay = open(next).map { ($0, now.monotonic) }
    return true
  }

  /// Which suspect to take. What the process dies of would drag along the suspects that wait
  /// behind it, so every life begins with another one, in an order that is the same in each,
  /// however they arrive.
  private var nextSuspect: Int {
    Int(suspects.map(\.message.deliveryCount).max() ?? 0) % suspects.count
  }
}

/// A message that the process may die of. They are kept by `sum`, which no arrival changes.
struct Suspect {
  let message: InboundMessage
  /// FNV-1a of its body.
  let sum: UInt64

  init(_ message: InboundMessage) {
    self.message = message
    sum = message.storage[..<message.bodyCount].reduce(0xCBF2_9CE4_8422_2325) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
  }
}
