import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// The store's time as a pure struct, under clocks that do what clocks do.
@Suite struct StoreTimeTests {
  private static let retention: Int64 = 30 * 86_400
  private static let (hour, day) = (ModelClock.hour, ModelClock.day)
  private static let minute = hour / 60
  private static let year = 365 * day
  private static let limits = ClockLimits(retentionSeconds: retention)

  /// A store that is opened, used and closed under a model clock.
  private struct Store {
    let clock = ModelClock()
    var time: StoreTime
    var lsn: LSN = 1
    var said: [ClockNotice] = []
    private var saved: StoreTime.Saved
    var breaks: Breaks = []

    init(breaks: Breaks = []) {
      self.breaks = breaks
      let first = AgeSamples.Sample(lsn: 0, time: 0)
      saved = .made(of: [first], wall: clock.wall, retentionSeconds: retention)
      time = StoreTime(saved, at: clock.reading, breaks: breaks)
      look()
    }

    mutating func look() { said += time.look(lsn, at: clock.reading) }

    /// Writes a record; its number.
    mutating func write() -> LSN {
      lsn = lsn.next
      look()
      return lsn
    }

    /// Runs, with a look every minute as the keeper's.
    mutating func run(_ nanoseconds: Int64) {
      var left = nanoseconds
      while left > 0 {
        let step = min(left, minute)
        clock.pass(step)
        look()
        left -= step
      }
    }

    /// What the file says at its last writing is what the next life finds.
    mutating func save() { saved = time.saved(lastLSN: lsn) }

    mutating func close() {
      look()
      save()
    }

    /// The machine is off for so long, and its clock wrong by so much when it starts.
    mutating func open(after nanoseconds: Int64, clockIsOffBy error: Int64 = 0) {
      clock.restart(after: nanoseconds)
      clock.set(error)
      time = StoreTime(saved, at: clock.reading, breaks: breaks)
      look()
    }

    /// Says what was said since, once.
    mutating func takeSaid() -> [ClockNotice] {
      defer { said = [] }
      return said
    }

    func age(_ lsn: LSN) -> Int64 { time.age(of: lsn) }
  }

  @Test func `A record gets older as time passes, while the log is open and while it is closed`() {
    var store = Store()
    let record = store.write()
    store.run(3 * Self.hour)
    #expect(store.age(record) == 3 * Self.hour)
    store.close()
    store.open(after: 2 * Self.hour)
    #expect(store.age(record) == 5 * Self.hour)
    store.run(Self.day)
    #expect(store.age(record) == 29 * Self.hour)
    #expect(store.said.isEmpty)
  }

  @Test(arguments: [Self.year, -Self.year, 2 * Self.hour, -2 * Self.hour])
  func `A wall clock that is set while the log is open changes no age, and is said`(_ jump: Int64) {
    var store = Store()
    let record = store.write()
    store.run(Self.hour)
    store.clock.set(jump)
    store.run(Self.hour)
    #expect(store.age(record) == 2 * Self.hour)
    #expect(store.takeSaid() == [.stepped(seconds: jump / ModelClock.second)], "once")
    // Wrong for a while, as it turns out.
    store.clock.set(-jump)
    store.run(Self.hour)
    #expect(store.takeSaid() == [.stepped(seconds: -jump / ModelClock.second)])
    store.close()
    store.open(after: Self.minute)
    #expect(store.age(record) == 3 * Self.hour + Self.minute)
    #expect(store.said.isEmpty)
  }

  @Test func `A clock that leaps to and fro changes no age`() {
    var store = Store()
    var random = SeededRandom(3)
    let record = store.write()
    var error: Int64 = 0
    for _ in 0..<500 {
      let next = Int64.random(in: -Self.year...Self.year, using: &random)
      store.clock.set(next - error)
      error = next
      store.run(Self.minute)
    }
    #expect(store.age(record) == 500 * Self.minute)
  }

