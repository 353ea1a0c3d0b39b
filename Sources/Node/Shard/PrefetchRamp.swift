internal import Execution

/// How many messages of one input queue may be unacknowledged: one at first, and more with every
/// proof of life.
///
/// When a process or a channel dies, the broker counts one more delivery for every message that
/// was out, and parks those that it has counted often. So that only a message that kills comes to
/// that, a new life takes one message at first, and several only after it got done with what it
/// had. A message that was out several times when a life ended is taken alone.
struct PrefetchRamp {
  /// The prefetch in the end.
  let full: UInt16
  /// What is wanted now.
  private(set) var prefetch: UInt16 = 1
  /// So many earlier deliveries make a message one to be taken alone.
  private var isSuspectFrom: UInt32 = 3
  private var settledInStep = 0
  private var hasSeenSuspect = false
  private var beganAt: MonotonicTime?
  private var stepBeganAt: MonotonicTime = .start

  init(full: UInt16) {
    precondition(full >= 1, "A consumer takes one message at least")
    self.full = full
  }

  /// Times in nanoseconds: without a suspect a step lasts no longer than this, so that one message
  /// that waits for somebody else holds nobody up.
  private static let stepTime: TimeSpan = .milliseconds(250)
  /// Who has lived this long does not die of the messages at hand.
  private static let provingTime: TimeSpan = .seconds(10)
  private static let factor: UInt16 = 8

  /// Whether `advance` may change anything.
  var isGrowing: Bool { prefetch < full }

  /// A message has come, which the broker has delivered so many times before.
  @inline(__always)
  mutating func received(earlierDeliveries: UInt32) {
    if earlierDeliveries >= isSuspectFrom { hasSeenSuspect = true }
  }

  /// A message is done with: acknowledged, with all that this takes.
  @inline(__always)
  mutating func settled() {
    settledInStep += 1
  }

  /// The broker failed while it delivered. What was out then and once before is taken singly.
  /// (Once alone says little: what is on its way when a consumer's prefetch changes comes again.)
  mutating func startAgain() {
    isSuspectFrom = 2
    begin(1, at: stepBeganAt)
    beganAt = nil
  }

  /// Goes a step further where that is due.
  ///
  /// - Parameters:
  ///   - now: nanoseconds of a clock that only goes forward.
  ///   - isConsuming: whether messages can come at all: other time proves nothing.
  mutating func advance(at now: MonotonicTime, isConsuming: Bool) {
    guard isGrowing else { return }
    guard isConsuming, let beganAt else {
      // A suspect may have come in one breath with the word that we consume.
      beganAt = isConsuming ? now : nil
      stepBeganAt = now
      settledInStep = 0
      return
    }
    if now - beganAt >= Self.provingTime {
      begin(full, at: now)
    } else if hasSeenSuspect {
      if prefetch > 1 || settledInStep > 0 { begin(1, at: now) }
    } else if settledInStep >= Int(prefetch) || now - stepBeganAt >= Self.stepTime {
      begin(prefetch > full / Self.factor ? full : prefetch * Self.factor, at: now)
    }
  }

  private mutating func begin(_ step: UInt16, at now: MonotonicTime) {
    prefetch = step
    stepBeganAt = now
    settledInStep = 0
    hasSeenSuspect = false
  }
}
