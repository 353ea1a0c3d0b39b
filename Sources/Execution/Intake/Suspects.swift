import LogSequence
import Messages

/// The messages that the broker has delivered several times: the process may have died of one of
/// them. They wait here while other messages flow, and are taken in times of isolation, which are
/// bounded and no longer than the times between them.
struct Suspects {
  /// The one that is processed alone.
  struct Alone {
    var message: SlotTable<OpenMessage>.Reference
    var inlet: Inlet
    /// How long it has been, as far as turns have counted it.
    var age = TimeSpan.none
    /// The newest record when all its elements had been taken; 0 before.
    var lsn: LSN = 0
  }

  private(set) var waiting: [Suspect] = []
  private(set) var alone: Alone?
  /// Whether messages are taken one at a time now, and for how long that has been so.
  private(set) var isIsolating = false
  private var isolated = TimeSpan.none
  /// For how long messages are to flow before the next time.
  private var flows = TimeSpan.none
  private var seenAt: MonotonicTime = .start

  mutating func add(_ message: InboundMessage) {
    let suspect = Suspect(message)
    let place = waiting.firstIndex { $0.sum > suspect.sum } ?? waiting.endIndex
    waiting.insert(suspect, at: place)
    if flows == .none { isIsolating = true }
  }

  func hasSome(of inlet: Inlet) -> Bool { waiting.contains { $0.message.inlet == inlet } }

  mutating func removeAll(of inlet: Inlet) {
    waiting.removeAll { $0.message.inlet == inlet }
  }

  mutating func removeAll() {
    waiting = []
    endIsolation()
  }

  /// A turn comes. Times are counted by turns, so that a pause of the process is none.
  mutating func advance(to now: MonotonicTime) {
    let passed = min(now - seenAt, EngineLimits.suspectTurn)
    seenAt = now
    if isIsolating {
      isolated += passed
      alone?.age += passed
    } else {
      flows -= passed
      isIsolating = flows == .none && !waiting.isEmpty
    }
  }

  /// Whether what else is at hand has had its time to be finished.
  var hasClearedAway: Bool { isolated >= EngineLimits.suspectAlone }

  /// Whether other messages are to flow again, whatever still waits.
  var hasIsolatedLong: Bool { isolated >= EngineLimits.isolation }

  mutating func endIsolation() {
    flows = min(isolated, EngineLimits.isolation)
    isolated = .none
    isIsolating = false
    alone = nil
  }

  mutating func begin(_ message: SlotTable<OpenMessage>.Reference, _ inlet: Inlet) {
    assert(isIsolating && alone == nil, "one at a time, and only while others wait")
    alone = Alone(message: message, inlet: inlet)
  }

  mutating func hasTakenAll(newest lsn: LSN) {
    if alone?.lsn == 0 { alone?.lsn = lsn }
  }

  mutating func endAlone() { alone = nil }

  /// Which suspect to take. What the process dies of would drag along the suspects that wait
  /// behind it, so every life begins with another one, in an order that is the same in each,
  /// however they arrive.
  private var nextIndex: Int {
    Int(waiting.map(\.message.deliveryCount).max() ?? 0) % waiting.count
  }

  /// Where the suspect to take next came from; nil when there is none.
  var nextInlet: Inlet? { waiting.isEmpty ? nil : waiting[nextIndex].message.inlet }

  /// Takes it; it must be there.
  mutating func takeNext() -> InboundMessage {
    precondition(!waiting.isEmpty, "the caller has looked")
    return waiting.remove(at: nextIndex).message
  }
}

/// A message that the process may die of. They are kept by `sum`, which no arrival changes.
struct Suspect {
  let message: InboundMessage
  /// FNV-1a of how its body begins, and of its length: large bodies take no time here.
  let sum: UInt64

  private static let summedBytes = 4_096

  init(_ message: InboundMessage) {
    self.message = message
    let start = message.storage[..<min(message.bodyCount, Self.summedBytes)]
    let sum = start.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    self.sum = (sum ^ UInt64(message.bodyCount)) &* 0x100_0000_01B3
  }
}
