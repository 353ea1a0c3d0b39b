import Testing

@testable import Execution

/// The only place where a publish is answered.
@Suite("Publish window")
struct PublishWindowTests {
  private let link = PublishLink.deliveries(0)

  /// One open connection for deliveries, opened at second 1.
  private func window() -> PublishWindow {
    var window = PublishWindow()
    window.addLink()
    window.opened(.deliveries(0), at: .seconds(1))
    return window
  }

  private func publish(
    _ window: inout PublishWindow, _ slot: Int32, at seconds: UInt64 = 1
  ) -> PublishToken {
    let token = PublishToken(.delivery, slot: EventSlot(slot), serial: window.nextSerial())
    window.publish(token, on: link, at: .seconds(seconds))
    return token
  }

  @Test func `A publish is answered once, whatever the answer`() {
    for answer in [PublishWindow.Answer.confirmed, .refused, .givenUp] {
      var window = window()
      let token = publish(&window, 7)
      #expect(window.isWaiting(token, on: link))
      #expect(window.answer(token, on: link, answer, at: 2) != nil)
      #expect(window.answer(token, on: link, answer, at: 2) == nil)
      #expect(!window.isWaiting(token, on: link))
      #expect(window.unanswered(link) == 0)
    }
  }

  @Test func `Answers come in any order, and the oldest that waits is known at each step`() {
    var window = window()
    let tokens = (0..<5).map { publish(&window, Int32($0), at: UInt64($0) + 1) }
    #expect(window.oldest(link)?.token == tokens[0])
    #expect(window.answer(tokens[3], on: link, .confirmed, at: 9)?.wasOldest == false)
    #expect(window.answer(tokens[1], on: link, .confirmed, at: 9)?.wasOldest == false)
    #expect(
      window.answer(tokens[0], on: link, .confirmed, at: 9)
        == InFlight.Answered(publishedAt: .seconds(1), wasOldest: true))
    #expect(window.oldest(link)?.token == tokens[2])
    #expect(window.closed(link, .connection, at: 9) == [tokens[2], tokens[4]])
    #expect(window.unanswered(link) == 0)
  }

  @Test func `The next publish of a slot is another one`() {
    var window = window()
    let first = publish(&window, 7)
    #expect(window.closed(link, .connection, at: 9) == [first])
    window.opened(link, at: 9)
    let second = publish(&window, 7)
    #expect(window.answer(first, on: link, .confirmed, at: 9) == nil)
    #expect(window.answer(second, on: link, .confirmed, at: 9) != nil)
  }

  @Test func `A publish that serials of other connections lie between is found`() {
    var window = window()
    var tokens: [PublishToken] = []
    for slot in 0..<100 {
      tokens.append(publish(&window, Int32(slot)))
      for _ in 0..<(slot * 7 % 5) { _ = window.nextSerial() }
    }
    for index in [50, 99, 1, 0, 98, 2] {
      #expect(window.answer(tokens[index], on: link, .confirmed, at: 9) != nil)
    }
    #expect(window.unanswered(link) == 94)
    #expect(window.oldest(link)?.token == tokens[3])
  }

  @Test func `Serials go round`() {
    var flight = InFlight()
    let serials = [PublishToken.serialMask - 1, PublishToken.serialMask, 0, 1]
    let tokens = serials.map { PublishToken(.delivery, slot: EventSlot(1), serial: $0) }
    for token in tokens { flight.add(token, at: 0) }
    #expect(flight.answer(tokens[2])?.wasOldest == false)
    #expect(flight.answer(tokens[3])?.wasOldest == false)
    #expect(flight.answer(tokens[0])?.wasOldest == true)
    #expect(flight.removeAll() == [tokens[1]])
  }

  @Test func `A deadline counts from the publish, or from when the connection could be used`() {
    var window = window()
    let token = publish(&window, 7)
    #expect(window.overdue(link, at: .seconds(31)) == nil)
    #expect(window.overdue(link, at: .seconds(31) + 1) == token)
    window.blocked(link, true, at: .seconds(20))
    #expect(window.overdue(link, at: .seconds(300)) == nil)
    window.blocked(link, false, at: .seconds(300))
    #expect(window.overdue(link, at: .seconds(330)) == nil)
    #expect(window.unacknowledged(link, at: .seconds(301)) == nil)
    #expect(window.unacknowledged(link, at: .seconds(301) + 1) == token)
    window.stoodStill(until: .seconds(330))
    #expect(window.overdue(link, at: .seconds(331)) == nil)
  }

  @Test func `A connection that stalls and confirms nothing else is given up`() {
    var window = window()
    _ = publish(&window, 7)
    window.noteStall(on: link)
    #expect(window.takeStuck(at: .seconds(6)) == [])
    #expect(window.takeStuck(at: .seconds(60)) == [])
    window.noteStall(on: link)
    #expect(window.takeStuck(at: .seconds(60)) == [link])
  }

  @Test func `A connection that goes on refusing gets another channel, each time later`() {
    var window = window()
    window.noteAnswer(.refused, on: link, at: .seconds(1))
    #expect(window.takeRenewals(at: .seconds(2)) == [])
    #expect(window.takeRenewals(at: .seconds(2) + 1) == [link])
    window.noteAnswer(.refused, on: link, at: .seconds(3))
    #expect(window.takeRenewals(at: .seconds(5)) == [])
    #expect(window.takeRenewals(at: .seconds(5) + 1) == [link])
    window.noteAnswer(.refused, on: link, at: .seconds(6))
    window.noteAnswer(.confirmed, on: link, at: .seconds(6))
    #expect(window.takeRenewals(at: .seconds(60)) == [])
  }

  @Test func `How large a body the broker takes is known from what it refuses and takes`() {
    var window = window()
    #expect(window.mostBytes == nil && !window.knowsMostBytes(at: 2))
    _ = window.closed(link, .refusesMessage(mostBytes: 1_000), at: 2)
    #expect(window.mostBytes == 1_000 && window.knowsMostBytes(at: 3))
    #expect(!window.isCutOff(link), "one message is to blame")
    #expect(!window.knowsMostBytes(at: .seconds(62)))
    window.hasTaken(1_001)
    #expect(window.mostBytes == nil)
  }
}
