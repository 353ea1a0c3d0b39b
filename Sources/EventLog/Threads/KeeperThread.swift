internal import LogSequence
internal import Synchronization

/// The thread that makes derived files in the background: it stands back behind the others, its
/// merges are held to a rate, and lack of space is waited out. Any other error is fatal, damage
/// to a derived file excepted: that file is made again.
final class KeeperThread: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held, but `keeper`,
  // `schedule` and `releaseAt`, which belong to the thread while it runs, the first to the closer
  // after it ended.
  private let keeper: TableKeeper
  /// What it wrote.
  let written: IndexWrites
  private let monitor = Monitor()
  private var sealed: [Manifest.Segment] = []
  /// Segments sealed since the log was opened that are not indexed yet.
  let backlog = Atomic<Int>(0)
  private var distrusted: Set<String> = []
  /// How often a repair was asked for, and up to which of these all were tried.
  private var repairsAsked = 0
  private var repairsDone = 0
  private var hasEnded = true
  /// The damaged segment that retention has come to, and keeps.
  private var keptDamaged: UInt64?
  private var hasWork = true
  /// What the owner has not decided on yet, and what it decided.
  private var proposal: RetentionProposal?
  private var isDropping = false
  /// How often the owner said no.
  private(set) var refusals = 0
  private var droppedThrough: (UInt64, ChainPoint)?
  private var keepFrom: LSN = 0
  private var schedule: RetentionSchedule
  /// When it is looked again whether the owner has let go of replaced tables.
  private var releaseAt = UInt64.max
  /// Nil when records are kept whatever their age.
  let clock: ClockKeeper?
  private let onCarry: @Sendable ([CarryRequest]) -> Void
  private let onDamage: @Sendable (LogDamage) -> Void
  private let onClock: @Sendable (ClockNotice) -> Void
  /// The threads beside it, from its start to its end: they hold this one.
  private var others: Others?
  private var isStopping = false
  private var isFinishing = false
  private var thread: WorkerThread?
  private let retryNanoseconds: UInt64
  private let bytesPerSecond: UInt64
  /// When the bytes written so far may have been written, at the rate.
  private var paceUntil: UInt64 = 0

  init(_ keeper: TableKeeper, _ clock: ClockKeeper?, _ callbacks: EventLogCallbacks) {
    self.keeper = keeper
    self.clock = clock
    written = keeper.written
    schedule = RetentionSchedule(keeper.options)
    onCarry = callbacks.onCarry
    onDamage = callbacks.onDamage
    onClock = callbacks.onClock
    retryNanoseconds = UInt64(keeper.options.spaceRetryMilliseconds) * 1_000_000
    bytesPerSecond = UInt64(max(1, keeper.options.mergeBytesPerSecond))
  }

  /// What it asks and tells the threads beside it.
  struct Others: Sendable {
    /// How far the log is durable.
    let durableLSN: @Sendable () -> LSN
    /// Told that the segments up to this one are gone.
    let onForgotten: @Sendable (UInt64) -> Void
    /// Told of the error that ended it.
    let onFailure: @Sendable (EventLogError) -> Void
  }

  func start(_ others: Others) throws(EventLogError) {
    precondition(thread == nil && self.others == nil, "a thread is started once")
    self.others = others
    monitor.withLock { hasEnded = false }
    do throws(EventLogError) {
      thread = try WorkerThread("log-index", inBackground: true) { [self] in run(others) }
    } catch {
      monitor.withLock { hasEnded = true }
      throw error
    }
  }

  /// A segment was sealed.
  func add(_ segment: Manifest.Segment) {
    monitor.withLock {
      assert((sealed.last?.id ?? 0) < segment.id, "segments are sealed in their order")
      backlog.add(1, ordering: .relaxed)
      sealed.append(segment)
      hasWork = true
      monitor.signal()
    }
  }

  /// A derived file was found damaged: it is made again.
  func distrust(_ path: String) {
    monitor.withLock {
      distrusted.insert(path)
      repairsAsked += 1
      hasWork = true
      monitor.signal()
    }
  }

  /// The same, and waits until it was tried: one repair costs no more than to do without the file
  /// once. False when the thread has ended before.
  func repair(_ path: String) -> Bool {
    distrust(path)
    return monitor.withLock {
      let asked = repairsAsked
      while repairsDone < asked, !hasEnded { monitor.wait() }
      return repairsDone >= asked
    }
  }

  /// Ends the thread; the keeper is the caller's afterwards. `finishing`: what was sealed is
  /// indexed first and the checkpoint written, unless there is no room.
  func stop(finishing: Bool) {
    monitor.withLock {
      isFinishing = finishing
      isStopping = !finishing
      monitor.signal()
    }
    thread?.join()
    thread = nil
    if finishing, let others { clock?.close(others.durableLSN()) }
    others = nil
  }

  private func run(_ others: Others) {
    let pace = TablePace(
      hold: { [self] bytes throws(EventLogError) in try hold(bytes, others) },
      breathe: { [self] () throws(EventLogError) in try breathe() })
    defer {
      monitor.withLock {
        hasEnded = true
        monitor.signal()
      }
    }
    while waitForWork() {
      do throws(EventLogError) {
        if try step(pace, others) { wakeUp() } else { idle() }
      } catch {
        if error.code == .derivedDamaged {
          distrust(error.file)
        } else if error.code == .closed {
          continue
        } else if SystemError(error.systemError).isLackOfSpace {
          if monitor.withLock({ isFinishing }) { return }
          pause()
        } else {
          return others.onFailure(error)
        }
      }
    }
  }

  /// One piece of each kind of work, the most urgent first: where segments are sealed as fast as
  /// they can be indexed, old ones go and tables are merged all the same. False when there is none.
  private func step(_ pace: TablePace, _ others: Others) throws(EventLogError) -> Bool {
    let (segments, isFinishing) = monitor.withLock {
      defer {
        sealed = []
        hasWork = false
      }
      return (sealed, self.isFinishing)
    }
    for segment in segments { keeper.add(segment) }
    try lookAtClocks(others)
    try repairDistrusted()
    if isFinishing {
      if try indexNext() { return true }
      try keeper.writeCheckpoint(pace)
      return false
    }
    // Where there is no room for derived files, what retention removes makes some.
    var lack: EventLogError?
    var hasWorked = false
    do throws(EventLogError) {
      hasWorked = try indexNext()
      if keeper.options.writesCheckpoints, keeper.wantsCheckpoint {
        try keeper.writeCheckpoint(pace)
      }
      if try keeper.mergeOnce(pace) { hasWorked = true }
    } catch {
      guard SystemError(error.systemError).isLackOfSpace else { throw error }
      lack = error
    }
    if try retain(pace, others) { return true }
    if let lack { throw lack }
    return hasWorked
  }

  private func lookAtClocks(_ others: Others) throws(EventLogError) {
    guard let clock else { return }
    let notices = try clock.look(others.durableLSN(), at: monotonicNanoseconds())
    for notice in notices { onClock(notice) }
  }

  private func repairDistrusted() throws(EventLogError) {
    let (files, asked) = monitor.withLock {
      defer { distrusted = [] }
      return (distrusted.sorted(), repairsAsked)
    }
    defer {
      monitor.withLock {
        repairsDone = asked
        monitor.signal()
      }
    }
    for file in files {
      do throws(EventLogError) {
        try keeper.repair(file)
        onDamage(.repaired(file: file))
      } catch {
        // Of positions the segment says the same, as far as it can be read.
        guard error.isOfLog, file.hasSuffix(".positions") else { throw error }
        onDamage(.found(StoreFinding(error)))
      }
    }
  }

  private func wakeUp() { monitor.withLock { hasWork = true } }

  private func idle() {
    let isReleased = keeper.published.releasePrevious()
    releaseAt = isReleased ? .max : monotonicNanoseconds() + Self.releaseNanoseconds
    monitor.withLock { if isFinishing, sealed.isEmpty { isStopping = true } }
  }

  /// False when the thread is to end.
  private func waitForWork() -> Bool {
    monitor.withLock {
      while !hasWork, !isStopping, !isFinishing {
        let deadline = self.deadline
        if deadline == .max {
          monitor.wait()
        } else if monotonicNanoseconds() < deadline {
          monitor.wait(until: deadline)
        } else {
          return true
        }
      }
      return !isStopping
    }
  }

  /// When there is something to do by time.
  private var deadline: UInt64 {
    guard keeper.options.retains else { return releaseAt }
    // With a proposal made, the owner is waited for.
    let lookAt = min(proposal == nil ? schedule.lookAt : .max, clock?.lookAt ?? .max)
    return min(releaseAt, schedule.askAt, lookAt)
  }

  private static let releaseNanoseconds: UInt64 = 1_000_000_000

  private func pause() {
    let deadline = monotonicNanoseconds() + retryNanoseconds
    monitor.withLock {
      hasWork = true
      while !isStopping, !isFinishing, monotonicNanoseconds() < deadline {
        monitor.wait(until: deadline)
      }
    }
  }

  /// Holds a merge to the rate; ends it when the log is closed.
  private func hold(_ bytes: Int, _ others: Others) throws(EventLogError) {
    let now = monotonicNanoseconds()
    paceUntil = max(paceUntil, now) + UInt64(bytes) * 1_000_000_000 / bytesPerSecond
    let isEnding = monitor.withLock { () -> Bool in
      while !isInterrupted, monotonicNanoseconds() + 5_000_000 < paceUntil {
        monitor.wait(until: paceUntil)
      }
      return isInterrupted
    }
    if isEnding { throw EventLogError(.closed, "the log is being closed, or has to be repaired") }
    // What was sealed meanwhile does not wait for a long merge, nor the merge for all of it.
    for segment in takeSealed() { keeper.add(segment) }
    _ = try indexNext()
    try lookAtClocks(others)
    ask(at: monotonicNanoseconds())
  }

  /// Whether a merge has to be given up: somebody waits for a repair.
  private var isInterrupted: Bool { isStopping || isFinishing || !distrusted.isEmpty }

  private func indexNext() throws(EventLogError) -> Bool {
    guard try keeper.indexNext() else { return false }
    schedule.noteIndexed(isTooLarge: keeper.isTooLarge)
    monitor.withLock {
      // Those of before the log was opened come first.
      let left = min(backlog.load(ordering: .relaxed), keeper.pending.count + sealed.count)
      backlog.store(left, ordering: .relaxed)
    }
    return true
  }

  private func breathe() throws(EventLogError) {
    if monitor.withLock({ isStopping }) {
      throw EventLogError(.closed, "the log is being closed")
    }
  }

  private func takeSealed() -> [Manifest.Segment] {
    monitor.withLock {
      defer { sealed = [] }
      return sealed
    }
  }
}

