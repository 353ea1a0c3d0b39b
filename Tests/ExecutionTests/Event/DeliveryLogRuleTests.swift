import Messages
import Testing

@testable import Execution

/// What a delivery log makes of its event, step by step. `LogOrderTests` has all permutations.
@Suite("Delivery log rules")
struct DeliveryLogRuleTests {
  private static func time(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: seconds * 1_000_000_000)
  }

  private static let clock = LogClock(now: time(1_000), latest: time(1_000))

  private static func event(_ status: Status, hasTemplate: Bool = true) -> ActiveEvent {
    var event = ActiveEvent(key: EventKey(high: 1, low: 1))
    event.state.status = status
    let id = Array("e-1".utf8)
    event.facts = id.withUnsafeBytes { id in
      EventFacts(id: id, capacity: 64) { field, bytes in
        if hasTemplate, field == .templateVersion { bytes.append(contentsOf: "v1".utf8) }
      }
    }
    return event
  }

  private static func log(
    _ outcome: Status, at seconds: Int64 = 500, attempt: UInt16 = 1
  ) -> LogClaim {
    LogClaim(attempt: attempt, outcome: outcome, occurredAt: time(seconds))
  }

  @Test
  func `A log moves what is out, also when it overtakes the confirm, or comes after the end`() {
    for status in [Status.pending, .pendingDelivery, .expired] {
      var event = Self.event(status)
      #expect(event.apply(Self.log(.sent), by: Self.clock) == .move)
      #expect(event.state.status == .sent && event.state.previousStatus == status)
    }
  }

  @Test func `A log of what was never published is refused`() {
    var event = Self.event(.pending, hasTemplate: false)
    #expect(event.apply(Self.log(.sent), by: Self.clock) == .refuse)
    event = Self.event(.notCovered)
    #expect(event.apply(Self.log(.sent), by: Self.clock) == .refuse)
    event = Self.event(.ignored, hasTemplate: false)
    event.state.isCancelled = true
    #expect(event.apply(Self.log(.sent), by: Self.clock) == .refuse)
  }

  @Test func `A log of an older attempt changes nothing, one of a later attempt is parked`() {
    var event = Self.event(.pendingDelivery)
    event.state.attempt = 2
    #expect(event.apply(Self.log(.sent, attempt: 1), by: Self.clock) == .keep)
    #expect(event.apply(Self.log(.sent, attempt: 3), by: Self.clock) == .park)
    #expect(event.state.status == .pendingDelivery)
  }

  @Test func `The later log wins; of the same instant failed, then ignored, then sent`() {
    var event = Self.event(.pendingDelivery)
    #expect(event.apply(Self.log(.sent, at: 500), by: Self.clock) == .move)
    #expect(event.apply(Self.log(.sent, at: 500), by: Self.clock) == .acknowledge)
    #expect(event.apply(Self.log(.deliveryFailed, at: 499), by: Self.clock) == .keep)
    #expect(event.apply(Self.log(.ignored, at: 500), by: Self.clock) == .move)
    #expect(event.apply(Self.log(.sent, at: 500), by: Self.clock) == .keep)
    #expect(event.apply(Self.log(.ignored, at: 600), by: Self.clock) == .keep)
    #expect(event.apply(Self.log(.deliveryFailed, at: 599), by: Self.clock) == .keep)
    #expect(event.apply(Self.log(.deliveryFailed, at: 600), by: Self.clock) == .move)
    #expect(event.state.status == .deliveryFailed)
  }

  @Test func `A log from the future counts from its arrival, and once`() {
    var event = Self.event(.pendingDelivery)
    #expect(event.apply(Self.log(.sent, at: 9_000), by: Self.clock) == .move)
    #expect(event.state.logOccurredAt == Self.time(1_060))
    #expect(event.apply(Self.log(.sent, at: 9_000), by: Self.clock) == .acknowledge)
    #expect(event.apply(Self.log(.deliveryFailed, at: 1_059), by: Self.clock) == .keep)
    let later = LogClock(now: Self.time(1_100), latest: Self.time(1_100))
    #expect(event.apply(Self.log(.deliveryFailed, at: 1_100), by: later) == .move)
    #expect(event.apply(Self.log(.sent, at: 9_000), by: later) == .keep, "it has come before")
  }

  @Test func `While our own clock was put back, what engines say is no future`() {
    let clock = LogClock(now: Self.time(1_000), latest: Self.time(5_000))
    var event = Self.event(.pendingDelivery)
    #expect(event.apply(Self.log(.sent, at: 4_000), by: clock) == .move)
    #expect(event.state.logOccurredAt == Self.time(4_000))
  }
}
