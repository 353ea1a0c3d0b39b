internal import Synchronization

/// The thread that makes derived files in the background: it stands back behind the others, its
/// merges are held to a rate, and lack of space is waited out. Any other error is fatal, damage
/// to a derived file excepted: that file is made again.
final class KeeperThread: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held, but `keeper`,
  // which belongs to the thread while it runs and to the closer after it ended.
  private let keeper: TableKeeper
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
  private var keepFrom: UInt64 = 0
  private var nextRetentionAt: UInt64 = 0
  /// Carrying was asked for; what the tables covered then.
  private var carryAsked: (coveredLSN: UInt64, count: Int)?

  /// What is asked for at a time, and after how many looks it is asked for again.
  private static let carriedAtOnce = 4_096
  private static let looksUntilAskedAgain = 10
  /// What held the oldest segment back is not older than this.
  private var young = Int64.min
  private let clock: RetentionClock
  private let onCarry: @Sendable ([CarryRequest]) -> Void
  private let onDamage: @Sendable (LogDamage) -> Void
  private var isStopping = false
  private var isFinishing = false
  private var thread: WorkerThread?
  private let retryNanoseconds: UInt64
  private let bytesPerSecond: UInt64
  /// When the bytes written so far may have been written, at the rate.
  private var paceUntil: UInt64 = 0

  init(
    _ keeper: TableKeeper, onCarry: @escaping @Sendable ([CarryRequest]) -> Void,
    onDamage: @escaping @Sendable (LogDamage) -> Void
  ) {
    self.keeper = keeper
    self.onCarry = onCarry
    self.onDamage = onDamage
    clock = RetentionClock(
      wall: keeper.options.wallClock(), monotonic: monotonicNanoseconds())
    retryNanoseconds = UInt64(keeper.options.spaceRetryMilliseconds) * 1_000_000
    bytesPerSecond = UInt64(max(1, keeper.options.mergeBytesPerSecond))
  }

  func start(onFailure: @escaping @Sendable (EventLogError) -> Void) throws(EventLogError) {
    monitor.withLock { hasEnded = false }
    do throws(EventLogError) {
      thread = try WorkerThread("log-index", inBackground: true) { [self] in run(onFailure) }
    } catch {
      monitor.withLock { hasEnded = true }
      throw error
    }
  }

  /// A segment was sealed.
  func add(_ segment: Manifest.Segment) {
    monitor.withLock {
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
    // They hold this thread, and the thread holds them.
    keeper.pace = { _ in }
    keeper.breathe = { _ in }
  }

  private func run(_ onFailure: @Sendable (EventLogError) -> Void) {
    keeper.pace = { [self] bytes throws(EventLogError) in try pace(bytes) }
    keeper.breathe = { [self] _ throws(EventLogError) in try breathe() }
    defer {
      monitor.withLock {
        hasEnded = true
        monitor.signal()
      }
    }
    while waitForWork() {
      do throws(EventLogError) {
        if try step() { wakeUp() } else { idle() }
      } catch {
        if error.isDerived {
          distrust(error.file)
        } else if error.code == .closed {
          continue
        } else if SystemError(error.systemError).isLackOfSpace {
          if monitor.withLock({ isFinishing }) { return }
          pause()
        } else {
          return onFailure(error)
        }
      }
    }
  }

  /// One piece of each kind of work, the most urgent first: where segments are sealed as fast as
  /// they can be indexed, old ones go and tables are merged all the same. False when there is none.
  private func step() throws(EventLogError) -> Bool {
    let (segments, isFinishing) = monitor.withLock {
      defer {
        sealed = []
        hasWork = false
      }
      return (sealed, self.isFinishing)
    }
    for segment in segments { keeper.add(segment) }
    try repairDistrusted()
    let hasIndexed = try indexNext()
    if isFinishing {
      if !hasIndexed { try keeper.writeCheckpoint() }
      return hasIndexed
    }
    if keeper.options.writesCheckpoints, keeper.wantsCheckpoint { try keeper.writeCheckpoint() }
    let hasRetained = try retain()
    let hasMerged = try keeper.mergeOnce()
    return hasIndexed || hasRetained || hasMerged
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
    monitor.withLock { if isFinishing, sealed.isEmpty { isStopping = true } }
  }

  /// False when the thread is to end.
  private func waitForWork() -> Bool {
    monitor.withLock {
      while !hasWork, !isStopping, !isFinishing {
        guard keeper.options.retentionSeconds != nil else {
          monitor.wait()
          continue
        }
        if monotonicNanoseconds() >= nextRetentionAt { return true }
        monitor.wait(until: nextRetentionAt)
      }
      return !isStopping
    }
  }

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
  private func pace(_ bytes: Int) throws(EventLogError) {
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
  }

  /// Whether a merge has to be given up: somebody waits for a repair.
  private var isInterrupted: Bool { isStopping || isFinishing || !distrusted.isEmpty }

  private func indexNext() throws(EventLogError) -> Bool {
    guard try keeper.indexNext() else { return false }
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
  func proposal(keepFrom lsn: UInt64) -> RetentionProposal? {
    monitor.withLock {
      keepFrom = lsn
      guard !isDropping, let proposal else { return nil }
      isDropping = proposal.lastLSN < lsn
      return proposal
    }
  }

  /// Not now: it will be proposed again if it still holds.
  func refuse() {
    monitor.withLock {
      proposal = nil
      isDropping = false
      refusals += 1
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
  private func retain() throws(EventLogError) -> Bool {
    guard let seconds = keeper.options.retentionSeconds else { return false }
    let (dropped, isWaiting, keepFrom) = monitor.withLock {
      defer { droppedThrough = nil }
      return (droppedThrough, proposal != nil, self.keepFrom)
    }
    if let (id, origin) = dropped {
      try keeper.forget(through: id, origin: origin)
      monitor.withLock { nextRetentionAt = 0 }
      return true
    }
    let now = monotonicNanoseconds()
    guard !isWaiting, now >= monitor.withLock({ nextRetentionAt }) else { return false }
    let wall = clock.now(wall: keeper.options.wallClock(), monotonic: now)
    let cutoff = wall - min(seconds, 1 << 33) * 1_000_000_000
    if young < cutoff { try plan(cutoff: cutoff, keepFrom: keepFrom) }
    let pause = UInt64(keeper.options.retentionCheckMilliseconds) * 1_000_000
    monitor.withLock { nextRetentionAt = now + pause }
    return false
  }

  private func plan(cutoff: Int64, keepFrom: UInt64) throws(EventLogError) {
    // Nobody but a person gets past it, and to read up to the damage each time helps nobody.
    if let keptDamaged, keeper.indexed.first?.segment.id == keptDamaged { return }
    // What was carried counts once the tables know it.
    if let asked = carryAsked, keeper.coveredLSN == asked.coveredLSN,
      asked.count < Self.looksUntilAskedAgain
    {
      carryAsked?.count += 1
      return
    }
    carryAsked = nil
    switch try keeper.planRetention(cutoff: cutoff, keepFrom: keepFrom) {
    case .nothing: break
    case .young(let latest): young = latest
    case .carry(let requests):
      carryAsked = (keeper.coveredLSN, 0)
      onCarry(Array(requests.prefix(Self.carriedAtOnce)))
    case .drop(let proposal):
      monitor.withLock { self.proposal = proposal }
    case .damaged(let error):
      keptDamaged = keeper.indexed.first?.segment.id
      onDamage(.kept(StoreFinding(error)))
    }
  }
}
