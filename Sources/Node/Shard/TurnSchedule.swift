/// When the next turn of a shard comes: at most one is scheduled, and what wants one during a turn
/// gets the next, behind the sockets.
struct TurnSchedule {
  private var isScheduled = false
  private var isInTurn = false
  private var isWantedInTurn = false
  /// Whether the loop has to look at its sockets before the next turn: work was left by the last.
  private(set) var socketsFirst = false

  /// Something wants a turn. True when one is to be scheduled.
  mutating func wanted() -> Bool {
    if isInTurn { isWantedInTurn = true }
    guard !isScheduled, !isInTurn else { return false }
    isScheduled = true
    return true
  }

  /// The scheduled turn comes.
  mutating func comes() { isScheduled = false }

  mutating func begins() {
    isInTurn = true
    isWantedInTurn = false
  }

  /// True when another one is wanted already.
  mutating func ends(isLeft: Bool) -> Bool {
    isInTurn = false
    socketsFirst = isLeft || isWantedInTurn
    return socketsFirst
  }
}
