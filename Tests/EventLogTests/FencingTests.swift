import Glibc
import LogSequence
import TestSupport
import Testing

@testable import EventLog

/// Two writers of one store that locks do not keep apart: nothing that either acknowledged is
/// overwritten or lost, and one of them ends.
@Suite struct FencingTests {
  /// A writer, what it was given, and how it ended.
  private final class Writer: @unchecked Sendable {
    // Sendable because the tests let one thread at a time go on.
    var model: Model
    var failure: EventLogError?
    private var random: SeededRandom
    private let log: SyncLog

    init(_ log: SyncLog, seed: UInt64) {
      self.log = log
      random = SeededRandom(seed)
      model = Model()
      for record in log.recovered { model.add(record) }
    }

    /// What it may have told others.
    var acknowledged: [ModelRecord] {
      Array(model.records.prefix(Int(log.acknowledgedLSN.rawValue)))
    }

    /// One frame of some records; with `rolls` in a new segment.
    func step(rolls: Bool = false) {
      guard failure == nil else { return }
      do throws(EventLogError) {
        if rolls { try log.seal() }
        let records = (0..<3).map { _ in model.makeRecord(&random, hash: log.hash) }
        try log.commit(records)
      } catch {
        failure = error
      }
    }

    func close() {
      guard failure == nil else { return log.kill() }
      do throws(EventLogError) { try log.close() } catch { failure = error }
    }

    func kill() { log.kill() }
  }

  /// A store with some records, locked by nobody.
  private static func store(isClosed: Bool = false) throws -> SimDisk {
    let disk = SimDisk()
    let writer = Writer(try SyncLog(.simulated(disk)), seed: 7)
    for index in 0..<4 { writer.step(rolls: index == 2) }
    isClosed ? writer.close() : writer.kill()
    return disk.afterKill()
  }

  private static func options(_ disk: any Disk, _ breaks: Breaks) -> EventLogOptions {
    var options = EventLogOptions.simulated(SimDisk(), breaks: breaks)
    options.disk = disk
    return options
  }

  /// What is wrong with the store, after both; nil when nothing is.
  ///
  /// - Parameter mayMeet: whether a writer may have met what the other did to its files.
  private static func problem(
    _ disk: SimDisk, _ first: Writer, _ second: Writer?, mayMeet: Bool = false
  ) -> String? {
    let after = disk.afterKill()
    let records: [ModelRecord]
    do throws(EventLogError) {
      records = try SyncLog(.simulated(after)).recovered
    } catch {
      return "the store does not open: \(error)"
    }
    for (name, writer) in [("first", first), ("second", second)] {
      guard let writer else { continue }
      if !records.starts(with: writer.acknowledged) {
        return "\(writer.acknowledged.count) records of the \(name) were acknowledged, and lost"
      }
    }
    for failure in [first.failure, second?.failure].compactMap(\.self) where failure.exitCode != 75
    {
      if !mayMeet { return "a writer ended with \(failure)" }
    }
    return nil
  }

  /// Holds a thread at a gate until another opens it.
  private final class Gate: @unchecked Sendable {
    // Sendable because the variables are only touched with the monitor's lock held.
    private let monitor = Monitor()
    private var isWaiting = false
    private var isOpen = false
    private var isDone = false

    private func change(_ body: () -> Void) {
      monitor.withLock {
        body()
        monitor.signal()
      }
    }

    /// Waits, unless `finish` was called.
    func pass() {
      change { isWaiting = true }
      monitor.withLock { while !isOpen, !isDone { monitor.wait() } }
    }

    func finish() { change { isDone = true } }

    /// False when it has come to its end without.
    func waitForOther() -> Bool {
      monitor.withLock {
        while !isWaiting, !isDone { monitor.wait() }
        return isWaiting
      }
    }

    func letOtherFinish() {
      change { isOpen = true }
      monitor.withLock { while !isDone { monitor.wait() } }
    }
  }

  /// The first stands still before call `call` of a roll, the second opens the store, and the first
  /// goes on before call `other` of that, if they make so many.
  private static func interleaved(
    call: Int, other: Int
  ) throws -> (problem: String?, hasStood: Bool, hasGoneOn: Bool) {
    let disk = try store()
    let gate = Gate()
    var start = Int.max
    let watched = WatchedDisk(disk) { number, _ in if number - call == start { gate.pass() } }
    let first = Writer(try SyncLog(options(watched, [])), seed: 8)
    first.step()
    start = watched.calls
    let thread = try WorkerThread("test-first") {
      first.step(rolls: true)
      gate.finish()
    }
    defer { thread.join() }
    guard gate.waitForOther() else { return (nil, false, false) }
    disk.forgetLocks()
    var hasGoneOn = false
    let opening = WatchedDisk(disk) { number, _ in
      guard number == other else { return }
      hasGoneOn = true
      gate.letOtherFinish()
    }
    var second: Writer?
    do throws(EventLogError) { second = Writer(try SyncLog(options(opening, [])), seed: 9) } catch {
      // It has noticed the first.
    }
    gate.letOtherFinish()
    first.step()
    second?.step()
    second?.step(rolls: true)
    return (problem(disk, first, second, mayMeet: true), true, hasGoneOn)
  }

