internal import LogSequence
internal import Synchronization

/// The sync thread and what it shares with the engine's thread: the filling frame, the frames
/// waiting behind the one in flight, and how far the log is durable.
///
/// While a frame syncs the next one fills. In mid-turn the filling frame belongs to the engine
/// alone, so that appending takes no lock; between turns the sync thread may take it.
final class Committer: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held, but `writer`,
  // which belongs to the sync thread while it runs and to the closer after it ended.
  let durableLSN: Atomic<LSN>
  /// Bytes of frames written since the log was opened.
  var frameBytes: Int { written.value }
  private let written: AtomicCounter
  /// Bytes of records that became durable since the log was opened.
  let durableBytes = Atomic<Int>(0)
  private let monitor = Monitor()
  private let writer: SegmentWriter
  private let callbacks: EventLogCallbacks
  private let confirmNanoseconds: UInt64
  private var filling = FrameBuffer()
  private var waiting: [FrameBuffer] = []
  private var pool: [FrameBuffer] = []
  private var isMidTurn = false
  /// When the next frame may be written, and whether the sync thread waits for that.
  private var heldUntil: UInt64 = 0
  private var isHolding = false
  /// Segments to take out of the manifest, up to this one.
  private var dropping: UInt64?
  private let times = Mutex(SyncTimes())
  /// When the frame under way was begun, monotonic nanoseconds; 0 when there is none.
  private let begunAt = Atomic<UInt64>(0)
  private var isStopping = false
  private var isAbandoned = false
  private var failure: EventLogError?
  private var thread: WorkerThread?
  private let others: Others

  /// What it tells the threads beside it.
  struct Others: Sendable {
    /// How far the log is durable, before the owner is told; with the failure once there is one.
    let onAdvance: @Sendable (LSN, EventLogError?) -> Void
    /// A segment that will not change any more.
    let onSealed: @Sendable (Manifest.Segment) -> Void
    /// Where the log begins after the segments up to this one were dropped, or nil when there was
    /// no room for another manifest.
    let onDropped: @Sendable (UInt64, ChainPoint?) -> Void
  }

  init(_ writer: SegmentWriter, _ callbacks: EventLogCallbacks, _ others: Others) {
    self.writer = writer
    written = writer.written
    self.callbacks = callbacks
    self.others = others
    durableLSN = Atomic(writer.point.lsn)
    confirmNanoseconds = UInt64(writer.options.confirmMilliseconds) * 1_000_000
  }

  func start() throws(EventLogError) {
    precondition(thread == nil, "a thread is started once")
    thread = try WorkerThread("log-sync") { [self] in run() }
  }

  // MARK: The engine's thread

  /// The frame to append to until `endTurn`.
  func beginTurn() -> FrameBuffer {
    monitor.withLock {
      assert(!isMidTurn && !isStopping, "one turn at a time, and none after the end")
      isMidTurn = true
      return filling
    }
  }

  /// In mid-turn: the filling frame is full; the next one, with room for `length`.
  func exchangeFull(length: Int) -> FrameBuffer {
    monitor.withLock {
      assert(isMidTurn, "only a turn fills frames")
      if !filling.isEmpty { waiting.append(filling) }
      let target = max(length, Limits.frameTargetBytes)
      assert(pool.allSatisfy(\.isEmpty), "what waits for use is empty")
      filling =
        target > Limits.frameTargetBytes
        ? FrameBuffer(payload: target) : pool.popLast() ?? FrameBuffer()
      monitor.signal()
      return filling
    }
  }

  func endTurn() {
    let isHeld = monitor.withLock {
      isMidTurn = false
      return isHolding && filling.payloadBytes < Limits.heldBytes
    }
    // After unlocking: the woken thread must not run into the lock.
    if !isHeld { monitor.signal() }
  }

  /// Takes the segments up to this one out of the manifest.
  func drop(through id: UInt64) {
    monitor.withLock {
      assert((dropping ?? 0) <= id, "what is dropped only grows")
      dropping = id
      monitor.signal()
    }
  }

  /// Writes what was appended, then ends the sync thread. The writer is the caller's afterwards.
  func finish() throws(EventLogError) -> SegmentWriter {
    stop(abandoning: false)
    if let failure = monitor.withLock({ self.failure }) { throw failure }
    return writer
  }

  /// Ends the sync thread as it stands, like a crash would.
  func abandon() {
    stop(abandoning: true)
    writer.file.closeQuietly()
  }

  private func stop(abandoning: Bool) {
    monitor.withLock {
      isMidTurn = false
      isStopping = true
      isAbandoned = abandoning
      monitor.signal()
    }
    thread?.join()
    thread = nil
  }

  // MARK: Any thread

  var currentFailure: EventLogError? { monitor.withLock { failure } }

  /// As they are now.
  var syncTimes: SyncTimes {
    let begun = begunAt.load(ordering: .relaxed)
    return times.withLock { times in
      begun == 0 ? times : times.waiting(Self.seconds(since: begun))
    }
  }

  private static func seconds(since begun: UInt64) -> Double {
    Double(monotonicNanoseconds() - begun) / 1e9
  }

  /// Poisons the log: from here on nothing becomes durable. The sync thread says so, so that
  /// nothing is said to be durable after the failure was.
  func fail(_ error: EventLogError) {
    monitor.withLock {
      if failure == nil { failure = error }
      monitor.signal()
    }
  }

  // MARK: The sync thread

  private enum Work {
    case frame(FrameBuffer)
    case confirm
    case drop(UInt64)
    case stop
  }

  private func run() {
    do throws(EventLogError) {
      try commitFrames()
    } catch {
      fail(error)
    }
    let (failure, isAbandoned) = monitor.withLock { (self.failure, self.isAbandoned) }
    guard let failure, !isAbandoned else { return }
    others.onAdvance(durableLSN.load(ordering: .acquiring), failure)
    callbacks.onFailure(failure)
  }

  private func commitFrames() throws(EventLogError) {
    var unconfirmedSince: UInt64?
    while true {
      switch nextWork(unconfirmedSince) {
      case .frame(let buffer):
        unconfirmedSince = try write(buffer)
        handOverSealed()
        guard announce(buffer, writer.acknowledgedLSN) else { return }
      case .confirm:
        try writer.writeEmpty(.confirm)
        handOverSealed()
        unconfirmedSince = nil
      case .drop(let id):
        try drop(id)
      case .stop:
        return
      }
    }
  }

  private func handOverSealed() {
    for segment in writer.takeSealed() { others.onSealed(segment) }
  }

  /// When it was durable.
  private func write(_ buffer: FrameBuffer) throws(EventLogError) -> UInt64 {
    let begun = monotonicNanoseconds()
    begunAt.store(begun, ordering: .relaxed)
    defer { begunAt.store(0, ordering: .relaxed) }
    try writer.write(buffer)
    let end = monotonicNanoseconds()
    times.withLock { $0.add(Double(end - begun) / 1e9) }
    return end
  }

  private func drop(_ id: UInt64) throws(EventLogError) {
    do throws(EventLogError) {
      others.onDropped(id, try writer.drop(through: id))
    } catch {
      guard SystemError(error.systemError).isLackOfSpace else { throw error }
      others.onDropped(id, nil)
    }
  }

  private func nextWork(_ unconfirmedSince: UInt64?) -> Work {
    monitor.withLock {
      while true {
        if failure != nil || isAbandoned { return .stop }
        if let id = dropping, !isStopping {
          dropping = nil
          return .drop(id)
        }
        if !waiting.isEmpty { return .frame(waiting.removeFirst()) }
        if !isMidTurn, !filling.isEmpty {
          if hold() { continue }
          let full = filling
          filling = pool.popLast() ?? FrameBuffer()
          return .frame(full)
        }
        if isStopping { return .stop }
        guard let since = unconfirmedSince else {
          monitor.wait()
          continue
        }
        let deadline = since + confirmNanoseconds
        if monotonicNanoseconds() >= deadline { return .confirm }
        monitor.wait(until: deadline)
      }
    }
  }

  /// Under load a frame waits for some more records: a sync, and all that follows it, costs the
  /// same for one as for a hundred. Without load nothing is held. True when it has waited.
  private func hold() -> Bool {
    let now = monotonicNanoseconds()
    if now < heldUntil, filling.payloadBytes < Limits.heldBytes, !isStopping {
      isHolding = true
      monitor.wait(until: heldUntil)
      isHolding = false
      return true
    }
    heldUntil = filling.recordCount >= Limits.heldRecords ? now + Limits.heldNanoseconds : 0
    return false
  }

  /// The frame is durable: says so and takes its buffer back. False when the log was poisoned
  /// meanwhile: then nothing may be said.
  private func announce(_ buffer: FrameBuffer, _ last: LSN) -> Bool {
    let bytes = buffer.payloadBytes
    let isHealthy = monitor.withLock { () -> Bool in
      guard failure == nil else { return false }
      buffer.removeAll()
      if buffer.isStandard, pool.count < Limits.pooledBuffers { pool.append(buffer) }
      return true
    }
    guard isHealthy else { return false }
    assert(last >= durableLSN.load(ordering: .relaxed), "what is durable stays so")
    durableLSN.store(last, ordering: .releasing)
    durableBytes.add(bytes, ordering: .relaxed)
    others.onAdvance(last, nil)
    callbacks.onDurable(last)
    return true
  }
}
