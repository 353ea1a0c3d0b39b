/// Reads one piece of a file at a time on a thread of its own, which begins with the first piece.
final class ReadAhead: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held.
  private enum State {
    case idle
    case reading
    case done(Result<Int, EventLogError>)
    case stopped
  }

  private struct Piece {
    let file: DiskFile
    let offset: Int64
    let memory: UnsafeMutableRawBufferPointer
  }

  private let monitor = Monitor()
  private var state = State.idle
  /// Asked for, and not yet taken up by the thread.
  private var piece: Piece?
  private var thread: WorkerThread?

  /// Begins to read into `memory`, which is the thread's until `result` or `cancel`. Nothing may
  /// be under way. False when there is no thread to be had: the caller reads by itself.
  func begin(
    _ file: DiskFile, at offset: Int64, into memory: UnsafeMutableRawBufferPointer
  ) -> Bool {
    if thread == nil { thread = try? WorkerThread("log-ahead") { [self] in run() } }
    guard thread != nil else { return false }
    monitor.withLock {
      piece = Piece(file: file, offset: offset, memory: memory)
      state = .reading
      monitor.signal()
    }
    return true
  }

  /// Waits for what was begun: how much was read.
  func result() throws(EventLogError) -> Int {
    let result = monitor.withLock { () -> Result<Int, EventLogError> in
      finishRead()
      defer { state = .idle }
      guard case .done(let result) = state else { return .success(0) }
      return result
    }
    return try result.get()
  }

  /// Waits for what was begun, if anything, and forgets it.
  func cancel() {
    monitor.withLock {
      finishRead()
      state = .idle
    }
  }

  /// Ends the thread; the last call.
  func stop() {
    monitor.withLock {
      finishRead()
      state = .stopped
      monitor.signal()
    }
    thread?.join()
    thread = nil
  }

  private func finishRead() {
    while case .reading = state { monitor.wait() }
  }

  private func run() {
    while let piece = next() {
      let result: Result<Int, EventLogError>
      do throws(EventLogError) {
        result = .success(try piece.file.read(into: piece.memory, at: piece.offset))
      } catch {
        result = .failure(error)
      }
      monitor.withLock {
        state = .done(result)
        monitor.signal()
      }
    }
  }

  private func next() -> Piece? {
    monitor.withLock {
      while piece == nil {
        if case .stopped = state { return nil }
        monitor.wait()
      }
      defer { piece = nil }
      return piece
    }
  }
}
