import Testing

@testable import EventLog

/// What the owner says of a proposal that was made by tables which may not be the newest any more.
@Suite struct ReopenedEventsTests {
  @Test func `an event that is taken up again is touched, by old tables and by new ones`() {
    var events = ReopenedEvents()
    events.see(covered: 10_000)
    #expect(events.isUntouched(through: 50, covered: 10_000))
    events.note(lsn: 10_300, previous: 40, covered: 10_000)
    #expect(!events.isUntouched(through: 50, covered: 10_000))
    #expect(events.isUntouched(through: 39, covered: 10_000), "that event lies behind")
    events.see(covered: 20_000)
    #expect(!events.isUntouched(through: 50, covered: 10_000), "these tables did not know of it")
    #expect(events.isUntouched(through: 50, covered: 20_000), "these did")
  }

  @Test func `tables that are some newer ones old still count, and older ones do not`() {
    var events = ReopenedEvents()
    let steps = (1...ReopenedEvents.rememberedSteps).map { UInt64($0 * 5_000) }
    for covered in steps { events.see(covered: covered) }
    #expect(events.isUntouched(through: 50, covered: steps[0]))
    events.see(covered: 1_000_000)
    #expect(!events.isUntouched(through: 50, covered: steps[0]))
    #expect(events.isUntouched(through: 50, covered: steps[1]))
  }

  @Test func `records that continue young ones, before any table of these was known, count too`() {
    var events = ReopenedEvents()
    events.see(covered: 0)
    for lsn in 2...(9_000 as UInt64) { events.note(lsn: lsn, previous: lsn - 1, covered: 0) }
    events.see(covered: 5_000)
    #expect(!events.isUntouched(through: 5_000, covered: 5_000))
    #expect(events.isUntouched(through: 3_000, covered: 5_000))
  }

  @Test func `a yes is always true`() {
    var answers = 0
    let all = seeds(300)
    for seed in all {
      var life = Life(seed)
      for _ in 0..<400 { if !life.step() { Issue.record("seed \(seed)") } }
      answers += life.answers
    }
    #expect(answers > 5 * all.count, "it says yes now and then")
  }

  /// Random records and tables, with every record remembered.
  private struct Life {
    var random: SeededRandom
    var events = ReopenedEvents()
    var previous: [UInt64] = []  // of record 1, 2 ...
    var steps: [UInt64] = [0]
    /// How often it said yes.
    var answers = 0
    let length: Int

    init(_ seed: UInt64) {
      random = SeededRandom(seed)
      length = Int.random(in: 1...300, using: &random)
      events.see(covered: 0)
    }

    /// False when it says yes of an event that has a newer record.
    mutating func step() -> Bool {
      let next = UInt64(previous.count) + 1
      let known = steps[steps.count - 1]
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<8:
        let isNew = Int.random(in: 0..<8, using: &random) > 0 || next == 1
        let before = isNew ? 0 : UInt64.random(in: 1..<next, using: &random)
        events.note(lsn: next, previous: before, covered: known)
        previous.append(before)
        // Many that continue nothing.
        previous += repeatElement(0, count: length)
      case 8 where next - 1 > known:
        steps.append(UInt64.random(in: known + 1...next - 1, using: &random))
        events.see(covered: steps[steps.count - 1])
      default:
        let covered = steps.suffix(6).randomElement(using: &random) ?? 0
        let lsn = UInt64.random(in: 0...covered, using: &random)
        let isTouched = previous.dropFirst(Int(covered)).contains { $0 > 0 && $0 <= lsn }
        let isUntouched = events.isUntouched(through: lsn, covered: covered)
        answers += isUntouched ? 1 : 0
        return !(isUntouched && isTouched)
      }
      return true
    }
  }
}
