import LogSequence
import Messages
import Testing

@testable import Execution

/// An event that is being worked on: what happens to it in each phase, and what is to be done then.
@Suite("Active event")
struct ActiveEventTests {
  private static let key = EventKey(high: 1, low: 1)

  private static func time(_ seconds: Int64) -> Timestamp {
    Timestamp(nanoseconds: seconds * 1_000_000_000)
  }

  /// An event that nothing is under way of.
  private static func event(
    _ status: Status = .pending, dueAt: Int64 = 0, hasTemplate: Bool = true
  ) -> ActiveEvent {
    var event = ActiveEvent(key: key)
    event.state = EventState(lane: .realtime, acceptedAt: time(100), bodyLSN: 1)
    event.state.status = status
    event.state.dueAt = time(dueAt)
    event.lastLSN = 7
    let id = Array("e-1".utf8)
    event.facts = id.withUnsafeBytes { id in
      EventFacts(id: id, capacity: 64) { field, bytes in
        if hasTemplate, field == .templateVersion { bytes.append(contentsOf: "v1".utf8) }
      }
    }
    return event
  }

  /// The same, with its delivery in a queue.
  private static func queued(_ status: Status = .pending) -> ActiveEvent {
    var event = event(status)
    event.queue(ActiveEvent.QueuedDelivery(queue: 3, since: 5, bytes: [1, 2]))
    return event
  }

  private static let token = PublishToken(.delivery, slot: EventSlot(1), serial: 9)

  /// The same, published.
  private static func published(_ status: Status = .pending) -> ActiveEvent {
    var event = queued(status)
    _ = event.publish(token)
    return event
  }

  private static let reason = TransitionReason(.unroutable, "no queue")

  // MARK: Phases

  @Test func `A new event is recorded, queued, published and recorded again`() {
    var event = ActiveEvent(key: Self.key)
    #expect(event.isAtRest && event.isReady)
    event.awaitDurable(.publish([1, 2, 3]))
    #expect(event.isBusy && event.queue == nil && event.deliveryBytes == 0)
    guard case .publish(let bytes) = event.isDurable() else {
      Issue.record("its delivery follows its record")
      return
    }
    #expect(bytes == [1, 2, 3])
    event.queue(ActiveEvent.QueuedDelivery(queue: 3, since: 5, bytes: bytes))
    #expect(event.isQueued(in: 3) && !event.isQueued(in: 2) && event.isReady)
    #expect(event.publish(Self.token).queue == 3)
    #expect(event.isPublishing && event.published?.token == Self.token)
    #expect(event.deliveryBytes == 3 && event.queue == 3)
    event.awaitDurable(.settle)
    #expect(!event.isPublishing && event.published == nil && event.isBusy)
    guard case .settle = event.isDurable() else {
      Issue.record("its messages are settled")
      return
    }
    #expect(event.isAtRest)
  }

  @Test func `A delivery that is lost waits again, for as long as before`() {
    var event = Self.published()
    #expect(event.wasLost().since == 5)
    #expect(event.isQueued(in: 3) && event.deliveryBytes == 2)
    #expect(event.publish(Self.token).since == 5)
  }

  @Test func `A return counts for the publish that is under way, and for no other attempt`() {
    var event = Self.published()
    #expect(event.wasReturned(attempt: 2, Self.reason) == false)
    #expect(event.confirmed() == .deliver)
    #expect(event.wasReturned(attempt: 1, Self.reason) == true)
    #expect(event.confirmed() == .retry(Self.reason))
    _ = event.wasLost()
    #expect(event.wasReturned(attempt: 1, Self.reason) == false)
    _ = event.publish(Self.token)
    #expect(event.confirmed() == .deliver)
  }

  @Test func `The confirm of a delivery that was out already begins its time anew`() {
    #expect(Self.published(.pendingDelivery).confirmed() == .republish)
  }

  @Test func `Inputs wait while the log is asked or written`() {
    var event = ActiveEvent(key: Self.key, loadingFor: .due)
    #expect(event.isLoading && !event.isReady && event.nextInput() == nil)
    event.postpone(.carry)
    event.hasLoaded()
    guard case .due = event.nextInput() else {
      Issue.record("inputs are handled in order")
      return
    }
    event.loadBody(for: .paced)
    #expect(event.isLoadingBody && event.nextInput() == nil)
    event.hasLoaded()
    guard case .paced = event.nextInput(), case .carry = event.nextInput() else {
      Issue.record("what needed the body goes first")
      return
    }
    #expect(event.nextInput() == nil && event.isReady)
  }

  @Test func `Without a body what asked for it is given up`() {
    var event = Self.event(.sent)
    event.loadBody(for: .carryFinal(lsn: 7))
    event.postpone(.due)
    guard case .carryFinal(7) = event.bodyIsGone() else {
      Issue.record("the first input asked for it")
      return
    }
    #expect(event.isAtRest && event.inputs.count == 1)
  }

  @Test func `An event leaves when nothing of it is under way`() {
    #expect(Self.event(.sent).idleAction == .leave)
    #expect(Self.event(.pending).idleAction == .driveOn)
    #expect(Self.event(.pending, dueAt: 200).idleAction == .leave)
    #expect(Self.queued().idleAction == .keep)
    var event = Self.event(.sent)
    event.postpone(.due)
    #expect(event.idleAction == .keep)
  }

