import Synchronization

@testable import EventLog

/// Appends to a store as fast as its disk takes it, on a thread of its own, until it is stopped.
final class BackgroundWriter: @unchecked Sendable {
  // Sendable because the thread alone touches log and model until `stop` has joined it.
  let owner = Owner()
  private let log: EventLog
  private(set) var model: Model
  private let isStopping = Atomic<Bool>(false)
  private var thread: WorkerThread?

  init(_ store: ToolStore) throws {
    log = try EventLog.open(store.options, callbacks: owner.callbacks)
    model = store.model
    thread = try WorkerThread("test-writer") { [self] in run() }
  }

  private func run() {
    var random = SeededRandom(99)
    while !isStopping.load(ordering: .relaxed) {
      for _ in 0..<8 { log.append(model.makeRecord(&random, hash: { log.hash(of: $0) })) }
      log.endTurn()
      _ = owner.waitDurable(log.nextLSN - 1)
    }
  }

  /// Closes the log; the last LSN.
  @discardableResult
  func stop() -> UInt64 {
    guard let thread else { return log.nextLSN - 1 }
    isStopping.store(true, ordering: .relaxed)
    thread.join()
    self.thread = nil
    try? log.close()
    return log.nextLSN - 1
  }
}
