/// The thread that makes derived files in the background: it stands back behind the others, its
/// merges are held to a rate, and lack of space is waited out. Any other error is fatal, damage
/// to a derived file excepted: that file is made again.
final class KeeperThread: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held, but `keeper`,
  // which belongs to the thread while it runs and to the closer after it ended.
  private let keeper: TableKeeper
  private let monitor = Monitor()
  private var sealed: [Manifest.Segment] = []
  private var distrusted: [String] = []
  private var hasWork = true
  private var isStopping = false
  private var isFinishing = false
  private var thread: WorkerThread?
  private let retryNanoseconds: UInt64
  private let bytesPerSecond: UInt64
  /// When the bytes written so far may have been written, at the rate.
  private var paceUntil: UInt64 = 0

  init(_ keeper: TableKeeper) {
    self.keeper = keeper
    retryNanoseconds = UInt64(keeper.options.spaceRetryMilliseconds) * 1_000_000
    bytesPerSecond = UInt64(max(1, keeper.options.mergeBytesPerSecond))
  }

  func start(onFailure: @escaping @Sendable (EventLogError) -> Void) throws(EventLogError) {
    thread = try WorkerThread("log-index", inBackground: true) { [self] in run(onFailure) }
  }

  /// A segment was sealed.
  func add(_ segment: Manifest.Segment) {
    monitor.withLock {
      sealed.append(segment)
      hasWork = true
      monitor.signal()
    }
  }

  /// A derived file was found damaged: it is made again.
  func distrust(_ path: String) {
    monitor.withLock {
      distrusted.append(path)
      hasWork = true
      monitor.signal()
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
  }

  private func run(_ onFailure: @Sendable (EventLogError) -> Void) {
    keeper.pace = { [self] bytes throws(EventLogError) in try pace(bytes) }
    while waitForWork() {
      do throws(EventLogError) {
        if try !step() { idle() }
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

  /// One piece of work, the most urgent first. False when there is none.
  private func step() throws(EventLogError) -> Bool {
    let (segments, files, isFinishing) = monitor.withLock {
      defer {
        sealed = []
        distrusted = []
        hasWork = false
      }
      return (sealed, distrusted, self.isFinishing)
    }
    for segment in segments { keeper.add(segment) }
    for file in files { try keeper.repair(file) }
    if try keeper.indexNext() { return true }
    if keeper.wantsCheckpoint || isFinishing { try keeper.writeCheckpoint() }
    return isFinishing ? false : try keeper.mergeOnce()
  }

  private func idle() {
    monitor.withLock { if isFinishing, sealed.isEmpty { isStopping = true } }
  }

  /// False when the thread is to end.
  private func waitForWork() -> Bool {
    monitor.withLock {
      while !hasWork, !isStopping, !isFinishing { monitor.wait() }
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
      while !isStopping, !isFinishing, monotonicNanoseconds() + 5_000_000 < paceUntil {
        monitor.wait(until: paceUntil)
      }
      return isStopping
    }
    if isEnding { throw EventLogError(.closed, "the log is being closed") }
  }
}