  // MARK: Its time has come

  /// At second 200.
  private static func due(
    _ event: inout ActiveEvent, isTimeUp: Bool = true, isPaced: Bool = false
  ) -> DueAction {
    event.due(at: time(200), isTimeUp: isTimeUp, isPaced: isPaced)
  }

  @Test func `What is due goes on, in its turn`() {
    var event = Self.event(.pending)
    #expect(Self.due(&event) == .goOn(needsTurn: false))
    event.state.dueAt = Self.time(150)
    #expect(Self.due(&event, isTimeUp: false) == .wait)
    #expect(Self.due(&event) == .goOn(needsTurn: true))
    #expect(Self.due(&event, isPaced: true) == .goOn(needsTurn: false))
    event.state.dueAt = Self.time(999)
    #expect(Self.due(&event, isPaced: true) == .goOn(needsTurn: false))
    #expect(event.state.dueAt == Self.time(200), "a wait that is over was due by now")
  }

  @Test func `What is due ends when it was cancelled or has expired`() {
    var event = Self.event(.pending)
    event.state.expiration = Self.time(201)
    #expect(Self.due(&event) == .goOn(needsTurn: false))
    event.state.expiration = Self.time(200)
    #expect(Self.due(&event) == .expire)
    event.state.isCancelled = true
    #expect(Self.due(&event) == .ignore)
    event.state.status = .deliveryFailed
    event.state.dueAt = Self.time(150)
    #expect(Self.due(&event) == .recycle)
  }

  @Test func `Nothing is due of what is under way or done`() {
    var published = Self.published()
    #expect(Self.due(&published) == .nothing)
    var sent = Self.event(.sent)
    #expect(Self.due(&sent) == .nothing)
  }

  @Test func `How it goes on follows from its status`() {
    #expect(Self.event(.pending).drive == .deliver)
    #expect(Self.event(.pendingDelivery).drive == .republish)
    #expect(Self.event(.deliveryFailed).drive == .recycle)
  }

  @Test func `A delivery without a log is published again, a few times`() {
    var event = Self.event(.pendingDelivery)
    #expect(event.logTimeout(lsn: 6, retries: 1) == .nothing)
    #expect(event.logTimeout(lsn: 7, retries: 1) == .republish)
    event.state.wasRepublished()
    #expect(event.logTimeout(lsn: 7, retries: 1) == .expire)
    event.state.dueAt = Self.time(200)
    #expect(event.logTimeout(lsn: 7, retries: 1) == .forget)
    #expect(Self.event(.sent).logTimeout(lsn: 7, retries: 1) == .nothing)
    #expect(Self.published(.pendingDelivery).logTimeout(lsn: 7, retries: 1) == .nothing)
  }

  @Test func `A try is recorded as a transition, but of a delivery that is out`() {
    var event = Self.event(.pending)
    #expect(event.state.retry(after: 5_000_000_000, failures: 1, at: Self.time(200)) == .transition)
    #expect(event.state.dueAt == Self.time(205) && event.state.errorCount == 1)
    #expect(event.state.sequence == 2)
    event.state.status = .pendingDelivery
    #expect(
      event.state.retry(after: 5_000_000_000, failures: 2, at: Self.time(300)) == .republished)
    #expect(event.state.sequence == 2 && event.state.dueAt == Self.time(305))
    event.state.startedAt = Self.time(999)
    _ = event.state.retry(after: 1, failures: 3, at: Self.time(300))
    #expect(event.state.startedAt == Self.time(300), "a start of a clock that was ahead")
    #expect(event.state.givesUpAt(after: 10) == Self.time(310))
  }

  // MARK: What others ask of it

  @Test func `What has not gone out is cancelled; of a failed event its fallback`() {
    var event = Self.event(.pending)
    #expect(event.cancel() == .conclude)
    event = Self.queued()
    #expect(event.cancel() == .conclude)
    event = Self.published()
    #expect(event.cancel() == .tooLate(.pending))
    event = Self.event(.pendingDelivery)
    #expect(event.cancel() == .tooLate(.pendingDelivery))
    event = Self.event(.deliveryFailed)
    #expect(event.cancel() == .tooLate(.deliveryFailed))
    event = Self.event(.deliveryFailed, dueAt: 150)
    #expect(event.cancel() == .stayFailed)
    #expect(event.cancel() == .repeated(.deliveryFailed))
  }

  @Test func `Only what is final is redriven, and what has gone out only resent`() {
    func refusal(
      _ event: ActiveEvent, sequence: UInt32 = 0, isResend: Bool = false
    ) -> RedriveOutcome? {
      event.refusal(ofRedrive: sequence, isResend: isResend, at: Self.time(200))
    }
    #expect(refusal(Self.event(.expired)) == nil)
    #expect(refusal(Self.event(.expired), sequence: 2) == .movedOn)
    #expect(refusal(Self.event(.expired), sequence: 1) == nil)
    #expect(refusal(Self.event(.pending)) == .alreadyOpen)
    #expect(refusal(Self.event(.sent)) == .illegalStatus(.sent))
    #expect(refusal(Self.event(.sent), isResend: true) == nil)
    var event = Self.event(.expired)
    event.state.expiration = Self.time(200)
    #expect(refusal(event) == .pastExpiration)
  }
}
