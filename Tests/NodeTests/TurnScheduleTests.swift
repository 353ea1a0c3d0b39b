import Testing

@testable import Node

@Suite struct TurnScheduleTests {
  @Test func `Many who want a turn get one`() {
    var turns = TurnSchedule()
    #expect(turns.wanted())
    #expect(!turns.wanted() && !turns.wanted())
    turns.comes()
    turns.begins()
    #expect(!turns.ends(isLeft: false))
    #expect(turns.wanted() && !turns.socketsFirst)
  }

  @Test func `Work that is left, or wanted during a turn, waits for the sockets`() {
    var turns = TurnSchedule()
    turns.begins()
    #expect(turns.ends(isLeft: true) && turns.socketsFirst)
    #expect(turns.wanted())
    turns.comes()
    turns.begins()
    // What a turn itself asks for never runs before the sockets have been looked at.
    #expect(!turns.wanted())
    #expect(turns.ends(isLeft: false) && turns.socketsFirst)
  }

  @Test func `A turn by the clock does not take the place of the one that is scheduled`() {
    var turns = TurnSchedule()
    #expect(turns.wanted())
    // The ticker's.
    turns.begins()
    #expect(!turns.wanted())
    #expect(turns.ends(isLeft: true))
    #expect(!turns.wanted())
    turns.comes()
    turns.begins()
    #expect(!turns.ends(isLeft: false))
  }
}
