internal import LogSequence
internal import Synchronization

/// The thread that reads records back: requests in order, answers in batches. A request for a
/// record that is not durable yet waits until it is, and those behind it wait too, so answers keep
/// the requests' order.
final class ReaderThread: @unchecked Sendable {
  // Sendable because the variables are only touched with the monitor's lock held, but `fetcher`,
  // which belongs to the thread.
  private let monitor = Monitor()
  private var queue: [ResolvedRequest] = []
  private var durableLSN: LSN
  private var failure: EventLogError?
  private var isStopping = false
  /// Segments up to this one are gone, and files of them may be open.
  private var goneThrough: UInt64?
  private var thread: WorkerThread?
  private let fetcher: RecordFetcher
  private let onRead: @Sendable ([ReadAnswer]) -> Void
  private let tables: Tables

  /// The tables there are now, and a repair of a damaged one, which is waited for: false when it
  /// was not tried.
  struct Tables: Sendable {
    var current: @Sendable () -> TableSet
    var repair: @Sendable (String) -> Bool
  }

  private static let answersPerBatch = 256

  /// A request whose id was looked up: the LSNs of the records that may be its event's newest.
  struct ResolvedRequest {
    let request: ReadRequest
    /// Newest first.
    let candidates: [LSN]
    /// For what memory does not know.
    var hash = EventHash(high: 0, low: 0)
    var tables: TableSet?

    /// The answer must wait until this is durable.
    var needs: LSN { candidates.max() ?? 0 }
  }

  init(
    _ fetcher: RecordFetcher, durableLSN: LSN,
    onRead: @escaping @Sendable ([ReadAnswer]) -> Void, tables: Tables
  ) {
    self.tables = tables
    self.fetcher = fetcher
    self.durableLSN = durableLSN
    self.onRead = onRead
  }

  func start() throws(EventLogError) {
    precondition(thread == nil, "a thread is started once")
    thread = try WorkerThread("log-read") { [self] in run() }
  }

  func add(_ requests: [ResolvedRequest]) {
    monitor.withLock {
      queue += requests
      monitor.signal()
    }
  }

  /// Records up to `lsn` are durable; with a failure no more will be.
  func advance(to lsn: LSN, failure: EventLogError?) {
    monitor.withLock {
      assert(lsn >= durableLSN, "what is durable stays so")
      durableLSN = lsn
      if let failure { self.failure = failure }
      if !queue.isEmpty { monitor.signal() }
    }
  }

  /// The segments up to this one are gone: what is open of them is closed, after the answers that
  /// are under way.
  func forget(through id: UInt64) {
    monitor.withLock {
      assert((goneThrough ?? 0) <= id, "what is gone only grows")
      goneThrough = id
      monitor.signal()
    }
  }

  /// Answers what can be answered, fails the rest, ends the thread.
  func stop() {
    monitor.withLock {
      isStopping = true
      monitor.signal()
    }
    thread?.join()
    thread = nil
  }

  private func run() {
    var answers: [ReadAnswer] = []
    while let (batch, durable, failure, gone) = nextBatch() {
      if let gone { fetcher.forget(through: gone) }
      for resolved in batch {
        answers.append(
          ReadAnswer(
            token: resolved.request.token, outcome: outcome(resolved, durable, failure)))
        if answers.count >= Self.answersPerBatch {
          onRead(answers)
          answers.removeAll(keepingCapacity: true)
        }
      }
      if !answers.isEmpty { onRead(answers) }
      answers.removeAll(keepingCapacity: true)
    }
  }

  /// The requests at the head that can be answered, and which segments are gone; nil at the end.
  private func nextBatch() -> ([ResolvedRequest], LSN, EventLogError?, gone: UInt64?)? {
    monitor.withLock {
      defer { goneThrough = nil }
      while true {
        let giveUp = failure ?? (isStopping ? EventLogError(.closed, "the log was closed") : nil)
        let end =
          giveUp != nil
          ? queue.count : queue.firstIndex { $0.needs > durableLSN } ?? queue.count
        if end > 0 || goneThrough != nil {
          let batch = Array(queue[..<end])
          queue.removeFirst(end)
          return (batch, durableLSN, giveUp, goneThrough)
        }
        if isStopping { return nil }
        monitor.wait()
      }
    }
  }