// Retention: the keeper proposes, the owner decides, the sync thread writes the manifest, the
// keeper removes the files.
extension KeeperThread {
  /// What the owner is to decide on, if anything.
  func proposal(keepFrom lsn: LSN) -> RetentionProposal? {
    monitor.withLock {
      keepFrom = lsn
      guard !isDropping, let proposal else { return nil }
      // Where the owner has come to need an older record, those before it may go all the same.
      guard let possible = proposal.shortened(before: lsn) else { return proposal }
      isDropping = true
      return possible
    }
  }

  /// Not now: it will be proposed again if it still holds.
  func refuse() {
    monitor.withLock {
      proposal = nil
      isDropping = false
      refusals += 1
      monitor.signal()
    }
  }

  /// The manifest was replaced, or there was no room for it.
  func dropped(through id: UInt64, origin: ChainPoint?) {
    let dropped = monitor.withLock {
      defer { proposal = nil }
      if let origin { droppedThrough = (id, origin) }
      isDropping = false
      hasWork = true
      monitor.signal()
      return proposal
    }
    if origin != nil, let dropped, let damage = dropped.damage {
      onDamage(.dropped(damage, endedEvents: dropped.endedEvents))
    }
  }

  /// One step of retention. False when there is nothing to do for now.
  private func retain(_ pace: TablePace, _ others: Others) throws(EventLogError) -> Bool {
    guard keeper.options.retains else { return false }
    let (dropped, isWaiting, keepFrom) = monitor.withLock {
      defer { droppedThrough = nil }
      return (droppedThrough, proposal != nil, self.keepFrom)
    }
    if let (id, origin) = dropped {
      try keeper.forget(through: id, origin: origin)
      clock?.forget(through: origin.lsn)
      others.onForgotten(id)
      schedule.noteDropped()
      return true
    }
    let now = monotonicNanoseconds()
    ask(at: now)
    if !isWaiting { try look(at: now, keepFrom: keepFrom, pace) }
    return false
  }

  private func ask(at now: UInt64) {
    let carries = schedule.nextAsk(at: now)
    if !carries.isEmpty { onCarry(carries) }
  }

  private func look(
    at now: UInt64, keepFrom: LSN, _ pace: TablePace
  ) throws(EventLogError) {
    let bounds = RetentionBounds(keeper.options, clock?.time, keepFrom: keepFrom)
    guard schedule.mayLook(keeper, bounds, at: now), let first = keeper.indexed.first,
      // Nobody but a person gets past it, and to read up to the damage each time helps nobody.
      first.segment.id != keptDamaged
    else { return }
    let covered = keeper.coveredLSN
    let plan = try keeper.planRetention(bounds, pace)
    schedule.looked(
      plan, first: first.segment.id, covered: covered, begun: now, at: monotonicNanoseconds())
    if let proposal = plan.proposal { monitor.withLock { self.proposal = proposal } }
    ask(at: monotonicNanoseconds())
    if let damage = plan.damage {
      keptDamaged = first.segment.id
      onDamage(.kept(StoreFinding(damage)))
    }
  }
}