  @Test func `A start with a clock a year ahead makes nothing older, and comes right when set`() {
    var store = Store()
    let record = store.write()
    store.run(Self.hour)
    store.close()
    store.open(after: 10 * Self.minute, clockIsOffBy: Self.year)
    #expect(store.age(record) == Self.hour && store.time.isWaiting)
    let wait = Self.limits.confirmation / ModelClock.second
    let closed = (Self.year + 10 * Self.minute) / ModelClock.second
    #expect(
      store.takeSaid() == [.waiting(closedSeconds: closed, confirmedInSeconds: wait)])
    store.run(5 * Self.hour)
    #expect(store.said.isEmpty, "it is said once")
    #expect(store.age(record) == 6 * Self.hour)
    store.clock.set(-Self.year)
    store.run(Self.minute)
    #expect(store.age(record) == 6 * Self.hour + 11 * Self.minute)
    #expect(store.said == [.mended(closedSeconds: 600)] && !store.time.isWaiting)
  }

  @Test func `A start with a clock that is behind comes right when it is set`() {
    var store = Store()
    let record = store.write()
    store.close()
    store.open(after: 3 * Self.hour, clockIsOffBy: -50 * Self.year)
    let behind = (50 * Self.year - 3 * Self.hour) / ModelClock.second
    #expect(store.takeSaid() == [.behind(seconds: behind)])
    store.run(2 * Self.minute)
    #expect(store.age(record) == 2 * Self.minute)
    store.clock.set(50 * Self.year)
    store.run(Self.minute)
    #expect(store.age(record) == 3 * Self.hour + 3 * Self.minute)
    #expect(store.said == [.mended(closedSeconds: 3 * 3600)])
  }

  @Test func `A long time closed counts when the clock has stood for the time of confirmation`() {
    var store = Store()
    let old = store.write()
    store.close()
    store.open(after: 100 * Self.day)
    let young = store.write()
    store.run(Self.limits.confirmation - Self.hour)
    let last = store.write()
    #expect(store.age(old) == Self.limits.confirmation - Self.hour)
    #expect(store.takeSaid().count == 1)
    store.run(2 * Self.hour)
    #expect(store.age(old) == 100 * Self.day + Self.limits.confirmation + Self.hour)
    // It was closed before these were written.
    #expect(store.age(young) == Self.limits.confirmation + Self.hour)
    #expect(store.age(last) == 2 * Self.hour)
    #expect(store.said == [.confirmed(closedSeconds: 100 * 86_400, byPerson: false)])
  }

  @Test func `Restarts do not begin the wait anew, and a jump does`() {
    var store = Store()
    let old = store.write()
    store.close()
    store.open(after: 100 * Self.day)
    let young = store.write()
    for _ in 0..<2 {
      store.run(Self.limits.confirmation * 2 / 5)
      store.close()
      store.open(after: Self.minute)
      #expect(store.time.isWaiting)
    }
    store.clock.set(Self.day)
    store.run(Self.limits.confirmation * 2 / 5)
    #expect(store.time.isWaiting)
    store.run(Self.limits.confirmation * 3 / 5 + Self.minute)
    #expect(!store.time.isWaiting)
    #expect(store.age(old) > 101 * Self.day)
    // Not older than they are; what was closed meanwhile is not held against them.
    #expect(store.age(young) <= 2 * Self.limits.confirmation)
  }

  @Test func `A person's word counts at once, for the jump that was seen`() {
    var store = Store()
    let old = store.write()
    store.close()
    store.open(after: 100 * Self.day)
    #expect(store.time.confirm(400 * Self.day) == .refused(confirmedSeconds: 400 * 86_400))
    #expect(store.time.isWaiting)
    #expect(
      store.time.confirm(100 * Self.day)
        == .confirmed(closedSeconds: 100 * 86_400, byPerson: true))
    #expect(store.age(old) == 100 * Self.day && !store.time.isWaiting)
    #expect(store.time.confirm(100 * Self.day) == nil)
    #expect(store.age(old) == 100 * Self.day)
  }

  @Test func `Many starts with a clock a little ahead that is set back each time count once`() {
    var store = Store()
    let record = store.write()
    for _ in 0..<200 {
      store.close()
      store.open(after: Self.minute, clockIsOffBy: 20 * Self.hour)
      store.run(Self.minute)
      store.clock.set(-20 * Self.hour)
      store.run(8 * Self.minute)
    }
    #expect(store.age(record) <= 200 * 10 * Self.minute + 20 * Self.hour)
    #expect(store.age(record) >= 200 * 9 * Self.minute)
  }

  @Test func `A clock that was set back while the store was closed counts nothing twice`() {
    var store = Store()
    let record = store.write()
    store.run(Self.hour)
    store.clock.set(20 * Self.hour)
    store.close()
    store.open(after: Self.hour, clockIsOffBy: -20 * Self.hour)
    #expect(store.age(record) == Self.hour)
    #expect(store.takeSaid().last == .behind(seconds: 19 * 3600))
    // A person says that it is right now.
    #expect(store.time.confirm(-19 * Self.hour) == .accepted(seconds: 19 * 3600))
    store.close()
    store.open(after: 2 * Self.hour)
    #expect(store.age(record) == 3 * Self.hour)
  }

  @Test func `The time that a crash took from the file is time closed, and makes nothing older`() {
    var store = Store()
    let old = store.write()
    store.save()
    // The disk is full for a month, and the power fails.
    store.run(40 * Self.day)
    let young = store.write()
    store.open(after: Self.hour)
    #expect(store.time.isWaiting && store.age(old) == 0 && store.age(young) == 0)
    let newest = store.write()
    #expect(store.time.confirm(40 * Self.day + Self.hour) != nil)
    #expect(store.age(old) == 40 * Self.day + Self.hour)
    #expect(store.age(young) == 0, "nothing says when it was written")
    #expect(store.age(newest) == 0)
  }

  @Test func `Sleep is time that passes`() {
    var store = Store()
    let record = store.write()
    store.clock.pass(50 * Self.hour)
    store.look()
    #expect(store.age(record) == 50 * Self.hour && store.said.isEmpty)
  }

  @Test func `Drift of a steered clock is no jump, and no end of the wait`() {
    var store = Store()
    store.close()
    store.open(after: 50 * Self.day)
    var minutes: Int64 = 0
    while store.time.isWaiting, minutes < 100_000 {
      // 500 parts in a million.
      store.clock.set(Self.minute / 2000)
      store.run(Self.minute)
      minutes += 1
    }
    #expect(minutes * Self.minute == Self.limits.confirmation)
    #expect(store.said.count == 2)
  }

  @Test func `Numbers of any size do not overflow`() {
    let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
    for now in extremes {
      for wall in extremes {
        for gap in extremes {
          let saved = StoreTime.Saved(
            now: now, wall: wall, gap: gap, isWaiting: gap > 0, stood: .max, boundary: 1,
            lastLSN: 3, retentionSeconds: .max,
            samples: AgeSamples([.init(lsn: 1, time: .min), .init(lsn: 3, time: now)])
              ?? AgeSamples())
          for reading in extremes {
            var time = StoreTime(
              saved, at: StoreTime.Reading(wall: reading, steady: .max - 1))
            _ = time.look(4, at: StoreTime.Reading(wall: wall, steady: .max))
            _ = time.look(5, at: StoreTime.Reading(wall: reading, steady: 0))
            _ = (time.confirm(gap), time.confirm(-1), time.age(of: 1), time.saved(lastLSN: 5))
          }
        }
      }
    }
  }

  @Test func `Few samples are kept, and fewer make records younger`() {
    var samples = AgeSamples()
    for lsn in 1...5000 { samples.note(LSN(lsn), at: Int64(lsn) * 10, interval: 10) }
    #expect(samples.list.count <= Limits.ageSamples && samples.list.count > Limits.ageSamples / 4)
    for lsn in 1...5000 { #expect((samples.time(of: LSN(lsn)) ?? .max) >= Int64(lsn) * 10) }
    #expect(samples.time(of: 5000) == 50_000)
    #expect(samples.time(of: 5001) == nil)
    #expect(samples.last(before: 50_001) == 5000 && samples.last(before: 50_000) == 4999)
    samples.forget(through: 4998)
    #expect(samples.list.map(\.lsn) == [4999, 5000])
    // Closer than the interval: one, the later.
    var close = AgeSamples()
    for lsn in 1...100 { close.note(LSN(lsn), at: Int64(lsn), interval: 50) }
    #expect(close.list.count <= 4 && close.list.last?.lsn == 100)
    #expect(AgeSamples([.init(lsn: 2, time: 1), .init(lsn: 2, time: 2)]) == nil)
    #expect(AgeSamples([.init(lsn: 1, time: 2), .init(lsn: 2, time: 1)]) == nil)
  }

  @Test func `A store of before gets its ages from its records, whatever some of them say`() {
    let now = 1_000 * Self.day
    func made(_ days: [Int64], wall: Int64 = now + Self.hour) -> [Int64] {
      let newest = days.enumerated().map {
        AgeSamples.Sample(lsn: LSN(($0.offset + 1) * 10), time: $0.element * Self.day)
      }
      let saved = StoreTime.Saved.made(
        of: newest, wall: wall, retentionSeconds: Self.retention)
      return newest.map {
        saved.now.less(saved.samples.time(of: $0.lsn) ?? saved.now) / (Self.day / 2)
      }
    }
    // In halves of days.
    #expect(made([997, 998, 999, 1000]) == [6, 4, 2, 0])
    #expect(made([998, 1365, 999, 1000]) == [4, 4, 2, 0], "one from the future")
    #expect(made([998, 0, 999, 1000]) == [4, 4, 2, 0], "one without a time")
    #expect(made([10, 999, 1000]) == [4, 2, 0], "a gap counts for what is believed at once")
    #expect(made([1365, 1366]) == [0, 0], "nothing that is believed")
    #expect(made([-5, .min / Self.day]) == [0, 0])
    #expect(made([997, 1000], wall: 0) == [0, 0], "a clock that begins in 1970")
  }

  #if DEBUG
    @Test func `A clock that is believed, or counted while the log is open, is found`() {
      var believing = Store(breaks: .believeWallClock)
      let record = believing.write()
      believing.close()
      believing.open(after: Self.minute, clockIsOffBy: Self.year)
      #expect(believing.age(record) > Self.limits.confirmation)
      var counting = Store(breaks: .countClockSteps)
      let other = counting.write()
      counting.clock.set(Self.year)
      counting.run(Self.minute)
      #expect(counting.age(other) > Self.year)
    }
  #endif
}