  private func outcome(
    _ resolved: ResolvedRequest, _ durable: LSN, _ failure: EventLogError?
  ) -> ReadAnswer.Outcome {
    if let failure, resolved.needs > durable { return .failed(failure) }
    var block: [UInt8] = []
    do throws(EventLogError) {
      switch resolved.request.target {
      case .record(let lsn):
        guard try fetcher.fetch(lsn, into: &block) else { return .absent }
        return .records(RecordBlock(block, count: 1))
      case .newest(let id):
        guard try newest(id, resolved, into: &block) else { return .absent }
        return .records(RecordBlock(block, count: 1))
      case .history(let id):
        return try history(id, resolved)
      case .range(let first, let limit):
        let count = try fetcher.fetch(
          from: max(1, first), through: durable, limit: limit, into: &block)
        return .records(RecordBlock(block, count: count))
      }
    } catch {
      return .failed(error)
    }
  }

  /// The newest record whose id is `id`: one of those that memory names, else one in a table.
  private func newest(
    _ id: [UInt8], _ resolved: ResolvedRequest, into block: inout [UInt8]
  ) throws(EventLogError) -> Bool {
    for lsn in resolved.candidates {
      if try fetch(lsn, of: id, into: &block) { return true }
    }
    for table in resolved.tables?.suspects(resolved.hash) ?? [] {
      guard let lsn = try newest(resolved.hash, in: table) else { continue }
      if try fetch(lsn, of: id, into: &block) { return true }
    }
    return false
  }

  private func fetch(
    _ lsn: LSN, of id: [UInt8], into block: inout [UInt8]
  ) throws(EventLogError) -> Bool {
    block.removeAll(keepingCapacity: true)
    return try fetcher.fetch(lsn, into: &block) && block.idOfRecord(equals: id)
  }

  /// A damaged table is made again before anything else is read: once, whoever asks it. Where that
  /// cannot be, the segments it was made from stand in for it.
  private func newest(
    _ hash: EventHash, in table: Table
  ) throws(EventLogError) -> LSN? {
    do throws(EventLogError) {
      return try table.find(hash)?.value.lsn
    } catch {
      guard error.code == .derivedDamaged else { throw error }
      if let repaired = replacement(of: table), let found = try? newest(hash, in: repaired) {
        return found > 0 ? found : nil
      }
      return try fetcher.newest(hash, from: table.range.firstLSN, through: table.range.end.lsn)
    }
  }

  /// Tables without the damaged one.
  private func replacement(of table: Table) -> TableSet? {
    var set = tables.current()
    if set.tables.contains(where: { $0 === table }) {
      guard tables.repair(table.file.path) else { return nil }
      set = tables.current()
    }
    return set.tables.contains { $0 === table } ? nil : set
  }

  /// By all tables; 0 for none.
  private func newest(_ hash: EventHash, in set: TableSet) throws(EventLogError) -> LSN {
    for table in set.suspects(hash) {
      if let entry = try table.find(hash) { return entry.value.lsn }
    }
    return 0
  }

  private func history(
    _ id: [UInt8], _ resolved: ResolvedRequest
  ) throws(EventLogError) -> ReadAnswer.Outcome {
    var record: [UInt8] = []
    guard try newest(id, resolved, into: &record) else { return .absent }
    var records = [record]
    while true {
      let current = record.lsn(at: 8)
      let previous = record.lsn(at: 56)
      if previous == 0 { break }
      record.removeAll(keepingCapacity: true)
      guard
        previous < current, try fetcher.fetch(previous, into: &record)
      else { break }
      records.append(record)
    }
    return .records(RecordBlock(Array(records.reversed().joined()), count: records.count))
  }
}

extension [UInt8] {
  /// For the bytes of one record.
  func idOfRecord(equals id: [UInt8]) -> Bool {
    withBytes { bytes in
      guard
        let start = bytes.baseAddress,
        let view = RecordCodec.decode(start, available: bytes.count)
      else { return false }
      return view.id.elementsEqual(id)
    }
  }
}
