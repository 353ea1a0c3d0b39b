internal import Synchronization

/// Reads a store over and over at a capped rate, so that damage is found while a backup still has
/// what it hit. Runs on a thread of its own, beside the writer, which it never waits for.
///
/// What a whole pass found stands in the file DAMAGE until one finds nothing: a start names it.
///
/// Reads sealed segments around the page cache, so it looks at the disk, and pushes nothing of the
/// service's out of memory.
package final class Scrubber: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held.
  private let monitor = Monitor()
  private var isStopping = false
  private var thread: WorkerThread?
  private let verifier: StoreVerifier
  private let options: Options
  private let callbacks: Callbacks
  private let path: String
  private let disk: any Disk

  package struct Options: Sendable {
    /// The most that is read in a second, on average.
    package var bytesPerSecond = 8 << 20
    /// From the end of one pass to the start of the next.
    package var pauseSeconds = 3600

    package init() {}
  }

  /// Called on the scrubber's thread.
  package struct Callbacks: Sendable {
    /// Damage, as soon as the file it is in was read, the first of each pass only: it needs a
    /// person, who then runs `store verify`. The pass goes on.
    package var onDamage: @Sendable (StoreFinding) -> Void
    /// A whole pass is done.
    package var onPass: @Sendable (VerifyReport) -> Void
    /// The store could not be read at all; tried again after the pause.
    package var onFailure: @Sendable (EventLogError) -> Void

    package init(
      onDamage: @escaping @Sendable (StoreFinding) -> Void,
      onPass: @escaping @Sendable (VerifyReport) -> Void = { _ in },
      onFailure: @escaping @Sendable (EventLogError) -> Void = { _ in }
    ) {
      self.onDamage = onDamage
      self.onPass = onPass
      self.onFailure = onFailure
    }
  }

  package init(
    path: String, options: Options = Options(), callbacks: Callbacks, disk: any Disk = LinuxDisk()
  ) {
    precondition(options.bytesPerSecond > 0, "a scrubber reads something")
    self.path = path
    self.disk = disk
    verifier = StoreVerifier(path: path, disk: disk)
    self.options = options
    self.callbacks = callbacks
  }

  /// Starts the thread; once.
  package func start() throws(EventLogError) {
    precondition(thread == nil, "a scrubber is started once")
    thread = try WorkerThread("log-scrub") { [self] in run() }
  }

  /// Ends the pass and the thread; returns when it has ended.
  package func stop() {
    monitor.withLock {
      isStopping = true
      monitor.signal()
    }
    thread?.join()
    thread = nil
  }

  private func run() {
    repeat { pass() } while sleep(until: monotonicNanoseconds() + pauseNanoseconds)
  }

  private var pauseNanoseconds: UInt64 { UInt64(options.pauseSeconds) * 1_000_000_000 }

  private func pass() {
    let start = monotonicNanoseconds()
    let nanosecondsPerByte = 1e9 / Double(options.bytesPerSecond)
    var isReported = false
    do throws(EventLogError) {
      let report = try verifier.run { finding in
        if !isReported { callbacks.onDamage(finding) }
        isReported = true
      } progress: { done, _ in
        sleep(until: start + UInt64(Double(done) * nanosecondsPerByte))
      }
      guard !report.wasStopped else { return }
      KnownDamage.keep(report.findings, disk, path)
      callbacks.onPass(report)
    } catch {
      callbacks.onFailure(error)
    }
  }

  /// Sleeps until then; false when the scrubber is to stop.
  private func sleep(until time: UInt64) -> Bool {
    monitor.withLock {
      while !isStopping, monotonicNanoseconds() < time { monitor.wait(until: time) }
      return !isStopping
    }
  }
}
