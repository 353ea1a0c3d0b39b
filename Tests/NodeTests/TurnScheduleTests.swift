import Testing

@testable import Node

@Suite struct TurnScheduleTests {
  /// What is asked of the schedule, in its order, and what it says.
  private enum Step {
    case wanted, comes, begins
    case ends(isLeft: Bool)
  }

  private func answers(_ steps: [Step]) -> (answers: [Bool], socketsFirst: Bool) {
    var turns = TurnSchedule()
    var answers: [Bool] = []
    for step in steps {
      switch step {
      case .wanted: answers.append(turns.wanted())
      case .comes: turns.comes()
      case .begins: turns.begins()
      case .ends(let isLeft): answers.append(turns.ends(isLeft: isLeft))
      }
    }
    return (answers, turns.socketsFirst)
  }

  @Test func `Many who want a turn get one`() {
    let result = answers([
      .wanted, .wanted, .wanted, .comes, .begins, .ends(isLeft: false), .wanted,
    ])
    #expect(result.answers == [true, false, false, false, true])
    #expect(!result.socketsFirst)
  }

  @Test func `Work that is left waits for the sockets`() {
    let result = answers([.begins, .ends(isLeft: true), .wanted])
    #expect(result.answers == [true, true])
    #expect(result.socketsFirst)
  }

  @Test func `What a turn itself asks for waits for the sockets`() {
    let result = answers([.wanted, .comes, .begins, .wanted, .ends(isLeft: false)])
    #expect(result.answers == [true, false, true])
    #expect(result.socketsFirst)
  }

  @Test func `A turn by the clock does not take the place of the one that is scheduled`() {
    let result = answers([
      .wanted, .begins, .wanted, .ends(isLeft: true), .wanted, .comes, .begins,
      .ends(isLeft: false),
    ])
    #expect(result.answers == [true, false, true, false, false])
  }
}
