internal import Synchronization

/// Keeps the next segment ready: a file of zeros, durable before it gets its name, so that a
/// commit never waits for an allocation; and a reserve behind it. Lack of space is said as soon as
/// one of the two cannot be made: what the owner does not take in any more leaves room for what is
/// under way. It is waited out; any other error is fatal.
final class SparePreparer: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held.
  private let options: EventLogOptions
  private let paths: StorePaths
  private let monitor = Monitor()
  private var ready: SpareFile.Ready
  /// Wanted of the ballast.
  private var ballastBytes = Limits.ballastBytes
  private var isNeeded = false
  /// The spare was handed over and may still have its name: until `want` no other gets it.
  private var isTaken = false
  private var isWanted = false
  private var isStopping = false
  private var isClosing = false
  private var failure: EventLogError?
  /// Why there is no room at present.
  private var lackOfSpace: EventLogError?
  private var thread: WorkerThread?
  private let onSpace: @Sendable (EventLogError?) -> Void
  /// How far the active segment is written: the spare is to be done when half of it is.
  private let activeBytes = Atomic(0)
  /// Zeros that were written.
  let writtenBytes = AtomicCounter()

  /// `ready`: what is there.
  init(
    _ options: EventLogOptions, _ paths: StorePaths, ready: SpareFile.Ready,
    onSpace: @escaping @Sendable (EventLogError?) -> Void
  ) {
    self.options = options
    self.paths = paths
    self.ready = ready
    self.onSpace = onSpace
  }

  /// From now on spares are made in the background; before, `take` makes them itself.
  func start(onFailure: @escaping @Sendable (EventLogError) -> Void) throws(EventLogError) {
    precondition(thread == nil, "a thread is started once")
    thread = try WorkerThread("log-prepare") { [self] in run(onFailure) }
    want()
  }

  /// The current spare was used up, or there is none yet.
  func want() {
    monitor.withLock {
      isTaken = false
      isWanted = true
      monitor.signal()
    }
  }

  /// The active segment is written up to here.
  func noteActive(_ bytes: Int64) {
    assert(bytes >= Int64(Limits.segmentHeaderBytes), "a segment begins with its header")
    activeBytes.store(Int(bytes), ordering: .relaxed)
  }

  /// Waits for a spare and hands it over: the caller renames it.
  func take() throws(EventLogError) {
    guard thread != nil else {
      if !ready.hasSpare { try makeNow() }
      ready.hasSpare = false
      ready.hasUnreadSpare = false
      return
    }
    try monitor.withLock { () throws(EventLogError) in
      assert(!isNeeded, "one segment is begun at a time")
      isNeeded = true
      defer { isNeeded = false }
      while !ready.hasSpare, failure == nil, !isStopping, !isGivenUp {
        isWanted = true
        monitor.signal()
        monitor.wait()
      }
      if let failure { throw failure }
      if !ready.hasSpare, isGivenUp, let lackOfSpace { throw lackOfSpace }
      guard ready.hasSpare else { throw EventLogError(.closed, "the log is being closed") }
      ready.hasSpare = false
      isTaken = true
    }
  }

  private var isReserveWanted: Bool { isNeeded && !ready.hasSpare && ready.hasReserve }

  private var isGivenUp: Bool { isClosing && lackOfSpace != nil && !ready.hasReserve }

  /// Without the thread, at the opening, which is not to wait: by a file that was found and can be
  /// read through in a moment; else by blocks that are only reserved, in its place.
  private func makeNow() throws(EventLogError) {
    let deadline = monotonicNanoseconds() + UInt64(options.spareCheckMilliseconds) * 1_000_000
    let isInTime = { (_: Int) in monotonicNanoseconds() < deadline }
    if ready.hasUnreadSpare {
      if try SpareFile.check(options, paths.spare, pace: isInTime) == true { return }
    } else if ready.hasUnreadReserve {
      let isSound = try SpareFile.check(options, paths.reserve, pace: isInTime)
      ready.hasUnreadReserve = isSound == nil
      if isSound == true { return try SpareFile.useReserve(options, paths) }
    }
    do throws(EventLogError) {
      try SpareFile.make(
        options, paths, as: paths.spare, isAwaited: true, replacing: ready.hasUnreadSpare)
    } catch {
      // No room for another: what was found is read through, however long it takes.
      guard SystemError(error.systemError).isLackOfSpace, try findSpare() else { throw error }
    }
  }

  /// Whether one of the files that were found is a spare now.
  private func findSpare() throws(EventLogError) -> Bool {
    if ready.hasUnreadSpare, try SpareFile.check(options, paths.spare, pace: { _ in true }) == true
    {
      return true
    }
    guard ready.hasUnreadReserve else { return false }
    ready.hasUnreadReserve = false
    guard try SpareFile.check(options, paths.reserve, pace: { _ in true }) == true else {
      return false
    }
    try SpareFile.useReserve(options, paths)
    return true
  }

  /// Whether the spare or its reserve found no room.
  var isShortOfSpace: Bool { monitor.withLock { lackOfSpace != nil } }

  /// Writes a manifest. Where it finds no room the ballast makes some, and without ballast it is
  /// waited for.
  func makingRoom(_ write: () throws(EventLogError) -> Void) throws(EventLogError) {
    while true {
      do throws(EventLogError) {
        return try write()
      } catch {
        guard SystemError(error.systemError).isLackOfSpace else { throw error }
        let hasRoom = try releaseBallast()
        guard hasRoom || waitForSpace() else { throw error }
      }
    }
  }

  /// The manifest lists so many segments now: the ballast grows with it.
  func noteManifest(segments: Int) {
    monitor.withLock {
      ballastBytes = Limits.ballastBytes(segments: segments)
      guard ready.ballastBytes < ballastBytes, thread != nil else { return }
      isWanted = true
      monitor.signal()
    }
  }

  /// Gives blocks back so that a manifest finds room. False when there are none.
  func releaseBallast() throws(EventLogError) -> Bool {
    let hadBallast = monitor.withLock {
      defer { ready.ballastBytes = 0 }
      return ready.ballastBytes > 0
    }
    if hadBallast { try options.disk.removeIfPresent(paths.ballast) }
    return hadBallast
  }

  /// Waits a moment for room; false when the log is being closed: then there is no more time.
  func waitForSpace() -> Bool {
    guard thread != nil else { return false }
    let deadline = monotonicNanoseconds() + UInt64(options.spaceRetryMilliseconds) * 1_000_000
    return monitor.withLock {
      // The ballast is missing: to make it again is to see, and to say, that there is no room.
      isWanted = true
      monitor.signal()
      while !isStopping, !isClosing, monotonicNanoseconds() < deadline {
        monitor.wait(until: deadline)
      }
      return !isStopping && !isClosing
    }
  }

  /// Whether all is there that is prepared ahead.
  var isDone: Bool { monitor.withLock { !isWanted } }

  /// From now on a lack of space ends `take` with its error.
  func stopWaitingForSpace() {
    monitor.withLock {
      isClosing = true
      monitor.signal()
    }
  }

  func stop() {
    monitor.withLock {
      isStopping = true
      monitor.signal()
    }
    thread?.join()
    thread = nil
  }

  private func run(_ onFailure: @Sendable (EventLogError) -> Void) {
    var wasFull = false
    while waitForWork() {
      do throws(EventLogError) {
        try prepareNext()
        let isDone = monitor.withLock { () -> Bool in
          isWanted =
            !((ready.hasSpare || isTaken) && ready.hasReserve
            && ready.ballastBytes >= ballastBytes)
          if !isWanted { lackOfSpace = nil }
          monitor.signal()
          return !isWanted
        }
        if isDone, wasFull {
          onSpace(nil)
          wasFull = false
        }
      } catch {
        guard SystemError(error.systemError).isLackOfSpace else {
          monitor.withLock {
            failure = error
            monitor.signal()
          }
          return onFailure(error)
        }
        monitor.withLock {
          lackOfSpace = error
          monitor.signal()
        }
        if !wasFull { onSpace(error) }
        wasFull = true
        if let error = useReserveIfNeeded() { return onFailure(error) }
        pause()
      }
    }
  }

  /// Makes the first of the files that is not there.
  private func prepareNext() throws(EventLogError) {
    let (ready, isTaken, isFull, ballast) = monitor.withLock {
      (self.ready, self.isTaken, lackOfSpace != nil, ballastBytes)
    }
    if ready.hasUnreadSpare {
      let isSound = try check(paths.spare)
      monitor.withLock {
        self.ready.hasUnreadSpare = false
        self.ready.hasSpare = isSound
      }
    } else if ready.hasUnreadReserve, ready.hasSpare || isTaken || isFull {
      let isSound = try check(paths.reserve)
      monitor.withLock {
        self.ready.hasUnreadReserve = false
        self.ready.hasReserve = isSound
      }
    } else if !ready.hasSpare, !isTaken {
      try makeAhead(paths.spare)
      monitor.withLock { self.ready.hasSpare = true }
    } else if !ready.hasReserve {
      try makeAhead(paths.reserve)
      monitor.withLock { self.ready.hasReserve = true }
    } else if ready.ballastBytes < ballast {
      try SpareFile.makeBallast(options, paths, bytes: ballast)
      monitor.withLock { self.ready.ballastBytes = ballast }
    }
  }

  /// Slowly while nobody waits for it: hundreds of megabytes as fast as the disk takes them hold up
  /// all others who have to sync, the broker on the same disk among them.
  private func makeAhead(_ path: String) throws(EventLogError) {
    let begun = monotonicNanoseconds()
    try SpareFile.make(options, paths, as: path) { done in pace(done, since: begun) }
    writtenBytes.add(options.segmentBytes)
  }

  /// Reads a file that was found, as slowly, and when the log is closed not at all: the next
  /// opening finds it again.
  private func check(_ path: String) throws(EventLogError) -> Bool {
    let begun = monotonicNanoseconds()
    let isSound = try SpareFile.check(options, path) { done in
      pace(done, since: begun)
      return !monitor.withLock { isStopping }
    }
    return isSound ?? false
  }

  private func pace(_ done: Int, since begun: UInt64) {
    let seconds = Double(done) / Double(options.spareBytesPerSecond)
    let deadline = begun + UInt64(seconds * 1e9)
    monitor.withLock {
      while !isStopping, !isClosing, !isNeeded, done >= 2 * activeBytes.load(ordering: .relaxed) {
        let now = monotonicNanoseconds()
        if now >= deadline { return }
        monitor.wait(until: min(deadline, now + Self.lookNanoseconds))
      }
    }
  }

  /// How often it is looked whether the log goes faster than the spare.
  private static let lookNanoseconds: UInt64 = 5_000_000

  /// A commit waits and there is no room: the reserve is for this.
  private func useReserveIfNeeded() -> EventLogError? {
    let isTaken = monitor.withLock { isReserveWanted }
    guard isTaken else { return nil }
    do throws(EventLogError) {
      try SpareFile.useReserve(options, paths)
      monitor.withLock {
        ready.hasReserve = false
        ready.hasSpare = true
        monitor.signal()
      }
      return nil
    } catch {
      monitor.withLock {
        failure = error
        monitor.signal()
      }
      return error
    }
  }

  /// False when the preparer is to stop.
  private func waitForWork() -> Bool {
    monitor.withLock {
      while !isWanted, !isStopping { monitor.wait() }
      return !isStopping
    }
  }

  private func pause() {
    let deadline = monotonicNanoseconds() + UInt64(options.spaceRetryMilliseconds) * 1_000_000
    monitor.withLock {
      while !isStopping, !isReserveWanted, monotonicNanoseconds() < deadline {
        monitor.wait(until: deadline)
      }
    }
  }
}
