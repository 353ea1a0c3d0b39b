/// Keeps the next segment ready: a file of zeros, durable before it gets its name, so that a
/// commit never waits for an allocation. Lack of space is waited out; any other error is fatal.
final class SparePreparer: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held.
  private let options: EventLogOptions
  private let paths: StorePaths
  private let monitor = Monitor()
  private var isReady: Bool
  private var isWanted = false
  private var isStopping = false
  private var isClosing = false
  private var failure: EventLogError?
  /// Why there is no room at present.
  private var lackOfSpace: EventLogError?
  private var thread: WorkerThread?
  private let onSpace: @Sendable (EventLogError?) -> Void

  /// `isReady`: a whole spare of the right size is there.
  init(
    _ options: EventLogOptions, _ paths: StorePaths, isReady: Bool,
    onSpace: @escaping @Sendable (EventLogError?) -> Void
  ) {
    self.options = options
    self.paths = paths
    self.isReady = isReady
    self.onSpace = onSpace
  }

  /// From now on spares are made in the background; before, `take` makes them itself.
  func start(onFailure: @escaping @Sendable (EventLogError) -> Void) throws(EventLogError) {
    thread = try WorkerThread("log-prepare") { [self] in run(onFailure) }
    want()
  }

  /// The current spare was used up, or there is none yet.
  func want() {
    monitor.withLock {
      isWanted = !isReady
      monitor.signal()
    }
  }

  /// Waits for a spare and hands it over: the caller renames it.
  func take() throws(EventLogError) {
    guard thread != nil else {
      if !isReady { try SpareFile.make(options, paths) }
      isReady = false
      return
    }
    try monitor.withLock { () throws(EventLogError) in
      while !isReady, failure == nil, !isStopping, !isClosing || lackOfSpace == nil {
        isWanted = true
        monitor.signal()
        monitor.wait()
      }
      if let failure { throw failure }
      if !isReady, isClosing, let lackOfSpace { throw lackOfSpace }
      guard isReady else { throw EventLogError(.closed, "the log is being closed") }
      isReady = false
    }
  }

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
        try SpareFile.make(options, paths)
        monitor.withLock {
          isReady = true
          isWanted = false
          lackOfSpace = nil
          monitor.signal()
        }
        if wasFull { onSpace(nil) }
        wasFull = false
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
        pause()
      }
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
      while !isStopping, monotonicNanoseconds() < deadline { monitor.wait(until: deadline) }
    }
  }
}