  @Test func `A first writer that stands still and goes on while a second opens loses nothing`()
    throws
  {
    var tried = 0
    var last = 0
    for call in 1..<500 {
      last = call
      var hasStood = true
      // Not all pairs: other ones for each call.
      for other in stride(from: 1 + call % 37, to: 2_000, by: 37) {
        let outcome = try Self.interleaved(call: call, other: other)
        #expect(outcome.problem == nil, "call \(call) of the first, \(other) of the second")
        tried += 1
        hasStood = outcome.hasStood
        if !outcome.hasGoneOn { break }
      }
      if !hasStood { break }
    }
    #expect(tried > 100, "\(tried) pairs, up to call \(last)")
  }

  /// The second writer opens the store before call `call` of the first, which writes a frame, with
  /// or without a new segment, or closes. Nil when the first makes fewer calls.
  private static func overtaken(
    atCall call: Int, rolls: Bool, closes: Bool, breaks: Breaks = []
  ) throws -> String? {
    let disk = try store()
    var second: Writer?
    var hasOpened = false
    var armed: Int?
    let watched = WatchedDisk(disk) { number, _ in
      guard let start = armed, number == start + call, !hasOpened else { return }
      hasOpened = true
      disk.forgetLocks()
      guard let log = try? SyncLog(options(disk, breaks)) else { return }
      second = Writer(log, seed: 9)
      second?.step()
    }
    let first = Writer(try SyncLog(options(watched, breaks)), seed: 8)
    first.step()
    armed = watched.calls
    closes ? first.close() : first.step(rolls: rolls)
    guard hasOpened else { return "" }
    // It may have ended in time, and had the last word on nothing.
    if !closes { first.step() }
    second?.step(rolls: true)
    second?.step()
    let found = problem(disk, first, second)
    return found ?? (first.failure == nil && second?.failure == nil && !closes ? "both go on" : nil)
  }

  @Test(arguments: [false, true])
  func `Whenever a second writer comes, the first acknowledges nothing that is lost`(rolls: Bool)
    throws
  {
    var call = 0
    repeat {
      call += 1
      let found = try Self.overtaken(atCall: call, rolls: rolls, closes: false)
      if found == "" { break }
      #expect(found == nil, "call \(call)")
    } while call < 500
    #expect(call > (rolls ? 25 : 5) && call < 500)
  }

  @Test func `A second writer that comes while the first closes loses nothing either`() throws {
    var call = 0
    repeat {
      call += 1
      let found = try Self.overtaken(atCall: call, rolls: false, closes: true)
      if found == "" { break }
      #expect(found == nil, "call \(call)")
    } while call < 500
    #expect(call > 5 && call < 500)
  }

  /// The first writer makes a frame before call `call` of the second's opening. Empty when that
  /// makes fewer calls.
  private static func overtaking(
    atCall call: Int, rolls: Bool, isClosed: Bool, breaks: Breaks = []
  ) throws -> String? {
    let disk = try store(isClosed: isClosed)
    let first = Writer(try SyncLog(options(disk, breaks)), seed: 8)
    first.step()
    disk.forgetLocks()
    var hasStepped = false
    let watched = WatchedDisk(disk) { number, _ in
      guard number == call else { return }
      hasStepped = true
      first.step(rolls: rolls)
    }
    var second: Writer?
    var failure: EventLogError?
    do throws(EventLogError) {
      let log = try SyncLog(options(watched, breaks))
      second = Writer(log, seed: 9)
    } catch {
      failure = error
    }
    guard hasStepped else { return "" }
    first.step()
    second?.step()
    second?.step(rolls: true)
    if let failure, failure.exitCode != 75 { return "the second ended with \(failure)" }
    let found = problem(disk, first, second)
    return found ?? (first.failure == nil && second?.failure == nil ? "both go on" : nil)
  }

  @Test(arguments: [(false, false), (true, false), (false, true)])
  func `Whatever the first writes while a second one opens is in its store, or not acknowledged`(
    rolls: Bool, isClosed: Bool
  ) throws {
    var call = 0
    repeat {
      // Every one, and in the longer variants every third.
      call += rolls || isClosed ? 3 : 1
      let found = try Self.overtaking(atCall: call, rolls: rolls, isClosed: isClosed)
      if found == "" { break }
      #expect(found == nil, "call \(call)")
    } while call < 2_000
    #expect(call > 50 && call < 2_000)
  }

