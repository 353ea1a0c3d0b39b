import Messages

// A message that the broker has delivered several times may be one that kills the process. Each
// such message is processed alone: the owner stops consuming, what else is at hand is finished
// and acknowledged, and if the process dies then, only this message's delivery count grows. The
// broker parks it at its delivery limit (`delivery-limit`).
//
// Nothing of this lasts: what else is at hand gets a second to be finished, a suspect gets a
// second, and after two seconds other messages flow again for as long, whatever still waits. A
// suspect that has been taken without the process dying is a message like any other.
extension ShardEngine {
  /// Whether the owner is to stop consuming until this is false again.
  package var isIsolating: Bool { suspects.isIsolating }

  /// Takes what else is at hand, then one suspect; true when something is left to take now.
  func takeSuspect() -> Bool {
    if let alone = suspects.alone {
      if isStillAlone(alone) { return takeElements(of: alone) }
      suspects.endAlone()
    }
    guard !suspects.waiting.isEmpty, !suspects.hasIsolatedLong else {
      suspects.endIsolation()
      return true
    }
    var isLeft = false
    for inlet in Inlet.allCases {
      isLeft = take(from: inlet, atMost: EngineLimits.turnSlice) || isLeft
    }
    // Acknowledgements that are only ordered would be lost with the process.
    guard suspects.hasClearedAway || (!isLeft && messages.isEmpty && output.settlements.isEmpty)
    else { return isLeft || !output.settlements.isEmpty }
    // A message of several elements at a time is being taken from each inlet.
    guard let inlet = suspects.nextInlet, inlets[Int(inlet.rawValue)].open < 0 else {
      return isLeft
    }
    let next = suspects.takeNext()
    held.left(next.storage.count, from: next.inlet)
    counters.isolated += 1
    work.share = WorkBudget.Share(next.inlet)
    if let message = open(next) { suspects.begin(message, next.inlet) }
    return true
  }

  /// Until the message is settled, or all of it is durable and a moment more has passed, or its
  /// time is up. It waits for no answer of the broker's beyond that moment.
  private func isStillAlone(_ alone: Suspects.Alone) -> Bool {
    if isBroken(.isolatesForEver), messages.contains(alone.message) { return true }
    guard messages.contains(alone.message), alone.age < EngineLimits.suspectAlone else {
      return false
    }
    let isDurable = alone.lsn > 0 && durableLSN >= alone.lsn
    return !isDurable || alone.age < EngineLimits.suspectAnswer
  }

  /// Its own elements, if it has several.
  private func takeElements(of alone: Suspects.Alone) -> Bool {
    let share = WorkBudget.Share(alone.inlet)
    work.share = share
    while inlets[Int(alone.inlet.rawValue)].open == alone.message.slot, hasRoom(for: alone.inlet) {
      guard !work.isSpent(share), takeElement(from: alone.inlet) else { return true }
    }
    if inlets[Int(alone.inlet.rawValue)].open != alone.message.slot {
      suspects.hasTakenAll(newest: nextLSN - 1)
    }
    return false
  }
}
