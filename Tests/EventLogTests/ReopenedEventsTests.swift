import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// What the owner says of a proposal that was made by tables which may not be the newest any more.
@Suite struct ReopenedEventsTests {
  private static func hash(_ number: UInt64) -> EventHash {
    var random = SeededRandom(number)
    return EventHash(high: random.next(), low: random.next())
  }

  private static func filter(_ numbers: [UInt64]) -> BlockedFilter {
    let filter = BlockedFilter(blocks: BlockedFilter.blocks(keys: 1_000))
    for number in numbers { filter.insert(hash(number)) }
    return filter
  }

  private static func value(_ lsn: LSN, _ flags: RecordFlags = .event) -> IndexValue {
    IndexValue(RecordHeader(lsn: lsn, flags: flags))
  }

  @Test func `An event that is taken up again is touched, by old tables and by new ones`() {
    var events = ReopenedEvents()
    events.see(covered: 10_000)
    let both = Self.filter([1, 2])
    #expect(events.isUntouched(both, covered: 10_000))
    events.note(Self.value(10_300), of: Self.hash(1))
    #expect(!events.isUntouched(both, covered: 10_000))
    #expect(events.isUntouched(Self.filter([2, 3]), covered: 10_000), "not one of those")
    events.see(covered: 20_000)
    #expect(!events.isUntouched(both, covered: 10_000), "these tables did not know of it")
    #expect(events.isUntouched(both, covered: 20_000), "these did")
  }

  @Test func `A record that leaves the event final, or needs none before it, touches nothing`() {
    var events = ReopenedEvents()
    events.see(covered: 100)
    events.note(Self.value(101, [.event, .final]), of: Self.hash(1))
    events.note(Self.value(102, [.event, .base]), of: Self.hash(1))
    #expect(events.isUntouched(Self.filter([1]), covered: 100))
  }

  @Test func `Tables that are some newer ones old still count, and older ones do not`() {
    var events = ReopenedEvents()
    let steps = (1...ReopenedEvents.rememberedSteps).map { LSN($0 * 5_000) }
    for covered in steps { events.see(covered: covered) }
    #expect(events.isUntouched(Self.filter([]), covered: steps[0]))
    events.see(covered: 10_000_000)
    #expect(!events.isUntouched(Self.filter([]), covered: steps[0]))
    #expect(events.isUntouched(Self.filter([]), covered: steps[1]))
  }

  /// By a log with its index: whether an event that was final when tables were asked is open.
  @Test func `A yes is always true`() {
    var answers = 0
    let all = seeds(60)
    for seed in all {
      var life = Life(seed)
      for _ in 0..<300 { if !life.step() { Issue.record("seed \(seed)") } }
      answers += life.answers
    }
    #expect(answers > 2 * all.count, "it says yes now and then")
  }

  /// Random records of few events, and tables, with every record remembered.
  private struct Life {
    var random: SeededRandom
    var events = ReopenedEvents()
    let index = EventIndex()
    /// By event: its records, and which were final.
    var records: [[(lsn: LSN, isFinal: Bool)]] = [[(lsn: LSN, isFinal: Bool)]](
      repeating: [], count: 12)
    var lsn: LSN = 0
    var steps: [LSN] = [0]
    /// How often it said yes.
    var answers = 0

    init(_ seed: UInt64) {
      random = SeededRandom(seed)
      events.see(covered: 0)
    }

    /// False when it says yes of an event that is open.
    mutating func step() -> Bool {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<7: append()
      case 7 where lsn > steps[steps.count - 1]:
        let next = UInt64.random(
          in: steps[steps.count - 1].next.rawValue...lsn.rawValue, using: &random)
        steps.append(LSN(next))
        events.see(covered: steps[steps.count - 1])
        // What tables know of final events is forgotten, now or later.
        let part = EventIndex.part(ReopenedEventsTests.hash(0).high)
        index.removeFinal(through: steps[steps.count - 1], part: part)
      default:
        let covered = steps.suffix(6).randomElement(using: &random) ?? 0
        let finals = (0..<records.count).filter { event in
          records[event].last { $0.lsn <= covered }?.isFinal == true
        }
        let asked = finals.filter { _ in Bool.random(using: &random) }
        let isOpen = asked.contains { records[$0].last?.isFinal == false }
        let filter = ReopenedEventsTests.filter(asked.map { UInt64($0) })
        let isUntouched = events.isUntouched(filter, covered: covered)
        answers += isUntouched && !asked.isEmpty ? 1 : 0
        return !(isUntouched && isOpen)
      }
      return true
    }

    private mutating func append() {
      let event = Int.random(in: 0..<records.count, using: &random)
      let isFinal = Int.random(in: 0..<4, using: &random) > 0
      lsn = lsn.next
      let hash = ReopenedEventsTests.hash(UInt64(event))
      let value = ReopenedEventsTests.value(lsn, isFinal ? [.event, .final] : .event)
      let known = index.update(hash.high, previous: records[event].last?.lsn ?? 0, to: value)
      if known.wasFinal { events.note(value, of: hash) }
      records[event].append((lsn, isFinal))
    }
  }
}