  @Test func `Without the looks for others, records are lost, and the test sees it`() throws {
    let found = try Self.overtaken(
      atCall: 3, rolls: true, closes: false, breaks: .ignoreOtherWriters)
    #expect(found != nil && found != "")
    let other = try Self.overtaking(
      atCall: 20, rolls: false, isClosed: false, breaks: .ignoreOtherWriters)
    #expect(other != nil && other != "")
  }

  @Test func `A removed LOCK lets no second writer in, and ends the first`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    var model = Model()
    var random = SeededRandom(1)
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    #expect(owner.waitDurable(1))
    #expect(unlink(directory.path + "/store/LOCK") == 0)
    let refused = #expect(throws: EventLogError.self) {
      _ = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
    }
    #expect(refused?.code == .locked)
    log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
    log.endTurn()
    let failure = owner.waitFailure()
    #expect(failure?.code == .fenced)
    #expect(failure?.exitCode == 75)
    #expect(failure?.file == directory.path + "/store/LOCK")
    #expect(owner.durableLSN == 1)
    #expect(throws: EventLogError.self) { try log.close() }
    let next = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
    #expect(next.nextLSN >= 2)
    try next.close()
  }

  @Test func `LOCK is looked at by its name, whatever file the writer holds`() throws {
    let directory = TemporaryDirectory()
    let owner = Owner()
    let log = try EventLog.open(directory.options(), callbacks: owner.callbacks)
    var model = Model()
    var random = SeededRandom(1)
    func append() {
      log.append(model.makeRecord(&random, hash: { log.hash(of: $0) }))
      log.endTurn()
    }
    let path = directory.path + "/store/LOCK"
    let words = try Bytes.read(path)
    let disk = LinuxDisk()
    let held = try disk.open(path, .read)
    #expect(try disk.isNamed(path, held))
    try disk.rename(path, to: path + ".away")
    #expect(try !disk.isNamed(path, held))
    try Bytes.write(path, words)
    #expect(try !disk.isNamed(path, held) && disk.isNamed(path + ".away", held))
    try disk.close(held)
    append()
    #expect(owner.waitDurable(1), "a copy says the same")
    try Bytes.write(path, Array(words.reversed()))
    append()
    #expect(owner.waitFailure()?.code == .fenced)
    #expect(owner.durableLSN == 1)
    #expect(throws: EventLogError.self) { try log.close() }
  }

  @Test func `LOCK names the process, whatever stood in it`() throws {
    let directory = TemporaryDirectory()
    try EventLog.open(directory.options(), callbacks: Owner().callbacks).close()
    let path = directory.path + "/store/LOCK"
    let first = String(decoding: try Bytes.read(path), as: UTF8.self)
    #expect(first.contains(" process \(getpid()) on "))
    try Bytes.write(path, [])
    let log = try EventLog.open(directory.options(), callbacks: Owner().callbacks)
    let second = String(decoding: try Bytes.read(path), as: UTF8.self)
    #expect(second.utf8.count == 128 && second.hasSuffix("\n"))
    #expect(second.prefix(32) != first.prefix(32))
    try log.close()
  }

  @Test func `What a writer adds behind an end that it does not know of stays, and is said`()
    throws
  {
    let disk = try Self.store()
    // As if its host did not see what others write: the caches of a network file system.
    let late = Writer(try SyncLog(Self.options(disk, .ignoreOtherWriters)), seed: 8)
    late.step()
    disk.forgetLocks()
    let owner = try SyncLog(.simulated(disk))
    let (sealed, end) = try #require(
      owner.opened.writer.manifest.segments.dropLast().last.map { ($0.id, $0.end?.offset ?? 0) })
    late.step()
    try owner.maintain()
    owner.kill()
    let path = StorePaths(root: "/store").segment(sealed)
    let report = try StoreVerifier(path: "/store", disk: disk.afterKill()).run()
    #expect(report.isSound)
    #expect(report.notes.contains { $0.hasPrefix("\(path), byte \(end): a frame stands behind") })
    #expect(disk.bytes(path)?.dropFirst(Int(end)).contains { $0 != 0 } == true)
  }

  @Test func `A new name is never given over a file`() throws {
    let directory = TemporaryDirectory()
    let disk = LinuxDisk()
    let (one, two) = (directory.path + "/one", directory.path + "/two")
    for path in [one, two] { try disk.close(try disk.open(path, .replace)) }
    #expect(throws: SystemError(EEXIST)) { try disk.renameNew(one, to: two) }
    #expect(throws: SystemError(ENOENT)) { try disk.renameNew(one + "x", to: two + "x") }
    try disk.remove(two)
    try disk.renameNew(one, to: two)
    #expect(try disk.list(directory.path) == ["two"])
  }
}
