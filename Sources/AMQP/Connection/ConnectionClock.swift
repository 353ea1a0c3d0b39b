/// The deadlines of one connection: answers that are waited for, and heartbeats both ways. Times
/// are nanoseconds of a clock that only goes forward; the owner says what time it is.
struct ConnectionClock {
  enum Wait: Int {
    case connection
    case work
    case control
  }

  enum Alarm: Equatable {
    case sendHeartbeat
    case peerIsSilent
    case callTimedOut
  }

  var now: UInt64 = 0
  var callTimeout: UInt64 = 10_000_000_000
  /// Half the negotiated heartbeat; 0 before tuning and when heartbeats are off.
  private(set) var halfBeat: UInt64 = 0
  private var deadlines: (UInt64, UInt64, UInt64) = (.max, .max, .max)
  private var lastSent: UInt64 = 0
  private var lastReceived: UInt64 = 0
  /// While we do not read, silence says nothing about the peer.
  private var isIntakePaused = false

  mutating func startHeartbeats(seconds: UInt16) {
    halfBeat = UInt64(seconds) * 500_000_000
    lastSent = now
    lastReceived = now
  }

  mutating func sent() { lastSent = now }
  mutating func received() { lastReceived = now }

  mutating func setIntakePaused(_ paused: Bool) {
    isIntakePaused = paused
    lastReceived = now
  }

  mutating func expect(_ wait: Wait) { set(wait, now + callTimeout) }
  mutating func answered(_ wait: Wait) { set(wait, .max) }

  mutating func expectNothing() {
    deadlines = (.max, .max, .max)
    halfBeat = 0
  }

  /// Whether an answer is waited for.
  var isAwaitingAnswer: Bool {
    min(deadlines.0, deadlines.1, deadlines.2) != .max
  }

  /// When `ring` must be called, at the latest.
  var next: UInt64 {
    var next = min(deadlines.0, deadlines.1, deadlines.2)
    if halfBeat > 0 {
      next = min(next, lastSent + halfBeat)
      if !isIntakePaused { next = min(next, lastReceived + halfBeat * 4) }
    }
    return next
  }

  /// What is due at `now`.
  func ring() -> Alarm? {
    if min(deadlines.0, deadlines.1, deadlines.2) <= now { return .callTimedOut }
    guard halfBeat > 0 else { return nil }
    if !isIntakePaused, lastReceived + halfBeat * 4 <= now { return .peerIsSilent }
    if lastSent + halfBeat <= now { return .sendHeartbeat }
    return nil
  }

  private mutating func set(_ wait: Wait, _ deadline: UInt64) {
    switch wait {
    case .connection: deadlines.0 = deadline
    case .work: deadlines.1 = deadline
    case .control: deadlines.2 = deadline
    }
  }
}
